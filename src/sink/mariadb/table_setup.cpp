// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/table_setup.h"

#include <fmt/format.h>

#include "sink/mariadb/dialect.h"
#include "sink/table_changes.h"
#include "sink/table_fit.h"

namespace foz::sink::mariadb {
namespace {

// Column by column, what makes `there` as it should be.
void add_changes(const mapping::Table& table, const CatalogueTable& there, FoundTable& found) {
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* one = there.find(column.name);
        const std::string name = dialect().quoted(column.name);
        const std::string type = column_type(table, column);
        if (one == nullptr) {
            found.changes.push_back(column_added(column, name, type));
        } else if (auto reason = column_objection(table, column, *one); !reason.empty()) {
            found.impossible.push_back({column.name, std::move(reason)});
        } else if (!fits(column.type, *one)) {
            Change& change = found.changes.emplace_back(
                    column_retyped(column, type, fmt::format("MODIFY COLUMN {} {}", name, type)));
            if (column.type == mapping::ColumnType::real && one->type.starts_with("bigint")) {
                change.large_integer_query = large_integer_query(quoted_table(table.name), name);
            }
        }
    }
}

}  // namespace

SinkResult<std::optional<FoundTable>> MariadbTableSetup::find() {
    auto read = read_table(connection_, table().name);
    if (!read) {
        return pass_on(read);
    }
    const std::optional<CatalogueTable>& catalogued = *read;
    if (!catalogued) {
        return std::nullopt;
    }
    const CatalogueTable& there = *catalogued;
    if (const auto reason = objection(table(), there); !reason.empty()) {
        return fail(FailureKind::blocked, "table {}: {}", table().name, reason);
    }
    FoundTable found{
        .columns = known_columns(there),
        .warnings = warnings_about(table(), there),
        .line = fit_line(table(), there),
        .changes = {},
        .impossible = {},
    };
    if (table().inferred) {
        add_changes(table(), there, found);
    }
    return found;
}

SinkResult<std::string> MariadbTableSetup::hint_at_other_case() {
    return mariadb::hint_at_other_case(connection_, table().name);
}

std::string MariadbTableSetup::create_statement() const {
    std::string sql = dialect().create_table(table());
    sql.insert(std::string_view("CREATE TABLE").size(), " IF NOT EXISTS");
    if (connection_.is_mysql()) {
        sql.replace(sql.rfind(kCollation), kCollation.size(), kMysqlCollation);
    }
    return sql;
}

// Another lane may have added a column at the same time: then the table is looked at again.
SinkResult<void> MariadbTableSetup::alter(const std::string& clauses) {
    // The session looks up its rights in a database when it chooses that, and not again: without
    // USE it would not see what has been granted since.
    auto altered = connection_.run_at_length(fmt::format("USE {}; ALTER TABLE {} {}",
            dialect().quoted(connection_.handle()->db), quoted_table(table().name), clauses));
    if (!altered && altered.error().code != std::to_string(kDuplicateColumn)) {
        return pass_on(altered);
    }
    if (altered) {
        log_changed(table().name, clauses);
    }
    return {};
}

}  // namespace foz::sink::mariadb
