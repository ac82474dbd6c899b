// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runner_status.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "pipeline/time_limit.h"

namespace foz::pipeline {

std::string_view name_of(RunnerState state) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "connecting", "running", "retrying", "blocked", "finished", "stopped"};
    return kNames[static_cast<std::size_t>(state)];
}

StatusBoard::StatusBoard(const Clock& clock, std::string database, std::string lane,
        std::span<const mapping::RouteInfo> routes, StandstillRecord record)
    : clock_(clock),
      log_name_(fmt::format("database {} ({})", database, lane)),
      record_(std::move(record)) {
    status_.database = std::move(database);
    status_.lane = std::move(lane);
    status_.since = clock.system_now();
    for (const mapping::RouteInfo& route : routes) {
        status_.ledger.push_back({route.name, 0, 0, 0});
    }
}

RunnerStatus StatusBoard::status() const {
    const MutexLock lock(mutex_);
    return status_;
}

bool StatusBoard::wait_until_over(SteadyTime deadline) {
    const MutexLock lock(mutex_);
    return changed_.wait_until(mutex_, deadline, [this]() FOZ_REQUIRES(mutex_) {
        return status_.state == RunnerState::finished || status_.state == RunnerState::blocked ||
               status_.state == RunnerState::stopped;
    });
}

void StatusBoard::set_state(RunnerState state, std::string error) {
    if (state == RunnerState::running) {
        note_movement();
    }
    {
        const MutexLock lock(mutex_);
        if (status_.state == state && status_.last_error == error) {
            return;
        }
        status_.state = state;
        status_.last_error = error;
        status_.since = clock_.system_now();
    }
    changed_.notify_all();
    if (state == RunnerState::blocked) {
        spdlog::error("{} needs a person: {}", log_name_, error);
    } else if (state == RunnerState::retrying) {
        spdlog::warn("{}: {}; trying again", log_name_, error);
    } else {
        spdlog::info("{}: {}", log_name_, name_of(state));
    }
}

void StatusBoard::add_failure(
        SteadyTime began, const sink::SinkError& error, std::uint64_t waiting) {
    {
        const MutexLock lock(mutex_);
        ++status_.failures;
    }
    const bool needs_person = error.failure == sink::FailureKind::blocked;
    const std::string text = text_of(error);
    set_state(needs_person ? RunnerState::blocked : RunnerState::retrying, text);
    const auto line = standstill_.failed(began, clock_, waiting, text, needs_person);
    if (line) {
        spdlog::error("{} {}", log_name_, *line);
    }
    if (const auto length = standstill_.told_length(clock_.steady_now())) {
        record_.keep(*length, waiting, text, needs_person, line.has_value());
    }
}

void StatusBoard::note_movement() {
    record_.remove();
    if (const auto line = standstill_.moved(clock_.steady_now())) {
        spdlog::info("{} {}", log_name_, *line);
    }
}

void StatusBoard::add_time_limit(const sink::SinkError& error, std::size_t rows) {
    if (time_limits_.pass(clock_.steady_now())) {
        spdlog::warn(
                "{}: the server's {} is shorter than the batch takes ({}); foz writes {} rows at a "
                "time now. Raise it for foz's user",
                log_name_, time_limit_of(error).value_or("time limit"), error.message, rows);
    }
}

void StatusBoard::set_progress(
        const sink::Cursor& cursor, std::span<const sink::LedgerLine> ledger) {
    const MutexLock lock(mutex_);
    status_.cursor = cursor;
    for (sink::LedgerLine& line : status_.ledger) {
        const auto found = std::ranges::find(ledger, line.route, &sink::LedgerLine::route);
        line = found != ledger.end() ? *found : sink::LedgerLine{line.route, 0, 0, 0};
    }
}

void StatusBoard::add_commit(
        const sink::Cursor& cursor, const sink::Written& written, const sink::Commit& commit) {
    note_movement();
    const MutexLock lock(mutex_);
    status_.cursor = cursor;
    ++status_.batches;
    for (std::size_t i = 0; i < status_.ledger.size(); ++i) {
        status_.ledger[i].stored += written.stored[i];
        status_.ledger[i].duplicate += written.duplicate[i];
        status_.ledger[i].dead += commit.dead[i];
    }
}

}  // namespace foz::pipeline
