// SPDX-License-Identifier: Apache-2.0
// Writes the packets that answer a client as it can take them: in its version, within its Maximum
// Packet Size [MQTT-3.1.2-24], with a reason in words where it may have one: without Request
// Problem Information only in CONNACK and DISCONNECT [MQTT-3.1.2-29], which are all that have one
// here. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mqtt/frame.h"
#include "mqtt/packet.h"

namespace foz::broker {

class AnswerWriter {
  public:
    AnswerWriter() = default;
    /// As CONNECT says.
    explicit AnswerWriter(const mqtt::Connect& connect);
    /// Of a CONNECT that is not one of a version that foz speaks.
    explicit AnswerWriter(mqtt::ProtocolVersion version) : version_(version) {}

    // Each appends a packet to `out`; `why` is left out where it is too long or not wanted. False:
    // the client takes not even the packet without it, and nothing was appended.

    /// `properties`: with what MQTT 5 is to be told, in place of `why`.
    [[nodiscard]] bool connack(
            bool session_present, const mqtt::PropertyWriter& properties, std::string& out) const;
    /// A CONNACK that refuses. False, too, when the version has no return code for `reason`
    /// [MQTT-3.1.4-1].
    [[nodiscard]] bool refusal(
            mqtt::ReasonCode reason, std::string_view why, std::string& out) const;
    [[nodiscard]] bool suback(const mqtt::Suback& answer, std::string& out) const;
    [[nodiscard]] bool unsuback(const mqtt::Unsuback& answer, std::string& out) const;
    /// MQTT 3 has none, and nothing is appended.
    [[nodiscard]] bool disconnect(
            mqtt::ReasonCode reason, std::string_view why, std::string& out) const;

    [[nodiscard]] mqtt::ProtocolVersion version() const { return version_; }
    /// The largest packet that the client takes.
    [[nodiscard]] std::uint32_t packet_bytes_max() const { return packet_bytes_max_; }

  private:
    template <class Append>
    [[nodiscard]] bool append_within(std::string_view why, std::string& out, Append append) const;

    mqtt::ProtocolVersion version_ = mqtt::ProtocolVersion::v5;  // until CONNECT says another
    std::uint32_t packet_bytes_max_ = mqtt::kPacketBytesMax;
};

}  // namespace foz::broker
