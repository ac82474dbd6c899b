// SPDX-License-Identifier: Apache-2.0
// A TOML document as a tree that knows its lines and keeps the order of the file. What stands
// between toml++, which only document.cpp knows, and the rest of config/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/key.h"

namespace foz::config {

struct Node;
struct Entry;
using NodeList = std::vector<Node>;
using NodeTable = std::vector<Entry>;  // in the order of the file
struct DateOrTime {};                  // which no key of foz takes

struct Node {
    std::uint32_t line = 0;
    std::variant<DateOrTime, Scalar, NodeList, NodeTable> value;

    [[nodiscard]] const Scalar* scalar() const { return std::get_if<Scalar>(&value); }
    [[nodiscard]] const std::string* text() const {
        return scalar() != nullptr ? std::get_if<std::string>(scalar()) : nullptr;
    }
    [[nodiscard]] const NodeList* list() const { return std::get_if<NodeList>(&value); }
    [[nodiscard]] const NodeTable* table() const { return std::get_if<NodeTable>(&value); }
};

struct Entry {
    std::string key;
    std::uint32_t line = 0;
    Node node;
};

/// The node of `key` in `table`; null when it is not there.
[[nodiscard]] const Node* find(const NodeTable& table, std::string_view key);

/// `name` stands in the error, which is one line: `foz.toml:3: expected a value`.
[[nodiscard]] Result<NodeTable> parse_document(std::string_view toml, std::string_view name);

}  // namespace foz::config
