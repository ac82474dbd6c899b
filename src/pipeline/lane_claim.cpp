// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_claim.h"

#include "base/log.h"
#include "pipeline/cursor_owner.h"
#include "pipeline/cursor_position.h"
#include "pipeline/lane_start.h"
#include "pipeline/lost_replays.h"
#include "state/cursor_writers.h"
#include "state/dead_letters.h"
#include "state/lane_history.h"
#include "state/replayed_letters.h"
#include "state/route_starts.h"

namespace foz::pipeline {

LaneClaim::LaneClaim(
        RunnerDependencies& dependencies, const RunnerOptions& options, JournalHold& hold)
    : dependencies_(dependencies),
      options_(options),
      hold_(hold),
      name_{.journal = dependencies.journal.status().id, .lane = options.lane} {}

sink::SinkResult<sink::LaneName> LaneClaim::name() {
    if (name_.writer.empty()) {
        auto writer =
                state::new_cursor_writer(dependencies_.state, options_.database, options_.lane);
        if (!writer) {
            return sink::retry_after(writer.error());
        }
        name_.writer = *std::move(writer);
    }
    return name_;
}

sink::SinkResult<LaneClaim::Start> LaneClaim::start_from(const sink::Connected& found) {
    auto here = fingerprint_before(dependencies_.journal, position_of(found.cursor));
    if (!here) {
        return sink::retry_after(here.error());
    }
    const auto foreign = foreign_owner(dependencies_.state, found.cursor, found.mark, *here);
    if (!foreign) {
        return sink::retry_after(foreign.error());
    }
    if (*foreign) {
        return fail(sink::FailureKind::blocked, "{}", **foreign);
    }
    LaneFacts facts;
    facts.found = found.cursor;
    facts.since = options_.since;
    facts.first = dependencies_.journal.status().first;
    facts.end = dependencies_.journal.durable_end();
    facts.known = hold_.known();
    facts.replays = !options_.holds_journal;
    const LaneStart start = lane_start(facts);
    if (start.blocked) {
        return fail(sink::FailureKind::blocked, "{}", *start.blocked);
    }
    if (start.gap) {
        if (auto reported = report_gap(start.gap->first, start.gap->second); !reported) {
            return pass_on(reported);
        }
    }
    hold_.move_to(position_of(start.cursor));
    const auto forgotten = state::forget_from(dependencies_.state, name_.journal, options_.database,
            options_.lane, {start.cursor.position, start.cursor.ordinal});
    if (!forgotten) {
        return sink::retry_after(forgotten.error());
    }
    if (start.cursor == found.cursor) {
        return Start{start.cursor, *here == 0 ? found.mark.fingerprint : *here};
    }
    here = fingerprint_before(dependencies_.journal, position_of(start.cursor));
    if (!here) {
        return sink::retry_after(here.error());
    }
    return Start{start.cursor, *here};
}

sink::SinkResult<void> LaneClaim::claim(const sink::Connected& found, const Start& start) {
    if (found.mark.writer == name_.writer) {
        return {};
    }
    const mapping::RowBatch nothing;
    sink::Commit commit{
        start.cursor, std::vector<std::int64_t>(dependencies_.mapping.routes().size(), 0)};
    commit.fingerprint = start.fingerprint;
    auto written = dependencies_.sink->write(nothing, 0, 0, commit);
    if (!written) {
        return pass_on(written);
    }
    return {};
}

sink::SinkResult<void> LaneClaim::note_routes(journal::Position from) {
    if (has_noted_routes_ || !options_.holds_journal) {
        return {};
    }
    std::vector<state::RouteOfTable> routes;
    for (const mapping::RouteInfo& route : dependencies_.mapping.routes()) {
        routes.push_back({route.name, route.table->name});
    }
    const auto noted = state::note_routes(dependencies_.state,
            {name_.journal, options_.database, options_.lane, options_.lanes}, routes, from);
    if (!noted) {
        return sink::retry_after(noted.error());
    }
    has_noted_routes_ = true;
    return {};
}

sink::SinkResult<void> LaneClaim::look_after_replays() {
    if (!options_.holds_journal || options_.cap) {
        return {};
    }
    const auto lost = take_back_lost_replays(
            *dependencies_.sink, dependencies_.state, name_.journal, options_.database);
    if (!lost) {
        return std::unexpected(lost.error());
    }
    if (*lost > 0) {
        spdlog::error(
                "database {}: {} dead letters that were replayed are not there any more: it has "
                "come back from an older state, or failed over to a server that was behind. They "
                "wait again: foz dead replay",
                options_.database, *lost);
    }
    const auto forgotten = state::forget_replayed_before(
            dependencies_.state, dependencies_.clock.system_now() - options_.replayed_kept);
    if (!forgotten) {
        return sink::retry_after(forgotten.error());
    }
    return {};
}

sink::SinkResult<void> LaneClaim::report_gap(journal::Position first, journal::Position past) {
    spdlog::error(
            "database {}: records {} to {} are missing: it needs them and the journal no longer "
            "has them. Going on at {}; foz verify reports this until it is accepted",
            options_.database, first, past.previous().value_or(first), past);
    const state::Gap gap{name_.journal, options_.database, options_.lane, first, past,
        dependencies_.clock.system_now(), false};
    if (auto saved = state::save_gap(dependencies_.state, gap); !saved) {
        return sink::retry_after(saved.error());
    }
    return {};
}

}  // namespace foz::pipeline
