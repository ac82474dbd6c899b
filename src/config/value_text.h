// SPDX-License-Identifier: Apache-2.0
// From a node of the document to a checked value, and from a value back to TOML. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/key.h"

namespace foz::config {

/// Nothing when the node is not what the key may be: see expectation().
[[nodiscard]] std::optional<Parsed> checked_value(const Node& node, const KeyFacts& facts);

/// What the key may be, for a person: `a whole number from 1 to 64`.
[[nodiscard]] std::string expectation(const KeyFacts& facts);

/// `value` as it stands in TOML for that key: `"64MiB"`.
[[nodiscard]] std::string toml_text(const Parsed& value, const KeyFacts& facts);

/// What stands in the file, shortened, for an error message: `"many"`, `an array`.
[[nodiscard]] std::string shown(const Node& node);

/// `text` as a TOML string, with its quotes.
[[nodiscard]] std::string toml_quoted(std::string_view text);

}  // namespace foz::config
