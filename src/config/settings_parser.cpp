// SPDX-License-Identifier: Apache-2.0
#include "config/settings_parser.h"

#include <algorithm>

#include "base/file_system.h"
#include "config/document.h"
#include "config/error_list.h"
#include "config/sections.h"
#include "config/settings_check.h"
#include "config/spelling.h"
#include "config/value_text.h"

namespace foz::config {
namespace {

using Names = std::vector<std::string_view>;

// Keys and sections of design.md that this version does not have: not a slip of the finger.
constexpr std::string_view kLater[] = {"tls", "source", "bridge"};

class SettingsReader {
  public:
    explicit SettingsReader(std::string_view file) : errors_(file) {}

    [[nodiscard]] std::expected<Settings, SettingsErrors> read(const NodeTable& document);

  private:
    /// Fills `into` from the keys of `table`. `others` are keys that the caller reads.
    template <class S>
    void read_keys(
        const NodeTable& table,
        const Where& where,
        std::span<const Key<S>> keys,
        S& into,
        const Names& others = {}
    );
    template <class S>
    void read_key(const Entry& entry, const Where& where, const Key<S>& key, S& into);
    template <class S>
    void require_keys(const NodeTable& table, const Where& where, std::span<const Key<S>> keys);
    void report_unknown(const Entry& entry, const Where& where, const Names& known);

    /// [name]: one section of that name.
    template <class S>
    Where read_section(
        const NodeTable& document, std::string_view name, std::span<const Key<S>> keys, S& into
    );
    /// [kind.NAME]: any number of sections; returns where each stands.
    template <class S>
    std::vector<Where> read_named_sections(
        const NodeTable& document,
        std::string_view kind,
        std::span<const Key<S>> keys,
        std::vector<S>& into
    );
    void read_routes(const NodeTable& document);
    void read_route(const Node& node);
    void read_columns(const Node& node, const Where& route, std::vector<Column>& into);
    void fill_in_defaults();

