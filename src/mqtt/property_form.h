// SPDX-License-Identifier: Apache-2.0
// The specification's table of properties [MQTT5 2.2.2.2], and reading one. Inside mqtt/ only.
#pragma once

#include <cstdint>

#include "mqtt/properties.h"
#include "mqtt/wire_reader.h"

namespace foz::mqtt {

enum class PropertyType : std::uint8_t {
    none,
    byte,
    two_bytes,
    four_bytes,
    variable,
    text,
    binary,
    pair
};

/// How a property is encoded and where it may be. `owners` has bit n for the PropertyOwner with
/// number n.
struct PropertyForm {
    PropertyType type = PropertyType::none;  // none: no property has that id
    std::uint16_t owners = 0;
    std::uint32_t minimum = 0;
    std::uint32_t maximum = 0xFFFFFFFF;
};

/// For any number; undefined ones get PropertyType::none.
[[nodiscard]] const PropertyForm& property_form(std::uint8_t id);

/// Reads a property's id and value in the form of its id; fails for an undefined id. Whether the
/// value is in its range, and a text UTF-8, is not looked at.
[[nodiscard]] Property read_property(WireReader& reader);

}  // namespace foz::mqtt
