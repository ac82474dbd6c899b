// SPDX-License-Identifier: Apache-2.0
// Words and numbers that stand in a payload where JSON has a value, and are none: what devices send
// instead of null, true and numbers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foz::mapping {

/// What stands at byte `at` of `payload`, up to white space or the next sign of JSON; at least one
/// byte, unless that is the end.
[[nodiscard]] std::string_view json_token_at(std::string_view payload, std::size_t at);

/// Why `token` is no number, true, false or null, and what to send; nothing if it is one.
[[nodiscard]] std::optional<std::string> explain_json_token(std::string_view token);

}  // namespace foz::mapping
