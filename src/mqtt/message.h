// SPDX-License-Identifier: Apache-2.0
// An application message on its way through foz, and the records that the broker and the source
// write to the journal. docs/journal_format.md specifies the bytes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"

namespace foz::mqtt {

/// The kinds of journal record. The numbers are on disk: never change one.
enum class RecordKind : std::uint8_t {
    message = 1,          // a PUBLISH; the only kind that sinks read
    release = 2,          // a PUBREL: the packet id of a QoS 2 message may be used again
    session_started = 3,  // a session that outlives its connection was made or taken up again
    session_ended = 4,    // it was discarded: by a clean start, by its expiry
    // Of subscription_record.h:
    subscribed = 5,
    unsubscribed = 6,
    delivered = 7,
    assigned = 8,
};

/// What the publisher is called in the records of a message that came from another broker, which
/// does not tell who published it: "$source/NAME", "$bridge/NAME". No client of foz's own broker
/// may call itself so (is_reserved_client_id): its session would be mixed up with the source's.
inline constexpr std::string_view kSourceClientId = "$source/";
inline constexpr std::string_view kBridgeClientId = "$bridge/";

[[nodiscard]] inline bool is_reserved_client_id(std::string_view client_id) {
    return client_id.starts_with(kSourceClientId) || client_id.starts_with(kBridgeClientId);
}

/// Views into the buffer it was decoded from.
struct Message {
    std::string_view topic;      // a valid topic name [MQTT-4.7]
    std::string_view payload;    // any bytes, up to 256 MiB
    std::string_view client_id;  // of the publisher
    SystemTime received;
    std::uint8_t qos = 0;  // 0, 1 or 2, as published
    bool retain = false;
    std::uint16_t packet_id = 0;  // for QoS 2, to recognise it when it is sent again; otherwise 0
    /// The PUBLISH properties that belong to the message (content type, expiry, user properties,
    /// ...), in the encoding of [MQTT-2.2.2] without the length; empty for MQTT 3. No topic alias
    /// among them.
    std::string_view properties;
    /// Of the publisher: its user name, or the CN of its certificate. Empty: it has none, or came
    /// from another broker, which does not tell.
    // Initialized, because GCC warns of an aggregate that leaves it out otherwise.
    std::string_view user{};  // NOLINT(readability-redundant-member-init)
};

/// A record about a session: release (with packet_id), session_started (with expiry),
/// session_ended.
struct SessionRecord {
    std::string_view client_id;
    std::uint16_t packet_id = 0;
    std::uint32_t expiry_seconds = 0;  // 0xFFFFFFFF: never [MQTT-3.1.2.11.2]
};

/// Appends the bytes of a record of kind `message` to `to`.
void encode_message(const Message& message, std::string& to);
/// ErrorCode::corrupt when the bytes are not what encode_message writes.
[[nodiscard]] Result<Message> decode_message(ByteView bytes);

void encode_session_record(const SessionRecord& record, std::string& to);
[[nodiscard]] Result<SessionRecord> decode_session_record(ByteView bytes);

}  // namespace foz::mqtt
