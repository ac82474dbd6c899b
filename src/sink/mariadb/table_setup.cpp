// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/table_setup.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/table_changes.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::mariadb {
namespace {

// The table as the database has it, which it fits; nothing when it is not there.
SinkResult<std::optional<CatalogueTable>> fitting_table(
    Connection& connection, const mapping::Table& table
) {
    auto read = read_table(connection, table.name);
    if (!read) {
        return read;
    }
    const std::optional<CatalogueTable>& found = *read;
    if (found) {
        if (const auto reason = objection(table, *found); !reason.empty()) {
            return fail(Failure::blocked, "table {}: {}", table.name, reason);
        }
    }
    return read;
}

std::string create_statement(const Connection& connection, const mapping::Table& table) {
    std::string sql = dialect().create_table(table);
    sql.insert(std::string_view("CREATE TABLE").size(), " IF NOT EXISTS");
    if (connection.is_mysql()) {
        sql.replace(sql.rfind(kCollation), kCollation.size(), kMysqlCollation);
    }
    return sql;
}

bool is_refused(std::span<const mapping::Refusal> refused, const std::string& column) {
    return std::ranges::any_of(refused, [&](const mapping::Refusal& one) {
        return one.column.empty() || one.column == column;
    });
}

// What makes `found` fit, without what is refused; adds what is impossible to that.
std::vector<Change> changes_for(
    const mapping::Table& table, const CatalogueTable& found, std::vector<mapping::Refusal>& refused
) {
    std::vector<Change> changes;
    for (const mapping::Column& column : table.columns) {
        if (is_refused(refused, column.name)) {
            continue;
        }
        const CatalogueColumn* there = found.find(column.name);
        const std::string type = column_type(table, column);
        const std::string definition =
            fmt::format("COLUMN {} {}", dialect().quoted(column.name), type);
        if (there == nullptr) {
            changes.push_back(
                {column.name,
                 "ADD " + definition,
                 fmt::format("column {} cannot be added", column.name)}
            );
        } else if (auto reason = column_objection(table, column, *there); !reason.empty()) {
            refused.push_back({column.name, std::move(reason)});
        } else if (!fits(column.type, *there)) {
            changes.push_back(
                {column.name,
                 "MODIFY " + definition,
                 fmt::format("column {} cannot become {}", column.name, type),
                 column.type == mapping::ColumnType::real && there->type.starts_with("bigint")}
            );
        }
    }
    return changes;
}

// Another lane may have added a column at the same time: then the table is looked at again.
SinkResult<void> alter(
    Connection& connection, const mapping::Table& table, const std::string& clauses
) {
    // The session looks up its rights in a database when it chooses that, and not again: without
    // USE it would not see what has been granted since.
    auto altered = connection.run_at_length(fmt::format(
        "USE {}; ALTER TABLE {} {}",
        dialect().quoted(connection.handle()->db),
        quoted_table(table.name),
        clauses
    ));
    if (!altered && altered.error().code != std::to_string(kDuplicateColumn)) {
        return pass_on(altered);
    }
    if (altered) {
        log_changed(table.name, clauses);
    }
    return {};
}

// A double cannot hold all integers beyond 2^53: the database would round the ones that are stored
// already.
SinkResult<void> keep_stored_digits(
    Connection& connection,
    const mapping::Table& table,
    std::vector<Change>& changes,
    std::vector<mapping::Refusal>& refused
) {
    for (std::size_t i = 0; i < changes.size();) {
        if (!changes[i].rounds_large) {
            ++i;
            continue;
        }
        auto large = connection.run_at_length(
            large_integer_query(quoted_table(table.name), dialect().quoted(changes[i].column))
        );
        connection.roll_back();
        if (!large) {
            return pass_on(large);
        }
        if (large->front().rows.empty()) {
            ++i;
            continue;
        }
        refused.push_back(kept_integer(table.name, changes[i]));
        changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
}

constexpr std::string_view kMakeFields =
    "CREATE TABLE IF NOT EXISTS foz_columns (table_name varchar(128) NOT NULL, column_name "
    "varchar(64) NOT NULL, field text NOT NULL, PRIMARY KEY (table_name, column_name)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

// Keeps which fields fill the table's columns, and reads which did before.
SinkResult<ColumnFields> exchange_fields(
    Connection& connection, const mapping::Table& table, bool made_anew
) {
    auto there = connection.run(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = "
        "'foz_columns'"
    );
    if (!there) {
        return pass_on(there);
    }
    std::string sql = there->front().rows.empty() ? std::string(kMakeFields) + "; " : "";
    if (made_anew) {
        sql += forget_fields(table, quoted_text) + "; ";
    }
    if (const std::string values = field_values(table, quoted_text); !values.empty()) {
        sql += fmt::format(
            "INSERT INTO foz_columns VALUES {} ON DUPLICATE KEY UPDATE table_name = "
            "foz_columns.table_name; ",
            values
        );
    }
    auto answers = connection.run(sql + "COMMIT; " + fields_query(table, quoted_text));
    connection.roll_back();
    if (!answers) {
        return pass_on(answers);
    }
    ColumnFields fields;
    for (const auto& row : answers->back().rows) {
        fields.emplace_back(row.at(0).value_or(""), row.at(1).value_or(""));
    }
    return fields;
}

SinkResult<ColumnFields> remember_fields(
    Connection& connection, const mapping::Table& table, bool made_anew
) {
    auto fields = exchange_fields(connection, table, made_anew);
    if (fields || refused_by(fields.error().code) != Refused::altering) {
        return fields;
    }
    warn_of_forgetfulness(fields.error().message);
    return ColumnFields{};
}

SinkResult<TablePreparation> prepare(
    Connection& connection, const mapping::Table& table, bool& made_anew
) {
    constexpr int kAttemptsMax = 6;
    TablePreparation preparation;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        auto fitting = fitting_table(connection, table);
        if (!fitting) {
            return pass_on(fitting);
        }
        std::optional<CatalogueTable>& found = *fitting;
        if (!found) {
            if (table.columns.empty()) {
                return preparation;
            }
            auto hint = hint_at_other_case(connection, table.name);
            if (!hint) {
                return pass_on(hint);
            }
            if (!hint->empty()) {
                spdlog::warn("table {} is made anew: {}", table.name, *hint);
            }
            if (auto made = connection.run(create_statement(connection, table)); !made) {
                return pass_on(made);
            }
            log_created(table.name);
            made_anew = true;
            continue;
        }
        std::vector<Change> changes = table.inferred
                                          ? changes_for(table, *found, preparation.refused)
                                          : std::vector<Change>{};
        if (auto kept = keep_stored_digits(connection, table, changes, preparation.refused);
            !kept) {
            return pass_on(kept);
        }
        if (changes.empty()) {
            preparation.found = std::move(*found);
            return preparation;
        }
        auto refused = make_changes(
            changes,
            [&](const std::string& clauses) { return alter(connection, table, clauses); },
            refused_by
        );
        if (!refused) {
            return pass_on(refused);
        }
        std::ranges::move(*refused, std::back_inserter(preparation.refused));
    }
    return fail(Failure::retry, "table {} does not become what it should be", table.name);
}

}  // namespace

