// SPDX-License-Identifier: Apache-2.0
// The properties of MQTT 5 [MQTT5 2.2.2]. They stay in their encoded form, which is validated once:
// the packet's decoder has checked which ones are there, how often, and their values. Nothing is
// allocated. MQTT 3 packets have empty Properties.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/reason_code.h"

namespace foz::mqtt {

enum class PropertyId : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

/// One property, as for_each yields it. Views into the packet.
struct Property {
    PropertyId id{};
    std::uint32_t number = 0;  // bytes and integers of every width
    std::string_view text;     // text and binary data; of a user property the name
    std::string_view value;    // of a user property
};

/// A validated run of properties: a view into the packet (or the PropertyWriter) it came from.
class Properties {
  public:
    Properties() = default;

    /// `bytes` must have been validated before: those of another Properties, or of mqtt::Message.
    [[nodiscard]] static Properties from_validated(std::string_view bytes);

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    /// The encoding of [MQTT5 2.2.2] without the length in front.
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

    [[nodiscard]] bool has(PropertyId id) const {
        return ((present_ >> static_cast<unsigned>(id)) & 1U) != 0;
    }
    /// The first property of that id that is a number; nothing when it is absent.
    [[nodiscard]] std::optional<std::uint32_t> number(PropertyId id) const;
    /// The first property of that id that is text or binary data; nothing when it is absent.
    [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const;

    [[nodiscard]] std::uint32_t user_properties() const { return user_properties_; }

    /// Calls `visit(const Property&)` for each, in the packet's order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::string_view rest = bytes_; !rest.empty();) {
            visit(take_validated(rest));
        }
    }

    /// Appends the bytes of those that belong to the message, for mqtt::Message::properties: all
    /// but topic alias and subscription identifiers, which belong to one connection [MQTT-3.3.2-7],
    /// and a will's delay.
    void append_message_properties(std::string& to) const;

  private:
    friend class PropertyValidator;

    /// Takes the first property off `rest`.
    [[nodiscard]] static Property take_validated(std::string_view& rest);

    std::string_view bytes_;
    std::uint64_t present_ = 0;  // bit n: the property with id n is there
    std::uint32_t user_properties_ = 0;
};

/// Collects properties for a packet to be encoded. The caller keeps to the rules of which property
/// may be where; lengths over 65,535 bytes fail a FOZ_CHECK. Reusable after clear().
class PropertyWriter {
  public:
    /// The number is written in the width that the id has.
    PropertyWriter& add(PropertyId id, std::uint32_t number);
    PropertyWriter& add(PropertyId id, std::string_view text);
    PropertyWriter& add_user(std::string_view name, std::string_view value);
    void clear() { bytes_.clear(); }

    /// Valid until the next add, clear or the writer's end.
    [[nodiscard]] Properties properties() const { return Properties::from_validated(bytes_); }

  private:
    std::string bytes_;
};

/// Who sent a packet: some properties and reason codes are for one direction only.
enum class Sender : std::uint8_t { client, server };

/// Whose properties they are: the values are those of PacketType; the will has properties of its
/// own.
enum class PropertyOwner : std::uint8_t {
    will = 0,
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    disconnect = 14,
    auth = 15,
};

/// What a run of properties has to satisfy besides its own form.
struct PropertyRules {
    PropertyOwner owner = PropertyOwner::publish;
    Sender sender = Sender::client;
    std::uint32_t user_properties_max = 0xFFFFFFFF;
    std::uint32_t user_properties_bytes_max = 0xFFFFFFFF;  // names and values together
};

/// Validates `bytes` (without the length in front): known ids, allowed for the owner, none twice
/// that may not be, values in range, valid UTF-8.
[[nodiscard]] Decoded<Properties> validate_properties(
        std::string_view bytes, const PropertyRules& rules);

}  // namespace foz::mqtt
