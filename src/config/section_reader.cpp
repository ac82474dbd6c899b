// SPDX-License-Identifier: Apache-2.0
#include "config/section_reader.h"

#include "config/spelling.h"

namespace foz::config {
namespace {

bool is_usable_name(std::string_view name) {
    constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    constexpr std::size_t kNameBytesMax = 64;
    return !name.empty() && name.size() <= kNameBytesMax &&
           name.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

std::vector<NamedTable> SectionReader::named_sections(
        const NodeTable& document, std::string_view kind) {
    const Node* sections = find(document, kind);
    if (sections == nullptr) {
        return {};
    }
    if (sections->table() == nullptr) {
        errors_.add(
                sections->line, "\"{}\" must be a section with a name, as [{}.main]", kind, kind);
        return {};
    }
    std::vector<NamedTable> found;
    for (const Entry& entry : *sections->table()) {
        if (entry.node.table() == nullptr) {
            errors_.add(entry.line,
                    "\"{}\" stands in [{}] without a name; a {} has one, as [{}.main]", entry.key,
                    kind, kind, kind);
            continue;
        }
        if (!is_usable_name(entry.key)) {
            errors_.add(entry.line, "the name {} of a {} must be 1 to 64 letters, digits, _ or -",
                    toml_quoted(entry.key), kind);
        }
        Where where{
            fmt::format("{}.{}", kind, entry.key),
            fmt::format("[{}.{}]", kind, entry.key),
            entry.line,
        };
        found.push_back({entry.key, std::move(where), entry.node.table()});
    }
    return found;
}

void SectionReader::require_key(const NodeTable& table, const Where& where, const KeyFacts& key) {
    if (key.required && find(table, key.name) == nullptr) {
        errors_.add(where.line, "{} needs \"{}\", such as {} = {}", where.shown, key.name, key.name,
                key.example);
    }
}

void SectionReader::report_unknown(const Entry& entry, const Where& where, const Names& known) {
    errors_.add(entry.line, "unknown key \"{}\" in {}; {}", entry.key, where.shown,
            hint_for(entry.key, known));
}

void SectionReader::report_value(
        const Entry& entry, const Where& where, const KeyFacts& key, const std::string& example) {
    const bool listed = key.kind == KeyKind::choice || key.kind == KeyKind::boolean;
    errors_.add(entry.line, "\"{}\" in {} must be {}{}; it is {}", entry.key, where.shown,
            expectation(key), listed || example.empty() ? "" : ", such as " + example,
            shown(entry.node));
}

void SectionReader::report_no_section(const Node& node, std::string_view name) {
    errors_.add(node.line, "\"{}\" must be a section, [{}]; it is {}", name, name, shown(node));
}

void SectionReader::report_no_table(const Node& node, const Where& where, std::string_view name) {
    errors_.add(node.line,
            "\"{}\" in {} must be a table, such as {} = {{ ca = \"ca.crt\" }}; it is {}", name,
            where.shown, name, shown(node));
}

}  // namespace foz::config