    Settings settings_;
    SectionPlaces places_;
    ErrorList errors_;
};

template <class S>
void SettingsReader::read_keys(
    const NodeTable& table,
    const Where& where,
    std::span<const Key<S>> keys,
    S& into,
    const Names& others
) {
    Names known;
    for (const Key<S>& key : keys) {
        known.push_back(key.facts.name);
    }
    known.insert(known.end(), others.begin(), others.end());
    for (const Entry& entry : table) {
        errors_.key_stands_in(where, entry.key, entry.line);
        const auto key = std::ranges::find(keys, entry.key, [](const Key<S>& candidate) {
            return candidate.facts.name;
        });
        if (key != keys.end()) {
            read_key(entry, where, *key, into);
        } else if (std::ranges::find(others, entry.key) == others.end()) {
            report_unknown(entry, where, known);
        }
    }
    require_keys(table, where, keys);
}

template <class S>
void SettingsReader::read_key(const Entry& entry, const Where& where, const Key<S>& key, S& into) {
    auto value = checked_value(entry.node, key.facts);
    if (value) {
        key.assign(into, std::move(*value), key.facts);
        return;
    }
    std::string example(key.facts.example);
    if (const auto usual = key.value_in(S(), key.facts); example.empty() && usual) {
        example = toml_text(*usual, key.facts);
    }
    const bool listed = key.facts.kind == KeyKind::choice || key.facts.kind == KeyKind::boolean;
    errors_.add(
        entry.line,
        "\"{}\" in {} must be {}{}; it is {}",
        entry.key,
        where.shown,
        expectation(key.facts),
        listed || example.empty() ? "" : ", such as " + example,
        shown(entry.node)
    );
}

template <class S>
void SettingsReader::require_keys(
    const NodeTable& table, const Where& where, std::span<const Key<S>> keys
) {
    for (const Key<S>& key : keys) {
        if (key.facts.required && find(table, key.facts.name) == nullptr) {
            errors_.add(
                where.line,
                "{} needs \"{}\", such as {} = {}",
                where.shown,
                key.facts.name,
                key.facts.name,
                key.facts.example
            );
        }
    }
}

void SettingsReader::report_unknown(const Entry& entry, const Where& where, const Names& known) {
    if (std::ranges::find(kLater, entry.key) != std::end(kLater)) {
        errors_.add(
            entry.line,
            "\"{}\" in {} is not yet supported by this version of foz; take it out",
            entry.key,
            where.shown
        );
        return;
    }
    errors_.add(
        entry.line,
        "unknown key \"{}\" in {}; {}",
        entry.key,
        where.shown,
        hint_for(entry.key, known)
    );
}

template <class S>
Where SettingsReader::read_section(
    const NodeTable& document, std::string_view name, std::span<const Key<S>> keys, S& into
) {
    Where where{std::string(name), fmt::format("[{}]", name)};
    const Node* node = find(document, name);
    if (node == nullptr) {
        return where;
    }
    where.line = node->line;
    if (node->table() == nullptr) {
        errors_.add(
            node->line, "\"{}\" must be a section, [{}]; it is {}", name, name, shown(*node)
        );
        return where;
    }
    read_keys(*node->table(), where, keys, into);
    return where;
}

bool is_usable_name(std::string_view name) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    constexpr std::size_t kNameBytesMax = 64;
    return !name.empty() && name.size() <= kNameBytesMax &&
           name.find_first_not_of(kLetters) == std::string_view::npos;
}

template <class S>
std::vector<Where> SettingsReader::read_named_sections(
    const NodeTable& document,
    std::string_view kind,
    std::span<const Key<S>> keys,
    std::vector<S>& into
) {
    const Node* sections = find(document, kind);
    if (sections == nullptr) {
        return {};
    }
    if (sections->table() == nullptr) {
        errors_.add(
            sections->line, "\"{}\" must be a section with a name, as [{}.main]", kind, kind
        );
        return {};
    }
    std::vector<Where> places;
    for (const Entry& entry : *sections->table()) {
        Where where{fmt::format("{}.{}", kind, entry.key), fmt::format("[{}.{}]", kind, entry.key)};
        where.line = entry.line;
        if (entry.node.table() == nullptr) {
            errors_.add(
                entry.line,
                "\"{}\" stands in [{}] without a name; a {} has one, as [{}.main]",
                entry.key,
                kind,
                kind,
                kind
            );
            continue;
        }
        if (!is_usable_name(entry.key)) {
            errors_.add(
                entry.line,
                "the name {} of a {} must be 1 to 64 letters, digits, _ or -",
                toml_quoted(entry.key),
                kind
            );
        }
        S made;
        made.name = entry.key;
        made.place = {errors_.file(), entry.line};
        read_keys(*entry.node.table(), where, keys, made);
        into.push_back(std::move(made));
        places.push_back(std::move(where));
    }
    return places;
}

void SettingsReader::read_routes(const NodeTable& document) {
    const Node* routes = find(document, "route");
    if (routes == nullptr) {
        return;
    }
    if (routes->list() == nullptr) {
        errors_.add(routes->line, "a route is written as [[route]], with two brackets");
        return;
    }
    for (const Node& route : *routes->list()) {
        if (route.table() == nullptr) {
            errors_.add(
                route.line, "a route is written as [[route]]; this one is {}", shown(route)
            );
        } else {
            read_route(route);
        }
    }
}

void SettingsReader::read_route(const Node& node) {
    const Where where{fmt::format("route.{}", places_.routes.size()), "[[route]]", node.line};
    Route route;
    route.place = {errors_.file(), node.line};
    read_keys(*node.table(), where, route_keys(), route, {"columns"});
    if (const Node* columns = find(*node.table(), "columns")) {
        read_columns(*columns, where, route.columns);
    }
    settings_.routes.push_back(std::move(route));
    places_.routes.push_back(where);
}

void SettingsReader::read_columns(const Node& node, const Where& route, std::vector<Column>& into) {
    if (node.table() == nullptr || node.table()->empty()) {
        errors_.add(
            node.line,
            "\"columns\" in [[route]] must be a table of columns, such as "
            "{{ temp = {{ field = \"Temperature\" }} }}; without it they follow the payload"
        );
        return;
    }
    for (const Entry& entry : *node.table()) {
        const Where where{
            fmt::format("{}.columns.{}", route.id, entry.key),
            fmt::format("column {}", toml_quoted(entry.key)),
            entry.line,
        };
        if (entry.node.table() == nullptr) {
            errors_.add(
                entry.line,
                "{} must be a table, such as {{ field = \"Temperature\" }}; it is {}",
                where.shown,
                shown(entry.node)
            );
            continue;
        }
        Column column;
        column.name = entry.key;
        column.place = {errors_.file(), entry.line};
        read_keys(*entry.node.table(), where, column_keys(), column);
        check_column(column, where, errors_);
        into.push_back(std::move(column));
    }
}

/// What the file leaves out, default_settings() has. Only for a file without errors.
void SettingsReader::fill_in_defaults() {
    Settings defaults = default_settings();
    if (settings_.listeners.empty()) {
        settings_.listeners = std::move(defaults.listeners);
    }
    if (settings_.databases.empty()) {
        settings_.databases = std::move(defaults.databases);
    }
    if (settings_.routes.empty()) {
        settings_.routes = std::move(defaults.routes);
        for (Route& route : settings_.routes) {
            route.database.clear();
        }
    }
    for (Route& route : settings_.routes) {
        if (route.database.empty()) {
            route.database = settings_.databases.front().name;
        }
    }
}

std::expected<Settings, SettingsErrors> SettingsReader::read(const NodeTable& document) {
    const Names sections = {"log", "listener", "limits", "journal", "database", "route"};
    read_keys(document, {"", "the configuration"}, top_keys(), settings_, sections);
    read_section(document, "log", log_keys(), settings_);
    places_.limits = read_section(document, "limits", limits_keys(), settings_.limits);
    places_.journal = read_section(document, "journal", journal_keys(), settings_.journal);
    places_.listeners =
        read_named_sections(document, "listener", listener_keys(), settings_.listeners);
    places_.databases =
        read_named_sections(document, "database", database_keys(), settings_.databases);
    read_routes(document);
    check_settings(settings_, places_, errors_);
    if (!errors_.empty()) {
        return std::unexpected(errors_.sorted());
    }
    fill_in_defaults();
    return std::move(settings_);
}

}  // namespace

SettingsErrors ErrorList::sorted() const {
    auto in_order = found_;
    std::ranges::stable_sort(in_order, {}, [](const auto& error) { return error.first; });
    SettingsErrors errors;
    for (const auto& [line, text] : in_order) {
        errors.lines.push_back(fmt::format("{}:{}: {}", file_, line, text));
    }
    return errors;
}

std::expected<Settings, SettingsErrors> parse_settings(
    std::string_view toml, std::string_view name
) {
    const auto document = parse_document(toml, name);
    if (!document) {
        return std::unexpected(SettingsErrors{{document.error().message}});
    }
    return SettingsReader(name).read(*document);
}

std::expected<Settings, SettingsErrors> load_settings(const std::filesystem::path& path) {
    constexpr std::uint64_t kFileBytesMax = 4 << 20;
    const auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content) {
        return std::unexpected(SettingsErrors{{content.error().message}});
    }
    return parse_settings(*content, path.string());
}

}  // namespace foz::config
