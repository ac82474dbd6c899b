// SPDX-License-Identifier: Apache-2.0
#include "sink/runner_status.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"

namespace foz::sink {

std::string_view name_of(RunnerState state) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "connecting", "running", "retrying", "blocked", "finished", "stopped"
    };
    return kNames[static_cast<std::size_t>(state)];
}

StatusBoard::StatusBoard(
    const Clock& clock,
    std::string database,
    std::string lane,
    std::span<const mapping::RouteInfo> routes
)
    : clock_(clock) {
    status_.database = std::move(database);
    status_.lane = std::move(lane);
    status_.since = clock.system_now();
    for (const mapping::RouteInfo& route : routes) {
        status_.ledger.push_back({route.name, 0, 0, 0});
    }
}

RunnerStatus StatusBoard::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

bool StatusBoard::wait_until_settled(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] {
        return status_.state == RunnerState::finished || status_.state == RunnerState::blocked ||
               status_.state == RunnerState::stopped;
    });
}

void StatusBoard::set_state(RunnerState state, std::string error) {
    {
        const std::lock_guard lock(mutex_);
        if (status_.state == state && status_.last_error == error) {
            return;
        }
        status_.state = state;
        status_.last_error = error;
        status_.since = clock_.system_now();
    }
    changed_.notify_all();
    // The names do not change once they are set.
    if (state == RunnerState::blocked) {
        spdlog::error("database {} ({}) needs a person: {}", status_.database, status_.lane, error);
    } else if (state == RunnerState::retrying) {
        spdlog::warn("database {} ({}): {}; trying again", status_.database, status_.lane, error);
    } else {
        spdlog::info("database {} ({}): {}", status_.database, status_.lane, name_of(state));
    }
}

void StatusBoard::add_failure(const SinkError& error) {
    {
        const std::lock_guard lock(mutex_);
        ++status_.failures;
    }
    set_state(
        error.failure == Failure::refused ? RunnerState::blocked : RunnerState::retrying,
        error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code)
    );
}

void StatusBoard::set_progress(const Cursor& cursor, std::span<const LedgerLine> ledger) {
    const std::lock_guard lock(mutex_);
    status_.cursor = cursor;
    for (LedgerLine& line : status_.ledger) {
        const auto found = std::ranges::find(ledger, line.route, &LedgerLine::route);
        line = found != ledger.end() ? *found : LedgerLine{line.route, 0, 0, 0};
    }
}

void StatusBoard::add_commit(const Cursor& cursor, const Written& written, const Commit& commit) {
    const std::lock_guard lock(mutex_);
    status_.cursor = cursor;
    ++status_.batches;
    for (std::size_t i = 0; i < status_.ledger.size(); ++i) {
        status_.ledger[i].stored += written.stored[i];
        status_.ledger[i].duplicate += written.duplicate[i];
        status_.ledger[i].dead += commit.dead[i];
    }
}

}  // namespace foz::sink
