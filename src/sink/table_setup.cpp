// SPDX-License-Identifier: Apache-2.0
#include "sink/table_setup.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "sink/column_fields.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink {

SinkResult<TablePreparation> TableSetup::prepare() {
    auto found = make_fit();
    if (!found) {
        return pass_on(found);
    }
    if (table_.inferred && !found->columns.empty()) {
        if (auto exchanged = exchange_fields(found->columns); !exchanged) {
            return pass_on(exchanged);
        }
    }
    return TablePreparation{
        .table = {std::move(found->columns), std::move(refused_)},
        .warnings = std::move(found->warnings),
    };
}

SinkResult<FoundTable> TableSetup::make_fit() {
    constexpr int kAttemptsMax = 6;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        auto looked_up = find();
        if (!looked_up) {
            return pass_on(looked_up);
        }
        std::optional<FoundTable>& found = *looked_up;
        if (!found) {
            if (table_.columns.empty()) {
                return FoundTable{};  // inferred, and nothing has been received yet
            }
            if (auto created = create(); !created) {
                return pass_on(created);
            }
            continue;
        }
        auto changed = change(*found);
        if (!changed) {
            return pass_on(changed);
        }
        if (!*changed) {
            return std::move(*found);
        }
    }
    return fail(FailureKind::retry, "table {} does not become what it should be", table_.name);
}

SinkResult<void> TableSetup::create() {
    auto hint = hint_at_other_case();
    if (!hint) {
        return pass_on(hint);
    }
    if (!hint->empty()) {
        spdlog::warn("table {} is made anew: {}", table_.name, *hint);
    }
    auto created = session_.execute(
            create_statement(), fmt::format("cannot create table {}", table_.name));
    if (created) {
        log_created(table_.name);
        made_ = true;
    }
    return created;
}

bool TableSetup::is_refused(const std::string& column) const {
    return std::ranges::any_of(refused_, [&](const mapping::Refusal& one) {
        return one.column.empty() || one.column == column;
    });
}

// False: there was nothing left to change.
SinkResult<bool> TableSetup::change(FoundTable& found) {
    std::erase_if(found.changes, [&](const Change& one) { return is_refused(one.column); });
    std::erase_if(found.impossible, [&](const auto& one) { return is_refused(one.column); });
    std::ranges::move(found.impossible, std::back_inserter(refused_));
    std::vector<Change> changes;
    for (Change& one : found.changes) {
        const auto rounds = rounds_stored(one);
        if (!rounds) {
            return std::unexpected(rounds.error());
        }
        if (*rounds) {
            refused_.push_back(kept_integer(table_.name, one));
        } else {
            changes.push_back(std::move(one));
        }
    }
    if (changes.empty()) {
        return false;
    }
    auto refused = make_changes(
            changes, [&](const std::string& clauses) { return alter(clauses); }, refused_by_);
    if (!refused) {
        return pass_on(refused);
    }
    std::ranges::move(*refused, std::back_inserter(refused_));
    return true;
}

// A double cannot hold all integers beyond 2^53: the database would round the ones that are stored
// already.
SinkResult<bool> TableSetup::rounds_stored(const Change& change) {
    if (change.large_integer_query.empty()) {
        return false;
    }
    auto large = session_.rows_of_long(
            change.large_integer_query, fmt::format("cannot read table {}", table_.name));
    if (!large) {
        return pass_on(large);
    }
    return !large->empty();
}

SinkResult<void> TableSetup::exchange_fields(std::vector<mapping::Column>& columns) {
    auto fields = apart(session_, [&] { return sink::exchange_fields(session_, table_, made_); });
    if (fields) {
        set_fields(columns, *fields);
        return {};
    }
    if (refused_by_(fields.error().code) != Refused::altering) {
        return pass_on(fields);
    }
    warn_of_forgetfulness(fields.error().message);
    return {};
}

SinkResult<std::string> TableSetup::describe() {
    auto looked_up = find();
    if (!looked_up) {
        return pass_on(looked_up);
    }
    if (std::optional<FoundTable>& found = *looked_up) {
        if (const auto& impossible = found->impossible; !impossible.empty()) {
            return fail(
                    FailureKind::blocked, "table {}: {}", table_.name, impossible.front().reason);
        }
        return with_warnings(std::move(found->line), found->warnings);
    }
    if (auto creatable = check_creatable(); !creatable) {
        return pass_on(creatable);
    }
    auto hint = hint_at_other_case();
    if (!hint) {
        return pass_on(hint);
    }
    std::vector<std::string> warnings = warnings_of_new(table_);
    if (!hint->empty()) {
        warnings.push_back(std::move(*hint));
    }
    return with_warnings(fmt::format("table {}: will be created", table_.name), warnings);
}

}  // namespace foz::sink
