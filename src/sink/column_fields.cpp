// SPDX-License-Identifier: Apache-2.0
#include "sink/column_fields.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "base/log.h"
#include "mapping/column_name.h"

namespace foz::sink {

std::string field_values(const mapping::Table& table, QuoteText quoted) {
    std::string values;
    for (const mapping::Column& column : table.columns) {
        if (!column.field.empty()) {
            values += fmt::format(
                "{}({}, {}, {})",
                values.empty() ? "" : ", ",
                quoted(table.name),
                quoted(column.name),
                quoted(column.field)
            );
        }
    }
    return values;
}

std::string fields_query(const mapping::Table& table, QuoteText quoted) {
    return fmt::format(
        "SELECT column_name, field FROM foz_columns WHERE table_name = {}", quoted(table.name)
    );
}

std::string forget_fields(const mapping::Table& table, QuoteText quoted) {
    return fmt::format("DELETE FROM foz_columns WHERE table_name = {}", quoted(table.name));
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
            why
        );
    }
}

}  // namespace foz::sink
