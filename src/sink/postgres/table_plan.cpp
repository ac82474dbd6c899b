// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_plan.h"

#include <utility>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {

void TablePlan::prepared_as(CatalogueTable now) {
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
    list_columns();
    return true;
}

void TablePlan::list_columns() {
    std::vector<std::string> names;
    needs_text = false;
    for (const TargetColumn& column : columns) {
        if (!column.left_out) {
            names.push_back(column.name);
            needs_text = needs_text || column.needs_text();
        }
    }
    column_list = quoted_list(names);
    fields = names.size();
}

void TablePlan::restrict_to(RowGroup group_at_hand) {
    group = std::move(group_at_hand);
    rows = group.rows;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        columns[i].left_out = group.left_out[i];
    }
    list_columns();
}

SinkResult<void> take_rows(
        const TableRows& rows, std::span<TablePlan> plans, std::deque<TablePlan>& more) {
    more.clear();
    for (std::size_t i = 0; i < plans.size(); ++i) {
        TablePlan& plan = plans[i];
        plan.rows = rows.of(i);
        if (!plan.rows.empty() && !plan.make_current()) {
            return fail(FailureKind::schema, "table {} lacks columns that it should have",
                    plan.table->name);
        }
        if (plan.rows.empty() || !rows.has_defaults(i)) {
            continue;
        }
        plan.group = {};  // not to be copied
        auto groups = rows.groups_of(i);
        for (std::size_t other = 1; other < groups.size(); ++other) {
            more.emplace_back(plan).restrict_to(std::move(groups[other]));
        }
        plan.restrict_to(std::move(groups.front()));
    }
    return {};
}

}  // namespace foz::sink::postgres
