// SPDX-License-Identifier: Apache-2.0
#include "config/settings_parser.h"

#include <algorithm>

#include "base/file_system.h"
#include "base/printable.h"
#include "config/document.h"
#include "config/error_list.h"
#include "config/remote_sections.h"
#include "config/section_reader.h"
#include "config/sections.h"
#include "config/settings_check.h"
#include "config/value_text.h"

namespace foz::config {
namespace {

class SettingsReader {
  public:
    explicit SettingsReader(std::string_view file) : errors_(file) {}

    [[nodiscard]] std::expected<Settings, SettingsErrors> read(const NodeTable& document);

  private:
    void read_listener(const NamedTable& section);
    void read_database(const NamedTable& section);
    void read_routes(const NodeTable& document);
    void read_route(const Node& node);
    void read_columns(const Node& node, const Where& route, std::vector<Column>& into);
    void fill_in_defaults();

    Settings settings_;
    SectionPlaces places_;
    ErrorList errors_;
    SectionReader reader_{errors_};
};

void SettingsReader::read_listener(const NamedTable& section) {
    Listener listener;
    listener.name = section.name;
    listener.place = {errors_.file(), section.where.line};
    reader_.read_keys(*section.table, section.where, listener_keys(), listener, {"tls"});
    const Where tls = reader_.read_table(
            *section.table, section.where, "tls", server_tls_keys(), listener.tls);
    places_.listeners.push_back(section.where);
    places_.listeners_tls.push_back(tls);
    settings_.listeners.push_back(std::move(listener));
}

void SettingsReader::read_database(const NamedTable& section) {
    Database database;
    database.name = section.name;
    database.place = {errors_.file(), section.where.line};
    reader_.read_keys(*section.table, section.where, database_keys(), database);
    places_.databases.push_back(section.where);
    settings_.databases.push_back(std::move(database));
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
                    route.line, "a route is written as [[route]]; this one is {}", shown(route));
        } else {
            read_route(route);
        }
    }
}

void SettingsReader::read_route(const Node& node) {
    const Where where{fmt::format("route.{}", places_.routes.size()), "[[route]]", node.line};
    Route route;
    route.place = {errors_.file(), node.line};
    reader_.read_keys(*node.table(), where, route_keys(), route, {"columns", "where"});
    (void)reader_.read_table(*node.table(), where, "where", filter_keys(), route.where);
    if (const Node* columns = find(*node.table(), "columns")) {
        read_columns(*columns, where, route.columns);
    }
    settings_.routes.push_back(std::move(route));
    places_.routes.push_back(where);
}

void SettingsReader::read_columns(const Node& node, const Where& route, std::vector<Column>& into) {
    if (node.table() == nullptr || node.table()->empty()) {
        errors_.add(node.line,
                "\"columns\" in [[route]] must be a table of columns, such as {{ temp = {{ field = "
                "\"Temperature\" }} }}; without it they follow the payload");
        return;
    }
    for (const Entry& entry : *node.table()) {
        const Where where{
            fmt::format("{}.columns.{}", route.id, entry.key),
            fmt::format("column {}", toml_quoted(entry.key)),
            entry.line,
        };
        if (entry.node.table() == nullptr) {
            errors_.add(entry.line,
                    "{} must be a table, such as {{ field = \"Temperature\" }}; it is {}",
                    where.shown, shown(entry.node));
            continue;
        }
        Column column;
        column.name = entry.key;
        column.place = {errors_.file(), entry.line};
        reader_.read_keys(*entry.node.table(), where, column_keys(), column);
        check_column(column, where, errors_);
        into.push_back(std::move(column));
    }
}

/// What the file leaves out, default_settings() has. Only for a file without errors.
void SettingsReader::fill_in_defaults() {
    Settings defaults = default_settings();
    // Who reads from a broker that is there has that one on port 1883, as a rule.
    if (settings_.listeners.empty() && settings_.sources.empty()) {
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
    const Names sections = {
        "log", "listener", "source", "bridge", "limits", "journal", "database", "route"};
    reader_.read_keys(document, {"", "the configuration"}, top_keys(), settings_, sections);
    reader_.read_section(document, "log", log_keys(), settings_);
    places_.limits = reader_.read_section(document, "limits", limits_keys(), settings_.limits);
    places_.journal = reader_.read_section(document, "journal", journal_keys(), settings_.journal);
    for (const NamedTable& section : reader_.named_sections(document, "listener")) {
        read_listener(section);
    }
    settings_.sources = read_sources(document, reader_, errors_);
    settings_.bridges = read_bridges(document, reader_, errors_);
    for (const NamedTable& section : reader_.named_sections(document, "database")) {
        read_database(section);
    }
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
        std::string_view toml, std::string_view name) {
    const auto document = parse_document(toml, name);
    if (!document) {
        // toml++ quotes what it did not expect, be it the end of a line.
        return std::unexpected(SettingsErrors{{printable_whole(document.error().message)}});
    }
    return SettingsReader(name).read(*document);
}

namespace {

/// A path that stands in the file starts where the file is.
void resolve(std::string& file, const std::filesystem::path& folder) {
    file = (folder / file).string();  // an absolute one on the right stays as it is
}

void resolve(std::optional<std::string>& file, const std::filesystem::path& folder) {
    if (file) {
        resolve(*file, folder);
    }
}

void resolve_remote(Remote& remote, const std::filesystem::path& folder) {
    resolve(remote.password_file, folder);
    if (remote.tls) {
        for (auto* file :
                {&remote.tls->ca, &remote.tls->certificate, &remote.tls->key, &remote.tls->crl}) {
            resolve(*file, folder);
        }
    }
}

void resolve_files(Settings& settings, const std::filesystem::path& folder) {
    for (Listener& listener : settings.listeners) {
        resolve(listener.password_file, folder);
        if (listener.tls) {
            resolve(listener.tls->certificate, folder);
            resolve(listener.tls->key, folder);
            resolve(listener.tls->client_ca, folder);
            resolve(listener.tls->crl, folder);
        }
    }
    for (Database& database : settings.databases) {
        resolve(database.password_file, folder);
    }
    for (Source& source : settings.sources) {
        resolve_remote(source.remote, folder);
    }
    for (Bridge& bridge : settings.bridges) {
        resolve_remote(bridge.remote, folder);
    }
}

}  // namespace

std::expected<Settings, SettingsErrors> load_settings(const std::filesystem::path& path) {
    constexpr std::uint64_t kFileBytesMax = 4 << 20;
    const auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content) {
        return std::unexpected(SettingsErrors{{content.error().message}});
    }
    auto settings = parse_settings(*content, path.string());
    if (settings) {
        resolve_files(*settings, path.parent_path());
    }
    return settings;
}

}  // namespace foz::config
