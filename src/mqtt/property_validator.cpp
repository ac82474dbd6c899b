// SPDX-License-Identifier: Apache-2.0
#include "mqtt/properties.h"
#include "mqtt/property_form.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"
#include "mqtt/wire_reader.h"

namespace foz::mqtt {

/// Goes through the properties of one packet, and builds the Properties that describe them.
class PropertyValidator {
  public:
    PropertyValidator(std::string_view bytes, const PropertyRules& rules)
        : rules_(rules), reader_(bytes) {
        properties_.bytes_ = bytes;
    }

    Decoded<Properties> run() {
        while (reader_.more()) {
            const Property property = read_property(reader_);
            if (!reader_.ok()) break;
            check_place(property.id);
            check_repetition(property.id);
            check_value(property);
        }
        reader_.require(!properties_.has(PropertyId::authentication_data) ||
                                properties_.has(PropertyId::authentication_method),
                ReasonCode::protocol_error,
                "[MQTT5 3.1.2.11.10] authentication data without a method");
        return reader_.finish(properties_);
    }

  private:
    void check_place(PropertyId id) {
        const unsigned owners = property_form(static_cast<std::uint8_t>(id)).owners;
        reader_.require(((owners >> static_cast<unsigned>(rules_.owner)) & 1U) != 0,
                ReasonCode::malformed_packet,
                "[MQTT5 2.2.2.2] a property that this packet cannot have");
        const bool from_client = rules_.sender == Sender::client;
        if (rules_.owner == PropertyOwner::publish && id == PropertyId::subscription_identifier) {
            reader_.require(!from_client, ReasonCode::protocol_error,
                    "[MQTT-3.3.4-6] a client's PUBLISH has a subscription identifier");
        }
        if (rules_.owner == PropertyOwner::disconnect) {
            reader_.require(id != PropertyId::session_expiry_interval || from_client,
                    ReasonCode::protocol_error,
                    "[MQTT-3.14.2-2] a server's DISCONNECT has a session expiry interval");
            reader_.require(id != PropertyId::server_reference || !from_client,
                    ReasonCode::protocol_error,
                    "[MQTT5 3.14.2.2.5] a client's DISCONNECT has a server reference");
        }
    }

    /// User properties may be there any number of times, and so may subscription identifiers in a
    /// PUBLISH.
    void check_repetition(PropertyId id) {
        const bool repeatable =
                id == PropertyId::user_property || (id == PropertyId::subscription_identifier &&
                                                           rules_.owner == PropertyOwner::publish);
        reader_.require(repeatable || !properties_.has(id), ReasonCode::protocol_error,
                "[MQTT5 2.2.2] a property is there twice that may be there once");
        properties_.present_ |= std::uint64_t{1} << static_cast<unsigned>(id);
    }

    void check_value(const Property& property) {
        const PropertyForm& form = property_form(static_cast<std::uint8_t>(property.id));
        reader_.require(property.number >= form.minimum && property.number <= form.maximum,
                ReasonCode::protocol_error,
                "[MQTT5 2.2.2.2] the value of a property is out of its range");
        reader_.require(form.type == PropertyType::binary ||
                                (is_valid_text(property.text) && is_valid_text(property.value)),
                ReasonCode::malformed_packet,
                "[MQTT-1.5.4-1] the text of a property is not valid UTF-8");
        if (property.id == PropertyId::topic_alias) {
            reader_.require(property.number != 0, ReasonCode::topic_alias_invalid,
                    "[MQTT-3.3.2-8] the topic alias is 0");
        } else if (property.id == PropertyId::response_topic) {
            reader_.require(is_valid_topic_name(property.text), ReasonCode::protocol_error,
                    "[MQTT-3.3.2-14] the response topic is empty or has a wildcard");
        } else if (property.id == PropertyId::user_property) {
            count_user_property(property.text.size() + property.value.size());
        }
    }

    void count_user_property(std::size_t bytes) {
        ++properties_.user_properties_;
        user_property_bytes_ += bytes;
        reader_.require_within("user_properties", rules_.user_properties_max,
                properties_.user_properties_, ReasonCode::quota_exceeded,
                "the packet has more user properties than are allowed here");
        reader_.require_within("user_properties_bytes", rules_.user_properties_bytes_max,
                user_property_bytes_, ReasonCode::quota_exceeded,
                "the packet's user properties are larger than is allowed here");
    }

    PropertyRules rules_;
    WireReader reader_;
    Properties properties_;
    std::uint64_t user_property_bytes_ = 0;
};

Decoded<Properties> validate_properties(std::string_view bytes, const PropertyRules& rules) {
    return PropertyValidator(bytes, rules).run();
}

}  // namespace foz::mqtt
