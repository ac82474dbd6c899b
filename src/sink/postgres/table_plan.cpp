// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_plan.h"

#include <utility>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {

void TablePlan::settled_as(CatalogueTable now) {
    found = std::move(now);
    columns.clear();
}

bool TablePlan::make_current() {
    if (version == table->version && columns.size() == table->columns.size()) {
        return true;
    }
    auto made = targets(*table, found);
    if (!made) {
        return false;
    }
    columns = std::move(*made);
    version = table->version;
    std::vector<std::string> names;
    for (const TargetColumn& column : columns) {
        names.push_back(column.name);
    }
    column_list = quoted_list(names);
    return true;
}

SinkResult<void> take_rows(const TableRows& rows, std::span<TablePlan> plans) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
        TablePlan& plan = plans[i];
        plan.rows = rows.of(i);
        if (!plan.rows.empty() && !plan.make_current()) {
            return fail(
                Failure::schema, "table {} lacks columns that it should have", plan.table->name
            );
        }
    }
    return {};
}

}  // namespace foz::sink::postgres
