// SPDX-License-Identifier: Apache-2.0
#include "admin/verification.h"

#include <algorithm>
#include <utility>

#include "pipeline/standstill_record.h"
#include "sink/make_sink.h"
#include "state/lane_history.h"

namespace foz::admin {
namespace {

Result<pipeline::Verification> verify_database(
        const DataFolder& folder, const config::Database& database, bool count_rows) {
    auto mapped = sink::make_mapped_sink(folder.settings(), database);
    if (!mapped) {
        return pass_on(mapped);
    }
    const pipeline::VerifiedDatabase verified{database.name, database.lanes, folder.journal_id(),
        *mapped->sink, mapped->mapping, count_rows};
    auto found = pipeline::verify(
            verified, folder.state(), [&] { return open_journal(folder.settings()); });
    if (!found) {
        return fail(found.error().code, "database {}: {}", database.name, found.error().message);
    }
    return found;
}

}  // namespace

std::string_view text_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::adds_up: return "it adds up";
        case Verdict::stands_still:
            return "it adds up, but readings wait for a lane that stands still";
        case Verdict::not_checked: return "not everything could be checked";
        case Verdict::differs: return "it does not add up";
    }
    return "";
}

Verdict VerificationReport::verdict() const {
    const bool differs = std::ranges::any_of(databases, [](const DatabaseVerification& database) {
        return database.found && !database.found->differences.empty();
    });
    const bool checked = std::ranges::all_of(databases,
            [](const DatabaseVerification& database) { return database.found.has_value(); });
    return differs                ? Verdict::differs
           : !checked             ? Verdict::not_checked
           : !standstills.empty() ? Verdict::stands_still
                                  : Verdict::adds_up;
}

Result<VerificationReport> verify(const DataFolder& folder, bool count_rows,
        const std::function<void(const DatabaseVerification&)>& each) {
    VerificationReport report;
    for (const config::Database& database : folder.settings().databases) {
        report.databases.push_back({database.name, verify_database(folder, database, count_rows)});
        each(report.databases.back());
    }
    auto standstills = pipeline::standstills_of(folder.settings());
    if (!standstills) {
        return pass_on(standstills);
    }
    report.standstills = *std::move(standstills);
    std::erase_if(report.standstills,
            [&](const state::StandstillNote& note) { return note.journal != folder.journal_id(); });
    return report;
}

Result<void> accept_gaps(const DataFolder& folder) {
    return state::accept_gaps(folder.state(), folder.journal_id());
}

}  // namespace foz::admin
