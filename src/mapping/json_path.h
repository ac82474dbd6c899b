// SPDX-License-Identifier: Apache-2.0
// Where in a JSON value a field is: keys of members and numbers of elements. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "config/settings.h"
#include "mapping/json_document.h"

namespace foz::mapping {

inline constexpr std::uint32_t kNotFound = std::numeric_limits<std::uint32_t>::max();

/// "a.b[0]", for messages.
[[nodiscard]] std::string path_text(std::span<const config::PathStep> path);

/// The value at `path` from value `from` of `document`, or kNotFound. Of members with the same key
/// the last one counts.
[[nodiscard]] std::uint32_t value_at(
        const JsonDocument& document, std::uint32_t from, std::span<const config::PathStep> path);

/// For a field that is not at `path`: `the payload has "temperature", not "Temperature"`, with the
/// first step that differs in case or by a letter or two; or "".
[[nodiscard]] std::string similar_field(
        const JsonDocument& document, std::uint32_t from, std::span<const config::PathStep> path);

}  // namespace foz::mapping
