// SPDX-License-Identifier: Apache-2.0
#include "admin/database_check.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "config/database_access.h"
#include "mapping/mapping.h"
#include "sink/sink.h"
#include "sink/table_fit.h"

namespace foz::admin {
namespace {

/// SQLite makes its file, but no folder; foz makes the data folder.
bool check_sqlite_folder(const config::Settings& settings, const std::string& what,
        const std::string& url, Findings& findings) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (!url.starts_with(kSqlite)) {
        return true;
    }
    const std::filesystem::path file = url.substr(kSqlite.size());
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored) ||
            folder.lexically_normal() == settings.data.lexically_normal()) {
        return true;
    }
    findings.failed(
            fmt::format("{}: there is no folder {} for {}: make it, and let foz's user own it",
                    what, folder.string(), file.filename().string()));
    return false;
}

std::string with_code(const sink::SinkError& error) {
    return error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code);
}

void inspect_database(const std::string& what, sink::Sink& sink, const mapping::Mapping& mapping,
        Findings& findings) {
    const auto tables = sink.inspect(mapping);
    if (!tables) {
        findings.failed(fmt::format("{}: {}", what, with_code(tables.error())));
        return;
    }
    findings.ok(fmt::format("{}: connected", what));
    for (const std::string& line : *tables) {
        findings.ok(fmt::format("{}: {}", what, line));
    }
}

}  // namespace

void check_database(const config::Settings& settings, const config::Database& database,
        bool connect, Findings& findings) {
    const std::string what = fmt::format("database {}", database.name);
    const auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        findings.unusable(mapping.error().message);
        return;
    }
    auto password = config::read_password(database);
    if (!password) {
        findings.failed(fmt::format("{}: {}", what, password.error().message));
        return;
    }
    const std::string url = config::database_url(settings, database);
    const auto kind = sink::sink_kind_for(url);
    if (!kind) {
        findings.unusable(fmt::format("{}: {}", what, kind.error().message));
        return;
    }
    const auto sink =
            (*kind)->make({url, *password, database.connect_timeout, database.answer_timeout});
    if (!sink) {
        findings.unusable(fmt::format("{}: {}", what, sink.error().message));
        return;
    }
    if (!check_sqlite_folder(settings, what, url, findings)) {
        return;
    }
    findings.ok(fmt::format("{}: {}, routes {}, tables {}", what, (*kind)->dialect().name(),
            mapping->routes().size(), mapping->tables().size()));
    if (connect) {
        inspect_database(what, **sink, *mapping, findings);
        return;
    }
    for (const auto& table : mapping->tables()) {
        if (const std::string doubt = sink::redelivery_doubt(*table); !doubt.empty()) {
            findings.doubtful(fmt::format("{}: table {}: {}", what, table->name, doubt));
        }
    }
}

}  // namespace foz::admin
