// SPDX-License-Identifier: Apache-2.0
#include "mqtt/properties.h"

#include "base/bytes.h"
#include "base/check.h"
#include "mqtt/property_form.h"
#include "mqtt/wire_reader.h"
#include "mqtt/wire_writer.h"

namespace foz::mqtt {
namespace {

constexpr std::uint64_t bit(PropertyId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
}

bool is_number(PropertyId id) {
    switch (property_form(static_cast<std::uint8_t>(id)).type) {
        case PropertyType::byte:
        case PropertyType::two_bytes:
        case PropertyType::four_bytes:
        case PropertyType::variable: return true;
        default: return false;
    }
}

}  // namespace

Properties Properties::from_validated(std::string_view bytes) {
    Properties properties;
    properties.bytes_ = bytes;
    properties.for_each([&](const Property& property) {
        properties.present_ |= bit(property.id);
        properties.user_properties_ += property.id == PropertyId::user_property ? 1 : 0;
    });
    return properties;
}

Property Properties::take_validated(std::string_view& rest) {
    WireReader reader(rest);
    const Property property = read_property(reader);
    FOZ_CHECK(reader.ok());
    rest.remove_prefix(rest.size() - reader.left());
    return property;
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
    if (!has(id) || !is_number(id)) return std::nullopt;
    for (std::string_view rest = bytes_;;) {
        const Property property = take_validated(rest);
        if (property.id == id) return property.number;
    }
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
    if (!has(id) || is_number(id)) return std::nullopt;
    for (std::string_view rest = bytes_;;) {
        const Property property = take_validated(rest);
        if (property.id == id) return property.text;
    }
}

void Properties::append_message_properties(std::string& to) const {
    constexpr std::uint64_t kLeftOut = bit(PropertyId::topic_alias) |
                                       bit(PropertyId::subscription_identifier) |
                                       bit(PropertyId::will_delay_interval);
    if ((present_ & kLeftOut) == 0) {
        to.append(bytes_);
        return;
    }
    for (std::string_view rest = bytes_; !rest.empty();) {
        const std::string_view before = rest;
        const Property property = take_validated(rest);
        if ((bit(property.id) & kLeftOut) == 0) {
            to.append(before.substr(0, before.size() - rest.size()));
        }
    }
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::uint32_t number) {
    FOZ_CHECK(is_number(id));
    append_big(bytes_, static_cast<std::uint8_t>(id));
    switch (property_form(static_cast<std::uint8_t>(id)).type) {
        case PropertyType::byte: append_big(bytes_, static_cast<std::uint8_t>(number)); break;
        case PropertyType::two_bytes: append_big(bytes_, static_cast<std::uint16_t>(number)); break;
        case PropertyType::four_bytes: append_big(bytes_, number); break;
        case PropertyType::variable: append_variable(bytes_, number); break;
        default: break;
    }
    return *this;
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::string_view text) {
    FOZ_CHECK(!is_number(id));
    FOZ_CHECK(id != PropertyId::user_property);
    append_big(bytes_, static_cast<std::uint8_t>(id));
    append_text(bytes_, text);
    return *this;
}

PropertyWriter& PropertyWriter::add_user(std::string_view name, std::string_view value) {
    append_big(bytes_, static_cast<std::uint8_t>(PropertyId::user_property));
    append_text(bytes_, name);
    append_text(bytes_, value);
    return *this;
}

}  // namespace foz::mqtt
