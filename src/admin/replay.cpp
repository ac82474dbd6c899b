// SPDX-License-Identifier: Apache-2.0
#include "admin/replay.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "mapping/mapping.h"
#include "pipeline/cursor_position.h"
#include "pipeline/runner.h"
#include "sink/make_sink.h"

namespace foz::admin {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLaneBytesMax = 128;  // what foz_cursor takes in every database

struct Plan {
    pipeline::RunnerOptions lane;
    journal::Position until;
};

Result<std::string> lane_of(const ReplayRequest& request, journal::Position from) {
    std::string lane = !request.name.empty()   ? "replay-" + request.name
                       : request.route.empty() ? fmt::format("replay-{}", from)
                                               : fmt::format("replay-{}-{}", from, request.route);
    if (lane.size() > kLaneBytesMax) {
        return fail(ErrorCode::invalid,
                "the replay's name \"{}\" is {} bytes long and may have {} at most: give a shorter "
                "--name",
                lane, lane.size(), kLaneBytesMax);
    }
    return lane;
}

Result<Plan> plan(const ReplayRequest& request, journal::Journal& journal) {
    auto from = position_from(journal, request.from);
    if (!from) {
        return pass_on(from);
    }
    const journal::Position end = journal.durable_end();
    Result<journal::Position> to = request.to.empty() ? end : position_from(journal, request.to);
    if (!to) {
        return pass_on(to);
    }
    if (*from < journal.status().first || *from > end) {
        return fail(ErrorCode::not_found,
                "the journal has the records from {} up to, but not including, {}; {} is not among "
                "them",
                journal.status().first, end, *from);
    }
    if (*to < *from) {
        return fail(ErrorCode::invalid, "--to {} is before --from {}", *to, *from);
    }
    auto lane = lane_of(request, *from);
    if (!lane) {
        return pass_on(lane);
    }
    Plan made{.lane = {}, .until = std::min(*to, end)};
    made.lane.lane = *std::move(lane);
    made.lane.since = *from;
    made.lane.until = made.until;
    made.lane.holds_journal = false;
    return made;
}

/// The settings with the replayed routes only.
Result<config::Settings> replayed_settings(config::Settings settings, const std::string& route) {
    if (route.empty()) {
        return settings;
    }
    std::erase_if(settings.routes, [&](const config::Route& other) {
        return other.name != route && fmt::format("{} -> {}", other.topic, other.table) != route;
    });
    if (settings.routes.empty()) {
        return fail(ErrorCode::invalid, "there is no route \"{}\"", route);
    }
    return settings;
}

/// Whether this replay came to its end before. A database that cannot be asked is the runner's to
/// wait for.
bool is_done(sink::Sink& sink, const std::string& journal_id, const Plan& plan) {
    const auto audit = sink.audit(journal_id, {});
    sink.close();
    return audit && std::ranges::any_of(audit->lanes, [&](const sink::LaneState& lane) {
        return lane.lane == plan.lane.lane && pipeline::position_of(lane.cursor) >= plan.until;
    });
}

/// Writes what `mapping` makes of the journal. Error: what kept it from its end.
Result<std::vector<sink::LedgerLine>> write(const DataFolder& folder, const Plan& plan,
        mapping::Mapping mapping, std::unique_ptr<sink::Sink> sink,
        const std::function<void(const ReplayProgress&)>& on_progress) {
    pipeline::Runner runner({folder.journal(), folder.state(), real_clock(), std::move(mapping),
                                std::move(sink), {}},
            plan.lane);
    runner.start();
    while (!runner.wait_until_over(real_clock().steady_now() + 1s)) {
        pipeline::RunnerStatus status = runner.status();
        on_progress({plan.lane.database, pipeline::position_of(status.cursor), plan.until,
            std::move(status.last_error)});
    }
    runner.stop(real_clock().steady_now());
    pipeline::RunnerStatus status = runner.status();
    if (pipeline::position_of(status.cursor) < plan.until) {
        return fail(
                ErrorCode::unavailable, "database {}: {}", plan.lane.database, status.last_error);
    }
    return std::move(status.ledger);
}

DatabaseReplay replay_into(const DataFolder& folder, const config::Database& database,
        mapping::Mapping mapping, Plan plan,
        const std::function<void(const ReplayProgress&)>& on_progress) {
    DatabaseReplay done{
        .database = database.name, .lane = plan.lane.lane, .was_complete = false, .ledger = {}};
    auto sink = sink::make_sink(folder.settings(), database);
    if (!sink) {
        done.ledger = pass_on(sink);
        return done;
    }
    done.was_complete = is_done(**sink, folder.journal_id(), plan);
    if (!done.was_complete) {
        plan.lane.database = database.name;
        plan.lane.batch_rows_max = database.batch_rows_max;
        plan.lane.retry_delay_max = database.retry_delay_max;
        done.ledger = write(folder, plan, std::move(mapping), *std::move(sink), on_progress);
    }
    return done;
}

}  // namespace

Result<void> replay(const DataFolder& folder, const ReplayRequest& request,
        const std::function<void(const ReplayProgress&)>& on_progress,
        const std::function<void(const DatabaseReplay&)>& each) {
    auto settings = replayed_settings(folder.settings(), request.route);
    if (!settings) {
        return pass_on(settings);
    }
    auto planned = plan(request, folder.journal());
    if (!planned) {
        return pass_on(planned);
    }
    for (const config::Database& database : settings->databases) {
        auto mapping = mapping::Mapping::compile(*settings, database.name);
        if (!mapping) {
            each({database.name, planned->lane.lane, false, pass_on(mapping)});
        } else if (!mapping->routes().empty()) {
            each(replay_into(folder, database, *std::move(mapping), *planned, on_progress));
        }
    }
    return {};
}

}  // namespace foz::admin
