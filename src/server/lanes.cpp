// SPDX-License-Identifier: Apache-2.0
#include "server/lanes.h"

#include <algorithm>
#include <utility>

#include "pipeline/lane_layout.h"
#include "pipeline/orphaned_cursors.h"
#include "sink/make_sink.h"
#include "state/standstills.h"

namespace foz::server {

namespace {

Result<pipeline::SideLaneDependencies> make_side_lane(
        const config::Settings& settings, const std::string& database) {
    const auto configured =
            std::ranges::find(settings.databases, database, &config::Database::name);
    auto mapped = sink::make_mapped_sink(settings, *configured);
    if (!mapped) {
        return pass_on(mapped);
    }
    return pipeline::SideLaneDependencies{std::move(mapped->mapping), std::move(mapped->sink)};
}

}  // namespace

Result<void> Lanes::prepare(const config::Settings& settings) {
    unrouted_ = std::make_unique<Unrouted>(settings, clock_);
    for (const config::Database& database : settings.databases) {
        if (auto prepared = prepare_database(settings, database); !prepared) {
            return prepared;
        }
    }
    {
        const MutexLock lock(mutex_);
        positions_.resize(runners_.size());
    }
    if (auto removed = state::remove_standstills_of_others(state_, journal_.status().id);
            !removed) {
        return removed;
    }
    pipeline::warn_of_orphaned_cursors(journal_, settings.databases);
    return {};
}

Result<void> Lanes::prepare_database(
        const config::Settings& settings, const config::Database& database) {
    const auto layout =
            pipeline::choose_lane_layout(state_, journal_, database.name, database.lanes);
    if (!layout) {
        return std::unexpected(layout.error());
    }
    // One database looks out for all; whether others take the message is Unrouted's business.
    pipeline::NoteUnrouted note_unrouted;
    if (&database == &settings.databases.front()) {
        note_unrouted = [this](const mqtt::Message& message) { unrouted_->note(message); };
    }
    for (std::uint32_t lane = 0; lane < database.lanes; ++lane) {
        auto mapped = sink::make_mapped_sink(settings, database);
        if (!mapped) {
            return pass_on(mapped);
        }
        const std::size_t number = runners_.size();
        pipeline::RunnerOptions options;
        options.database = database.name;
        options.lane = pipeline::lane_name(lane);
        options.lane_index = lane;
        options.lanes = database.lanes;
        options.since = layout->since;
        options.batch_rows_max = database.batch_rows_max;
        options.batch_delay = database.batch_delay;
        options.retry_delay_max = database.retry_delay_max;
        options.replayed_kept = settings.journal.retain_age;
        runners_.push_back(std::make_unique<pipeline::Runner>(
                pipeline::RunnerDependencies{
                    .journal = journal_,
                    .state = state_,
                    .clock = clock_,
                    .mapping = std::move(mapped->mapping),
                    .sink = std::move(mapped->sink),
                    .on_committed =
                            [this, number](journal::Position position) {
                                note_committed(number, position);
                            },
                    .on_unrouted = note_unrouted,
                    .make_side_lane =
                            [copy = std::make_shared<config::Settings>(settings),
                                    name = database.name] { return make_side_lane(*copy, name); },
                },
                options));
    }
    return {};
}

void Lanes::start(Committed committed) {
    committed_ = std::move(committed);
    for (const auto& runner : runners_) {
        runner->start();
    }
}

void Lanes::note_committed(std::size_t lane, journal::Position position) {
    const MutexLock lock(mutex_);
    positions_[lane] = position;
    const journal::Position lowest = std::ranges::min(positions_);
    if (lowest > lowest_) {
        lowest_ = lowest;
        committed_(lowest);
    }
}

void Lanes::stop(SteadyTime deadline) {
    for (const auto& runner : runners_) {
        runner->request_stop(deadline);
    }
    for (const auto& runner : runners_) {
        runner->join();
    }
}

std::vector<pipeline::RunnerStatus> Lanes::status() const {
    std::vector<pipeline::RunnerStatus> status;
    status.reserve(runners_.size());
    for (const auto& runner : runners_) {
        status.push_back(runner->status());
        std::ranges::move(runner->side_status(), std::back_inserter(status));
    }
    return status;
}

}  // namespace foz::server
