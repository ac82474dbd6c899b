// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/row_probe.h"

#include <utility>

#include <fmt/format.h>

#include "sink/key_conflict.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/sqlstate.h"

namespace foz::sink::postgres {
namespace {

constexpr std::string_view kQuote = "$foz_probe$";

}  // namespace

std::optional<std::string> probe_query(const TablePlan& plan, std::string_view staging) {
    std::string values;
    for (const TargetColumn& column : plan.columns) {
        if (!column.left_out) {
            values += (values.empty() ? "r." : ", r.") + dialect().quoted(column.name);
        }
    }
    const std::string code = fmt::format(
            "DECLARE r record; n bigint; BEGIN FOR r IN SELECT * FROM {0} ORDER BY \"foz staging "
            "row\" LOOP BEGIN INSERT INTO {1} ({2}) VALUES ({3}); GET DIAGNOSTICS n = ROW_COUNT; "
            "IF n = 0 THEN INSERT INTO pg_temp.foz_refused VALUES (r.\"foz staging row\", '', ''); "
            "END IF; EXCEPTION WHEN unique_violation THEN NULL; WHEN OTHERS THEN INSERT INTO "
            "pg_temp.foz_refused VALUES (r.\"foz staging row\", SQLSTATE, SQLERRM); END; END LOOP; "
            "END",
            staging, quoted_table(plan.table->name), plan.column_list, values);
    if (code.contains(kQuote)) {
        return std::nullopt;
    }
    return fmt::format(
            "CREATE TEMP TABLE foz_refused (i int4, code text, message text) ON COMMIT DROP; DO "
            "{0}{1}{0}; SELECT i, code, message FROM pg_temp.foz_refused ORDER BY i",
            kQuote, code);
}

std::optional<std::vector<RefusedRow>> refused_rows_in(
        const QueryResult& answer, const TablePlan& plan, const TableRows& rows) {
    std::vector<RefusedRow> refused;
    for (int i = 0; i < PQntuples(answer.get()); ++i) {
        const auto row = static_cast<std::size_t>(number(answer, i, 0));
        const std::size_t number_in_write = rows.number_in_write(plan.rows[row]);
        const std::string_view code = field(answer, i, 1);
        if (code.empty()) {
            refused.push_back(kept_out(number_in_write, *plan.table));
            continue;
        }
        if (failure_of(code) != FailureKind::refused) {
            return std::nullopt;
        }
        refused.push_back({number_in_write, std::string(code),
            std::string(field(answer, i, 2).substr(0, 400))});
    }
    return refused;
}

}  // namespace foz::sink::postgres
