// SPDX-License-Identifier: Apache-2.0
#include "sink/loss.h"

#include <fmt/format.h>

#include "mapping/number.h"

namespace foz::sink {
namespace {

constexpr std::string_view kHint = "; alter the column, or set round = true for it in the route";

std::string written(const mapping::Value& value) {
    switch (value.type()) {
        case mapping::ColumnType::integer: return fmt::format("{}", value.integer());
        case mapping::ColumnType::real: return fmt::format("{}", value.real());
        default: return std::string(value.text().substr(0, 60));
    }
}

}  // namespace

Loss loss_in_double(const mapping::Value& value, double real) {
    const bool changed = (value.type() == mapping::ColumnType::integer &&
                                 mapping::changes_whole_number(value.integer(), real)) ||
                         (value.type() == mapping::ColumnType::decimal &&
                                 mapping::changes_whole_number(value.text(), real));
    if (!changed) {
        return std::nullopt;
    }
    return fmt::format("a double cannot hold {} exactly{}", written(value), kHint);
}

Loss loss_in_float(const mapping::Value& value, double real) {
    if (mapping::fits_float(real)) {
        return loss_in_double(value, real);
    }
    return fmt::format("a single-precision number would round {}{}", written(value), kHint);
}

Loss loss_of_places(std::string_view number, std::int64_t places) {
    if (mapping::decimal_places(number) <= places) {
        return std::nullopt;
    }
    return fmt::format("{} would be rounded to {} places behind the point{}", number.substr(0, 60),
            places, kHint);
}

Loss loss_of_fraction(const mapping::Value& time, std::int64_t digits) {
    constexpr std::int64_t kDigitsMax = 6;
    std::int64_t step = 1;
    for (std::int64_t i = digits; i < kDigitsMax; ++i) {
        step *= 10;
    }
    if (time.integer() % step == 0) {
        return std::nullopt;
    }
    return fmt::format("it would cut off the fraction of the time's second{}", kHint);
}

bool may_round(const mapping::Table& table, const mapping::Column& column) {
    return column.rounds || (table.inferred && &column == table.columns.data());
}

std::string coarse_time_warning(const mapping::Table& table, const mapping::Column& column,
        std::string_view type, std::string_view alter) {
    return fmt::format("column {} is {}, which cuts off a part of each second: {}; {} keeps it{}",
            column.name, type,
            may_round(table, column) ? "the time of receipt loses it"
                                     : "readings with one are refused",
            alter,
            table.inferred ? "" : ", round = true for the column in the route lets it be cut");
}

}  // namespace foz::sink
