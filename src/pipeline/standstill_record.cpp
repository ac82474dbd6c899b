// SPDX-License-Identifier: Apache-2.0
#include "pipeline/standstill_record.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/chrono.h>

#include "base/log.h"
#include "base/redaction.h"

namespace foz::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto kWriteInterval = 1min;

}  // namespace

StandstillRecord::StandstillRecord(state::StateDatabase& state, const Clock& clock,
        std::string journal, std::string database, std::string lane, bool active)
    : state_(state), clock_(clock), active_(active) {
    note_.journal = std::move(journal);
    note_.database = std::move(database);
    note_.lane = std::move(lane);
}

void StandstillRecord::keep(SteadyTime::duration still_for, std::uint64_t waiting,
        std::string_view cause, bool needs_person, bool due) {
    const SteadyTime now = clock_.steady_now();
    std::string redacted_cause = redacted(cause);
    const bool is_news = redacted_cause != note_.cause && now - written_ >= kWriteInterval;
    if (!active_ || (!due && !is_news)) {
        return;
    }
    written_ = now;
    may_be_there_ = true;
    note_.noted = clock_.system_now();
    note_.since = note_.noted - std::chrono::floor<Microseconds>(still_for);
    note_.waiting = waiting;
    note_.cause = std::move(redacted_cause);
    note_.needs_person = needs_person;
    if (auto saved = state::save_standstill(state_, note_); !saved) {
        spdlog::warn(
                "foz check and foz verify will not show that lane {} of database {} stands still: "
                "{}",
                note_.lane, note_.database, saved.error().message);
    }
}

void StandstillRecord::remove() {
    if (!active_ || !may_be_there_) {
        return;
    }
    // What cannot be removed now is removed at the next movement.
    const auto removed =
            state::remove_standstill(state_, note_.journal, note_.database, note_.lane);
    may_be_there_ = !removed;
    note_.cause.clear();
}

Result<std::vector<state::StandstillNote>> standstills_of(const config::Settings& settings) {
    const std::filesystem::path file = settings.data / "state.db";
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return {};
    }
    auto notes = state::read_standstills(file);
    if (notes) {
        std::erase_if(*notes, [&](const state::StandstillNote& note) {
            return std::ranges::find(settings.databases, note.database, &config::Database::name) ==
                   settings.databases.end();
        });
    }
    return notes;
}

std::string_view advice_for_standstill(bool needs_person) {
    return needs_person ? "A person has to put right what it names; foz looks again by itself"
                        : "See that the server runs, can be reached and takes what foz writes; foz "
                          "goes on trying, and the journal keeps what waits";
}

std::string describe(const state::StandstillNote& note) {
    const auto second = [](SystemTime time) {
        return fmt::format(
                "{:%Y-%m-%d %H:%M:%S} UTC", std::chrono::floor<std::chrono::seconds>(time));
    };
    return fmt::format(
            "lane {} has stood still since {}; at {} {} record{} of the journal waited for it. "
            "Last error: {}. {}",
            note.lane, second(note.since), second(note.noted), note.waiting,
            note.waiting == 1 ? "" : "s", note.cause, advice_for_standstill(note.needs_person));
}

}  // namespace foz::pipeline
