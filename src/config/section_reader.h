// SPDX-License-Identifier: Apache-2.0
// Fills a struct from a table of the document by its table of keys (sections.h), and reports every
// key that is unknown, missing or not what it may be. Lives while one file is parsed; one thread.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/error_list.h"
#include "config/key.h"
#include "config/value_text.h"

namespace foz::config {

using Names = std::vector<std::string_view>;

/// One section of a kind of which there are several: [listener.devices].
struct NamedTable {
    std::string name;
    Where where;
    const NodeTable* table = nullptr;  // in the document
};

class SectionReader {
  public:
    explicit SectionReader(ErrorList& errors) : errors_(errors) {}

    /// Fills `into` from the keys of `table`. `others` are keys that the caller reads.
    template <class S>
    void read_keys(const NodeTable& table, const Where& where, std::span<const Key<S>> keys,
            S& into, const Names& others = {});

    /// [name]: one section of that name. Where it stands.
    template <class S>
    Where read_section(const NodeTable& document, std::string_view name,
            std::span<const Key<S>> keys, S& into);

    /// [kind.NAME]: any number of sections, in the order of the file. Reports names that cannot be
    /// used and what is no section; the keys inside are the caller's to read.
    [[nodiscard]] std::vector<NamedTable> named_sections(
            const NodeTable& document, std::string_view kind);

    /// `name = { ... }` inside a section, or [section.name] below it: fills `into` if it stands
    /// there. `name` must be among the `others` of the section's read_keys. Where it stands: id
    /// "SECTION.name", shown as `tls of [listener.a]`.
    template <class S>
    Where read_table(const NodeTable& section, const Where& where, std::string_view name,
            std::span<const Key<S>> keys, std::optional<S>& into);

  private:
    template <class S>
    void read_key(const Entry& entry, const Where& where, const Key<S>& key, S& into);
    void require_key(const NodeTable& table, const Where& where, const KeyFacts& key);
    void report_unknown(const Entry& entry, const Where& where, const Names& known);
    void report_value(const Entry& entry, const Where& where, const KeyFacts& key,
            const std::string& example);
    void report_no_section(const Node& node, std::string_view name);
    void report_no_table(const Node& node, const Where& where, std::string_view name);

    ErrorList& errors_;
};

template <class S>
void SectionReader::read_keys(const NodeTable& table, const Where& where,
        std::span<const Key<S>> keys, S& into, const Names& others) {
    Names known;
    for (const Key<S>& key : keys) {
        known.push_back(key.facts.name);
    }
    known.insert(known.end(), others.begin(), others.end());
    for (const Entry& entry : table) {
        errors_.key_stands_in(where, entry.key, entry.line);
        const auto key = std::ranges::find(
                keys, entry.key, [](const Key<S>& candidate) { return candidate.facts.name; });
        if (key != keys.end()) {
            read_key(entry, where, *key, into);
        } else if (std::ranges::find(others, entry.key) == others.end()) {
            report_unknown(entry, where, known);
        }
    }
    for (const Key<S>& key : keys) {
        require_key(table, where, key.facts);
    }
}

template <class S>
void SectionReader::read_key(const Entry& entry, const Where& where, const Key<S>& key, S& into) {
    auto value = checked_value(entry.node, key.facts);
    if (value) {
        key.assign(into, std::move(*value), key.facts);
        return;
    }
    std::string example(key.facts.example);
    if (const auto usual = key.value_in(S(), key.facts); example.empty() && usual) {
        example = toml_text(*usual, key.facts);
    }
    report_value(entry, where, key.facts, example);
}

template <class S>
Where SectionReader::read_section(
        const NodeTable& document, std::string_view name, std::span<const Key<S>> keys, S& into) {
    Where where{std::string(name), fmt::format("[{}]", name)};
    const Node* node = find(document, name);
    if (node == nullptr) {
        return where;
    }
    where.line = node->line;
    if (node->table() == nullptr) {
        report_no_section(*node, name);
        return where;
    }
    read_keys(*node->table(), where, keys, into);
    return where;
}

template <class S>
Where SectionReader::read_table(const NodeTable& section, const Where& where, std::string_view name,
        std::span<const Key<S>> keys, std::optional<S>& into) {
    Where there{
        fmt::format("{}.{}", where.id, name),
        fmt::format("{} of {}", name, where.shown),
        errors_.line_of(where, name),
    };
    const Node* node = find(section, name);
    if (node == nullptr) {
        return there;
    }
    if (node->table() == nullptr) {
        report_no_table(*node, where, name);
        return there;
    }
    read_keys(*node->table(), there, keys, into.emplace());
    return there;
}

}  // namespace foz::config
