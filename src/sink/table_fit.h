// SPDX-License-Identifier: Apache-2.0
// What a person is told about how a table and the routes fit, whatever the database. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "mapping/column_name.h"
#include "mapping/table.h"
#include "sink/loss.h"
#include "sink/sink.h"

namespace foz::sink {

/// What a person is told of a table that is not there when another one is called nearly the same.
[[nodiscard]] inline std::string other_case_hint(std::string_view wanted, std::string_view there) {
    return fmt::format(
            "there is a table {1}, whose name differs from {0} in capitals only; if that is meant, "
            "write table = \"{1}\"",
            wanted, there);
}

/// Of a column that the table does not have; `alike`: one whose name differs in capitals only, or
/// "".
[[nodiscard]] inline std::string missing_column(std::string_view column, std::string_view alike) {
    std::string message = fmt::format("the table has no column {}, which the route writes", column);
    if (!alike.empty()) {
        message += fmt::format("; it has {}: capitals count here", alike);
    }
    return message;
}

/// Why a message that is delivered twice would be stored twice, whatever the database; "": it would
/// not.
[[nodiscard]] inline std::string redelivery_doubt(const mapping::Table& table) {
    for (const std::string& name : table.key) {
        const auto index = table.index_of(name);
        if (index && table.columns[*index].receipt) {
            return fmt::format(
                    "the key has column {}, which differs when a message is delivered again, so "
                    "that it is stored twice then",
                    name);
        }
    }
    return "";
}

/// All that makes a key take different readings for one, or one for different ones: a warning for a
/// person. `doubt_about(column)` is what the database says about a column of the key, or "".
template <class DoubtAbout>
[[nodiscard]] std::string key_doubts(const mapping::Table& table, DoubtAbout doubt_about) {
    std::string doubts = redelivery_doubt(table);
    for (const std::string& name : table.key) {
        const std::string doubt = doubt_about(name);
        if (!doubt.empty()) {
            doubts += (doubts.empty() ? "" : "; ") + doubt;
        }
    }
    return doubts;
}

/// What the owner of a table should know of it: the columns that cut off a part of a time, and
/// `key_doubts`. `alter_of(column)` is how a column that the catalogue has gets all digits of a
/// second; nothing when it has them.
template <class CatalogueTable, class AlterOf>
[[nodiscard]] std::vector<std::string> warnings_of(const mapping::Table& wanted,
        const CatalogueTable& found, std::string key_doubts, AlterOf alter_of) {
    std::vector<std::string> warnings;
    for (const mapping::Column& column : wanted.columns) {
        const auto* there = found.find(column.name);
        if (there == nullptr || column.rounds) {
            continue;
        }
        if (const std::optional<std::string> alter = alter_of(*there)) {
            warnings.push_back(coarse_time_warning(wanted, column, there->type, *alter));
        }
    }
    if (!key_doubts.empty()) {
        warnings.push_back(std::move(key_doubts));
    }
    return warnings;
}

/// The same of a table that is not there yet.
[[nodiscard]] inline std::vector<std::string> warnings_of_new(const mapping::Table& table) {
    const std::string doubt = redelivery_doubt(table);
    return doubt.empty() ? std::vector<std::string>{} : std::vector{doubt};
}

/// For doubt_about: a column that keeps less of a second than foz's microseconds. `type`:
/// "timestamp(0) with time zone".
[[nodiscard]] inline std::string cut_second_doubt(
        const std::string& column, const std::string& type, const std::string& alter) {
    return fmt::format(
            "the key's column {} is {} and cuts the fraction of a second, so that readings of one "
            "second have the same key; {}",
            column, type, alter);
}

/// The same for one whose comparison sees no difference where there is one.
[[nodiscard]] inline std::string same_names_doubt(
        const std::string& column, const std::string& collation, const std::string& alter) {
    return fmt::format(
            "the key's column {} has the collation {}, which takes different names for the same; "
            "{}",
            column, collation, alter);
}

/// Whether a column with that name is there, in whatever capitals.
template <class CatalogueTable>
[[nodiscard]] bool has_column(const CatalogueTable& found, std::string_view name) {
    return std::ranges::any_of(
            found.columns, [&](const auto& one) { return mapping::same_name(one.name, name); });
}

/// The line of Sink::inspect about a table that fits. `found`: what the database's catalogue says.
template <class CatalogueTable>
[[nodiscard]] std::string fit_line(const mapping::Table& table, const CatalogueTable& found) {
    std::string missing;
    for (const mapping::Column& column : table.columns) {
        if (!has_column(found, column.name)) {
            missing += (missing.empty() ? "; will get the column " : ", ") + column.name;
        }
    }
    return fmt::format("table {}: fits{}", table.name, missing);
}

}  // namespace foz::sink
