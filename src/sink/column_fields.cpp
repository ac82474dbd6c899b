// SPDX-License-Identifier: Apache-2.0
#include "sink/column_fields.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "base/log.h"
#include "mapping/column_name.h"

namespace foz::sink {
namespace {

// As an INSERT has them after VALUES; "" when there are none.
std::string field_values(const mapping::Table& table, QuoteText quoted) {
    std::string values;
    for (const mapping::Column& column : table.columns) {
        if (!column.field.empty()) {
            values += fmt::format("{}({}, {}, {})", values.empty() ? "" : ", ", quoted(table.name),
                    quoted(column.name), quoted(column.field));
        }
    }
    return values;
}

}  // namespace

SinkResult<ColumnFields> exchange_fields(
        SqlSession& session, const mapping::Table& table, bool made_anew) {
    const OwnTablesSql& own = session.own_tables();
    auto there = session.rows_of(std::string(own.find_fields), "cannot read the catalogue");
    if (!there) {
        return pass_on(there);
    }
    const std::string of_table = " WHERE table_name = " + own.quoted(table.name);
    std::string change;
    if (there->empty()) {
        change = fmt::format("{}; ", own.create_fields);
    }
    if (made_anew) {
        change += fmt::format("DELETE FROM foz_columns{}; ", of_table);
    }
    if (const std::string values = field_values(table, own.quoted); !values.empty()) {
        change += fmt::format("INSERT INTO foz_columns VALUES {}{}", values, own.keep_field);
    }
    if (!change.empty()) {
        if (auto changed = session.execute(change, "cannot write foz_columns"); !changed) {
            return pass_on(changed);
        }
    }
    auto rows = session.rows_of(
            "SELECT column_name, field FROM foz_columns" + of_table, "cannot read foz_columns");
    if (!rows) {
        return pass_on(rows);
    }
    ColumnFields fields;
    for (const TextRow& row : *rows) {
        fields.emplace_back(row[0].value_or(""), row[1].value_or(""));
    }
    return fields;
}

void set_fields(std::vector<mapping::Column>& columns, const ColumnFields& fields) {
    for (const auto& named : fields) {
        const auto column = std::ranges::find_if(columns, [&](const mapping::Column& one) {
            return mapping::same_name(one.name, named.first);
        });
        if (column != columns.end()) {
            column->field = named.second;
        }
    }
}

void warn_of_forgetfulness(std::string_view why) {
    static std::atomic<bool> warned = false;
    if (!warned.exchange(true)) {
        spdlog::warn(
                "foz_columns cannot be made or written ({}): after a restart, of two fields whose "
                "names become the same column, the first to come has it",
                why);
    }
}

}  // namespace foz::sink