SinkResult<TablePreparation> prepare_table(Connection& connection, const mapping::Table& table) {
    bool made_anew = false;
    auto preparation = prepare(connection, table, made_anew);
    if (!preparation || !table.inferred || preparation->found.columns.empty()) {
        return preparation;
    }
    auto fields = remember_fields(connection, table, made_anew);
    if (!fields) {
        return pass_on(fields);
    }
    preparation->fields = std::move(*fields);
    return preparation;
}

SinkResult<std::string> describe_table(Connection& connection, const mapping::Table& table) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    const std::optional<CatalogueTable>& found = *fitting;
    if (table.inferred && found) {
        std::vector<mapping::Refusal> impossible;
        static_cast<void>(changes_for(table, *found, impossible));
        if (!impossible.empty()) {
            return fail(Failure::blocked, "table {}: {}", table.name, impossible.front().reason);
        }
    }
    if (found) {
        return with_warnings(fit_line(table, found), warnings_about(table, *found));
    }
    auto hint = hint_at_other_case(connection, table.name);
    if (!hint) {
        return pass_on(hint);
    }
    std::vector<std::string> warnings = warnings_of_new(table);
    if (!hint->empty()) {
        warnings.push_back(std::move(*hint));
    }
    return with_warnings(fit_line(table, found), warnings);
}

}  // namespace foz::sink::mariadb
