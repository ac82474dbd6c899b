// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <algorithm>

#include <toml++/toml.h>

namespace foz::config {
namespace {

NodeTable table_from(const toml::table& table);

std::uint32_t line_of(const toml::source_region& region) {
    return static_cast<std::uint32_t>(region.begin.line);
}

Node node_from(const toml::node& node) {
    Node made;
    made.line = line_of(node.source());
    if (const auto* table = node.as_table()) {
        made.value = table_from(*table);
    } else if (const auto* array = node.as_array()) {
        NodeList list;
        for (const toml::node& element : *array) {
            list.push_back(node_from(element));
        }
        made.value = std::move(list);
    } else if (const auto* text = node.as_string()) {
        made.value = Scalar(text->get());
    } else if (const auto* integer = node.as_integer()) {
        made.value = Scalar(integer->get());
    } else if (const auto* real = node.as_floating_point()) {
        made.value = Scalar(real->get());
    } else if (const auto* boolean = node.as_boolean()) {
        made.value = Scalar(boolean->get());
    }
    return made;
}

// toml++ keeps a table sorted by key: the order of the file is in the source positions.
NodeTable table_from(const toml::table& table) {
    struct Found {
        toml::source_position position;
        const toml::key* key;
        const toml::node* node;
    };
    std::vector<Found> in_order;
    for (const auto& [key, node] : table) {
        in_order.push_back({key.source().begin, &key, &node});
    }
    std::ranges::stable_sort(
            in_order, [](const Found& a, const Found& b) { return a.position < b.position; });
    NodeTable made;
    for (const Found& found : in_order) {
        made.push_back({
            std::string(found.key->str()),
            static_cast<std::uint32_t>(found.position.line),
            node_from(*found.node),
        });
    }
    return made;
}

}  // namespace

const Node* find(const NodeTable& table, std::string_view key) {
    const auto entry = std::ranges::find(table, key, &Entry::key);
    return entry == table.end() ? nullptr : &entry->node;
}

Result<NodeTable> parse_document(std::string_view toml, std::string_view name) {
    try {
        return table_from(toml::parse(toml, name));
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::invalid, "{}:{}: {}", name, error.source().begin.line,
                error.description());
    }
}

}  // namespace foz::config
