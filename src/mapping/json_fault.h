// SPDX-License-Identifier: Apache-2.0
// Where a payload is not JSON, and what its sender can do about it. Only for payloads that simdjson
// has refused: it says that, and little more. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foz::mapping {

/// How many values a payload may hold.
enum class JsonValues : std::uint8_t { one, several };

/// The first fault of `payload`, with the byte, counted from 0, and the member as far as its path
/// is known: `payload is not JSON: byte 9, in member "temp": nan is no JSON; send null`. Nothing if
/// there is none, or if it is nested deeper than kJsonDepthMax. One pass over any bytes.
[[nodiscard]] std::optional<std::string> explain_json_fault(
        std::string_view payload, JsonValues values);

}  // namespace foz::mapping
