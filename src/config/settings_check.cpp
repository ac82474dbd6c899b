// SPDX-License-Identifier: Apache-2.0
#include "config/settings_check.h"

#include <algorithm>
#include <set>

#include "config/spelling.h"

namespace foz::config {
namespace {

constexpr std::string_view kDatabaseSchemes[] = {
    "postgresql", "postgres", "mariadb", "mysql", "sqlite"};

void check_listeners(const Settings& settings, const SectionPlaces& places, ErrorList& errors) {
    std::set<std::string> addresses;
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        const Listener& listener = settings.listeners[i];
        check_listener(listener, places.listeners[i], places.listeners_tls[i], errors);
        if (!addresses.insert(listener.address).second && !listener.address.ends_with(":0")) {
            errors.add(errors.line_of(places.listeners[i], "address"),
                    "{} listens on {}, as another listener does; give it a port of its own",
                    places.listeners[i].shown, listener.address);
        }
    }
}

/// `small` must not be over `large`.
struct Order {
    std::string_view small;
    std::uint64_t small_value;
    std::string_view large;
    std::uint64_t large_value;
};

void check_order(std::span<const Order> orders, const Where& where, ErrorList& errors) {
    for (const Order& order : orders) {
        if (order.small_value > order.large_value) {
            const bool small_stands_there = errors.has_key(where, order.small);
            errors.add(errors.line_of(where, small_stands_there ? order.small : order.large),
                    "\"{}\" in {} is more than \"{}\", {} and {}; lower the one or raise the other",
                    order.small, where.shown, order.large, order.small_value, order.large_value);
        }
    }
}

void check_limits(const Settings& settings, const SectionPlaces& places, ErrorList& errors) {
    const Limits& limits = settings.limits;
    const Journal& journal = settings.journal;
    const Order in_limits[] = {
        {"connections_unidentified", limits.connections_unidentified, "connections",
            limits.connections},
        {"connect_packet_bytes", limits.connect_packet_bytes, "packet_bytes", limits.packet_bytes},
    };
    check_order(in_limits, places.limits, errors);
    const Order in_journal[] = {
        {"segment_bytes", journal.segment_bytes, "size_max", journal.size_max},
        {"retain_bytes", journal.retain_bytes, "size_max", journal.size_max},
    };
    check_order(in_journal, places.journal, errors);
    const std::uint64_t record_max = std::min(journal.segment_bytes, journal.queue_bytes_max) / 2;
    if (limits.packet_bytes > record_max) {
        const bool in_limits_section = errors.has_key(places.limits, "packet_bytes");
        errors.add(in_limits_section ? errors.line_of(places.limits, "packet_bytes")
                                     : places.journal.line,
                "a packet of \"packet_bytes\" in [limits], {} bytes, must fit twice into "
                "\"segment_bytes\" and \"queue_bytes_max\" in [journal]; lower it or raise those",
                limits.packet_bytes);
    }
}

std::string_view scheme_of(std::string_view url) {
    return url.substr(0, url.find(':'));
}

bool has_password(std::string_view url) {
    const std::size_t authority = url.find("://");
    if (authority == std::string_view::npos) {
        return false;
    }
    const std::string_view rest = url.substr(authority + 3);
    const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
    return at != std::string_view::npos && rest.substr(0, at).find(':') != std::string_view::npos;
}

void check_url(const Database& database, const Where& where, ErrorList& errors) {
    const std::uint32_t line = errors.line_of(where, "url");
    const std::string_view scheme = scheme_of(database.url);
    if (std::ranges::find(kDatabaseSchemes, scheme) == std::end(kDatabaseSchemes)) {
        errors.add(line, "\"url\" in {} has the unknown scheme \"{}\"; {}", where.shown, scheme,
                hint_for(scheme, kDatabaseSchemes));
    } else if (scheme == "sqlite" && database.url.size() <= scheme.size() + 1) {
        errors.add(line, "\"url\" in {} needs a file, such as \"sqlite:foz.sqlite\"", where.shown);
    } else if (scheme != "sqlite" && !database.url.substr(scheme.size()).starts_with("://")) {
        errors.add(line, "\"url\" in {} must go on with {}://host/database", where.shown, scheme);
    }
}

void check_database(const Database& database, const Where& where, ErrorList& errors) {
    if (!errors.has_key(where, "url") || database.url.empty()) {
        return;  // reported when it was read
    }
    check_url(database, where, errors);
    if (!database.password_file) {
        return;
    }
    if (scheme_of(database.url) == "sqlite") {
        errors.add(errors.line_of(where, "password_file"),
                "\"password_file\" in {} has no use: SQLite knows no passwords; take it out",
                where.shown);
    } else if (has_password(database.url)) {
        errors.add(errors.line_of(where, "password_file"),
                "{} has a password in \"url\" and a \"password_file\"; take one of them out",
                where.shown);
    }
}

std::vector<std::string_view> captures_of(std::string_view topic) {
    constexpr std::string_view kRest = "...";  // of "{name...}"
    std::vector<std::string_view> captures;
    while (!topic.empty()) {
        const std::string_view level = topic.substr(0, topic.find('/'));
        if (level.size() > 2 && level.starts_with('{') && level.ends_with('}')) {
            std::string_view name = level.substr(1, level.size() - 2);
            if (name.ends_with(kRest)) {
                name.remove_suffix(kRest.size());
            }
            captures.push_back(name);
        }
        topic.remove_prefix(std::min(topic.size(), level.size() + 1));
    }
    return captures;
}

void check_captures(const Route& route, const Where& where, ErrorList& errors) {
    const auto captures = captures_of(route.topic);
    for (const Column& column : route.columns) {
        const auto* capture = std::get_if<CaptureSource>(&column.source);
        if (capture == nullptr || std::ranges::find(captures, capture->name) != captures.end()) {
            continue;
        }
        const Where at{fmt::format("{}.columns.{}", where.id, column.name), "", column.place.line};
        errors.add(errors.line_of(at, "capture"),
                "column \"{}\" takes the capture \"{}\", which topic \"{}\" does not have; {}",
                column.name, capture->name, route.topic,
                captures.empty() ? fmt::format("write {{{}}} for a level of it", capture->name)
                                 : hint_for(capture->name, captures));
    }
}

void check_key(const Route& route, const Where& where, ErrorList& errors) {
    std::vector<std::string_view> columns;
    columns.reserve(route.columns.size());
    for (const Column& column : route.columns) {
        columns.push_back(column.name);
    }
    std::set<std::string_view> seen;
    if (route.on_duplicate == OnDuplicate::replace && route.key.empty()) {
        errors.add(errors.line_of(where, "on_duplicate"),
                "\"on_duplicate\" in [[route]] is \"replace\", but without a \"key\" no reading "
                "replaces another; add the key, or take it out");
    }
    for (const std::string& name : route.key) {
        if (!columns.empty() && std::ranges::find(columns, name) == columns.end()) {
            errors.add(errors.line_of(where, "key"),
                    "\"key\" in [[route]] has \"{}\", which is no column; {}", name,
                    hint_for(name, columns));
        } else if (!seen.insert(name).second) {
            errors.add(errors.line_of(where, "key"), "\"key\" in [[route]] has \"{}\" twice", name);
        }
    }
}

void check_route_database(
        const Settings& settings, const Route& route, const Where& where, ErrorList& errors) {
    const std::vector<Database> usual = default_settings().databases;
    std::vector<std::string_view> known;
    for (const Database& database : settings.databases.empty() ? usual : settings.databases) {
        known.push_back(database.name);
    }
    if (!route.database.empty() && std::ranges::find(known, route.database) == known.end()) {
        errors.add(errors.line_of(where, "database"),
                "\"database\" in [[route]] is \"{}\", which is not configured; {}", route.database,
                settings.databases.empty()
                        ? fmt::format("add a section [database.{}] with its url", route.database)
                        : hint_for(route.database, known));
    } else if (route.database.empty() && known.size() > 1) {
        errors.add(where.line, "[[route]] needs \"database\", because there are several: {}",
                listed(known, " and "));
    }
}

void check_route(
        const Settings& settings, const Route& route, const Where& where, ErrorList& errors) {
    check_route_database(settings, route, where, errors);
    check_captures(route, where, errors);
    check_key(route, where, errors);
}

void check_routes(const Settings& settings, const SectionPlaces& places, ErrorList& errors) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        const Route& route = settings.routes[i];
        check_route(settings, route, places.routes[i], errors);
        if (!route.name.empty() && !names.insert(route.name).second) {
            errors.add(errors.line_of(places.routes[i], "name"),
                    "two routes have the name \"{}\"; the ledger needs one for each", route.name);
        }
    }
    if (settings.routes.empty() && settings.databases.size() > 1) {
        errors.add(places.databases[1].line,
                "there are {} databases and no [[route]] that says what goes where; add one for "
                "each",
                settings.databases.size());
    }
}

}  // namespace

void check_settings(const Settings& settings, const SectionPlaces& places, ErrorList& errors) {
    check_listeners(settings, places, errors);
    check_limits(settings, places, errors);
    for (std::size_t i = 0; i < settings.databases.size(); ++i) {
        check_database(settings.databases[i], places.databases[i], errors);
    }
    check_routes(settings, places, errors);
}

}  // namespace foz::config
