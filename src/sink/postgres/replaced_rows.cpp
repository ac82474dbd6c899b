// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/replaced_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "sink/key_conflict.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/staged_rows.h"

namespace foz::sink::postgres {
namespace {

// A row that this statement has inserted has no xmax, one that it has updated has its own. Only
// plain tables tell: for the others it counts whether the key was there before the statement.
bool tells_new_rows(const TablePlan& plan) {
    return plan.found.kind == "r";
}

// "a" = excluded."a", ... : all columns that are written but those of the key.
std::string updates(const TablePlan& plan) {
    std::string sql;
    const auto add = [&](const std::string& name) {
        sql += fmt::format(
                "{0}{1} = excluded.{1}", sql.empty() ? "" : ", ", dialect().quoted(name));
    };
    for (const TargetColumn& column : plan.columns) {
        if (!column.left_out &&
                std::ranges::find(plan.table->key, column.name) == plan.table->key.end()) {
            add(column.name);
        }
    }
    if (sql.empty()) {
        add(plan.table->key.front());
    }
    return sql;
}

}  // namespace

std::string replace_lock(const TablePlan& plan) {
    return tells_new_rows(plan)
                   ? ""
                   : fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({})", plan.found.oid);
}

std::string replace_query(const TablePlan& plan, std::string_view staging) {
    const std::string key = quoted_list(plan.table->key);
    const bool tells = tells_new_rows(plan);
    return fmt::format(
            "WITH latest AS (SELECT DISTINCT ON ({3}) * FROM {2} ORDER BY {3}, \"foz staging row\" "
            "DESC), written AS (INSERT INTO {0} ({1}) SELECT {1} FROM latest ON CONFLICT ({3}) DO "
            "UPDATE SET {4} RETURNING {3}, {5} AS \"foz new\") SELECT s.\"foz staging row\", "
            "s.\"foz staging row\" = max(s.\"foz staging row\") OVER (PARTITION BY {3}), \"foz "
            "new\" IS NOT NULL, \"foz new\"{6}, (SELECT count(*) FROM written) FROM {2} s LEFT "
            "JOIN written USING ({3}) ORDER BY 1",
            quoted_table(plan.table->name), plan.column_list, staging, key, updates(plan),
            tells ? "xmax = 0" : "true",
            tells ? ""
                  : fmt::format(" AND NOT EXISTS (SELECT FROM {} t WHERE {})",
                            quoted_table(plan.table->name), same_key(plan, "s", "t")));
}

SinkResult<void> count_replaced(const TablePlan& plan, const TableRows& rows,
        const QueryResult& replaced, Written& written, std::vector<RefusedRow>& refused) {
    std::uint64_t matched = 0;
    std::uint64_t stored = 0;
    std::vector<std::uint32_t> missing;
    for (int i = 0; i < PQntuples(replaced.get()); ++i) {
        const std::uint32_t row = plan.rows[static_cast<std::size_t>(number(replaced, i, 0))];
        const bool last = is_true(replaced, i, 1);
        stored = static_cast<std::uint64_t>(number(replaced, i, 4));
        if (!is_true(replaced, i, 2)) {
            if (last) {
                missing.push_back(row);
            }
            continue;
        }
        // Of the rows of a new key one is stored, and the others were there for a moment only.
        matched += last ? 1 : 0;
        auto& counts = last && is_true(replaced, i, 3) ? written.stored : written.duplicate;
        ++counts[rows.route_of(row)];
    }
    if (stored > matched && plan.rows.size() == 1) {
        ++written.stored[rows.route_of(plan.rows.front())];
        return {};
    }
    if (stored > matched) {
        // One row at a time there is no doubt which.
        return fail(FailureKind::refused, "a trigger of table {} changes the route's key",
                plan.table->name);
    }
    for (const std::uint32_t row : missing) {
        refused.push_back(kept_out(rows.number_in_write(row), *plan.table));
    }
    return {};
}

}  // namespace foz::sink::postgres
