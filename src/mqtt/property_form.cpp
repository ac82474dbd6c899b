// SPDX-License-Identifier: Apache-2.0
#include "mqtt/property_form.h"

#include <array>
#include <initializer_list>

namespace foz::mqtt {
namespace {

using enum PropertyOwner;

constexpr std::uint16_t owners(std::initializer_list<PropertyOwner> list) {
    unsigned mask = 0;
    for (const PropertyOwner owner : list) {
        mask |= 1U << static_cast<unsigned>(owner);
    }
    return static_cast<std::uint16_t>(mask);
}

constexpr std::uint16_t kMessage = owners({publish, will});
constexpr std::uint16_t kAnswers =
        owners({connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth});
constexpr std::uint16_t kAll = kMessage | kAnswers | owners({connect, subscribe, unsubscribe});
constexpr std::uint16_t kAuthentication = owners({connect, connack, auth});
constexpr std::uint16_t kConnecting = owners({connect, connack});

constexpr PropertyForm boolean(std::uint16_t owners) {
    return {.type = PropertyType::byte, .owners = owners, .maximum = 1};
}

constexpr std::size_t kIds = 0x2B;

constexpr std::array<PropertyForm, kIds> make_forms() {
    using enum PropertyType;
    std::array<PropertyForm, kIds> forms{};
    const auto of = [&](PropertyId id) -> PropertyForm& {
        return forms[static_cast<std::size_t>(id)];
    };
    of(PropertyId::payload_format_indicator) = boolean(kMessage);
    of(PropertyId::message_expiry_interval) = {.type = four_bytes, .owners = kMessage};
    of(PropertyId::content_type) = {.type = text, .owners = kMessage};
    of(PropertyId::response_topic) = {.type = text, .owners = kMessage};
    of(PropertyId::correlation_data) = {.type = binary, .owners = kMessage};
    of(PropertyId::subscription_identifier) = {
        .type = variable, .owners = owners({publish, subscribe}), .minimum = 1};
    of(PropertyId::session_expiry_interval) = {
        .type = four_bytes, .owners = owners({connect, connack, disconnect})};
    of(PropertyId::assigned_client_identifier) = {.type = text, .owners = owners({connack})};
    of(PropertyId::server_keep_alive) = {.type = two_bytes, .owners = owners({connack})};
    of(PropertyId::authentication_method) = {.type = text, .owners = kAuthentication};
    of(PropertyId::authentication_data) = {.type = binary, .owners = kAuthentication};
    of(PropertyId::request_problem_information) = boolean(owners({connect}));
    of(PropertyId::will_delay_interval) = {.type = four_bytes, .owners = owners({will})};
    of(PropertyId::request_response_information) = boolean(owners({connect}));
    of(PropertyId::response_information) = {.type = text, .owners = owners({connack})};
    of(PropertyId::server_reference) = {.type = text, .owners = owners({connack, disconnect})};
    of(PropertyId::reason_string) = {.type = text, .owners = kAnswers};
    of(PropertyId::receive_maximum) = {.type = two_bytes, .owners = kConnecting, .minimum = 1};
    of(PropertyId::topic_alias_maximum) = {.type = two_bytes, .owners = kConnecting};
    of(PropertyId::topic_alias) = {.type = two_bytes, .owners = owners({publish})};
    of(PropertyId::maximum_qos) = boolean(owners({connack}));
    of(PropertyId::retain_available) = boolean(owners({connack}));
    of(PropertyId::user_property) = {.type = pair, .owners = kAll};
    of(PropertyId::maximum_packet_size) = {.type = four_bytes, .owners = kConnecting, .minimum = 1};
    of(PropertyId::wildcard_subscription_available) = boolean(owners({connack}));
    of(PropertyId::subscription_identifier_available) = boolean(owners({connack}));
    of(PropertyId::shared_subscription_available) = boolean(owners({connack}));
    return forms;
}

constexpr std::array<PropertyForm, kIds> kForms = make_forms();
constexpr PropertyForm kUndefined{};

}  // namespace

const PropertyForm& property_form(std::uint8_t id) {
    return id < kForms.size() ? kForms[id] : kUndefined;
}

Property read_property(WireReader& reader) {
    const std::uint8_t id = reader.u8();
    const PropertyType type = property_form(id).type;
    if (type == PropertyType::none) {
        reader.fail(
                ReasonCode::malformed_packet, "[MQTT5 2.2.2.2] no property has that identifier");
        return {};
    }
    Property property;
    // The analyzer does not see that the table has defined identifiers only.
    property.id =
            static_cast<PropertyId>(id);  // NOLINT(clang-analyzer-optin.core.EnumCastOutOfRange)
    switch (type) {
        case PropertyType::byte: property.number = reader.u8(); break;
        case PropertyType::two_bytes: property.number = reader.u16(); break;
        case PropertyType::four_bytes: property.number = reader.u32(); break;
        case PropertyType::variable: property.number = reader.variable(); break;
        case PropertyType::text:
        case PropertyType::binary: property.text = reader.binary(); break;
        case PropertyType::pair:
            property.text = reader.binary();
            property.value = reader.binary();
            break;
        case PropertyType::none: break;
    }
    return property;
}

}  // namespace foz::mqtt
