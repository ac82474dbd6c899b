// SPDX-License-Identifier: Apache-2.0
#include "sink/table_changes.h"

#include <utility>

#include <fmt/format.h>

namespace foz::sink {
namespace {

/// With a reason such as "column x cannot be added: must be owner of table t [42501]".
mapping::Refusal refusal(std::string column, std::string_view failure, const SinkError& error) {
    return {std::move(column), fmt::format("{}: {} [{}]", failure, error.message, error.code)};
}

}  // namespace

SinkResult<std::vector<mapping::Refusal>> make_changes(
    std::span<const Change> changes, const Alter& alter, Refused (*refused)(std::string_view code)
) {
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
