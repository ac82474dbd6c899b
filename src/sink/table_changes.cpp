// SPDX-License-Identifier: Apache-2.0
#include "sink/table_changes.h"

#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace foz::sink {
namespace {

/// With a reason such as "column x cannot be added: must be owner of table t [42501]".
mapping::Refusal refusal(std::string column, std::string_view failure, const SinkError& error) {
    return {std::move(column), fmt::format("{}: {} [{}]", failure, error.message, error.code)};
}

}  // namespace

Change column_added(const mapping::Column& column, std::string_view name, std::string_view type) {
    return {column.name, fmt::format("ADD COLUMN {} {}", name, type),
        fmt::format("column {} cannot be added", column.name)};
}

Change column_retyped(const mapping::Column& column, std::string_view type, std::string clause) {
    return {column.name, std::move(clause),
        fmt::format("column {} cannot become {}", column.name, type)};
}

std::string large_integer_query(std::string_view table, std::string_view column) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    return fmt::format(
            "SELECT 1 FROM {0} WHERE {1} > {2} OR {1} < -{2} LIMIT 1", table, column, kExact);
}

mapping::Refusal kept_integer(std::string_view table, const Change& change) {
    return {change.column,
        fmt::format("{}: table {} holds whole numbers beyond 2^53 in it, which a double would "
                    "round; make it a decimal column yourself, or declare the route's columns",
                change.failure, table)};
}

void log_created(std::string_view table) {
    spdlog::info("table {}: created", table);
}

void log_changed(std::string_view table, std::string_view clauses) {
    spdlog::info("table {}: changed: {}", table, clauses);
}

SinkResult<std::vector<mapping::Refusal>> make_changes(std::span<const Change> changes,
        const Alter& alter, Refused (*refused)(std::string_view code)) {
    std::vector<mapping::Refusal> refusals;
    std::string clauses;
    for (const Change& change : changes) {
        clauses += (clauses.empty() ? "" : ", ") + change.clause;
    }
    auto altered = alter(clauses);
    if (altered) {
        return refusals;
    }
    switch (refused(altered.error().code)) {
        case Refused::no: return pass_on(altered);
        case Refused::altering:
            refusals.push_back(refusal("", "it cannot be changed", altered.error()));
            return refusals;
        case Refused::change: break;
    }
    for (const Change& change : changes) {
        if (changes.size() > 1) {
            altered = alter(change.clause);
        }
        if (!altered && refused(altered.error().code) == Refused::no) {
            return pass_on(altered);
        }
        if (!altered) {
            refusals.push_back(refusal(change.column, change.failure, altered.error()));
        }
    }
    return refusals;
}

}  // namespace foz::sink
