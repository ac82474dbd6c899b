// SPDX-License-Identifier: Apache-2.0
// A few characters of a value from outside, fit to stand in a message to a person. Pure.
#pragma once

#include <string>
#include <string_view>

namespace foz::mapping {

/// At most 40 bytes of `text`, cut between characters and then followed by "...". Control
/// characters, and bytes that are not UTF-8 where the cut falls, become "?".
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace foz::mapping
