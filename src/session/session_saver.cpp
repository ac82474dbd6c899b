// SPDX-License-Identifier: Apache-2.0
#include "session/session_saver.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "session/session_recovery.h"

namespace foz::session {
namespace {

std::vector<std::shared_ptr<Session>> sessions_of(std::span<SessionHolder* const> holders) {
    std::vector<std::shared_ptr<Session>> all;
    for (SessionHolder* holder : holders) {
        std::ranges::move(holder->persistent_sessions(), std::back_inserter(all));
    }
    return all;
}

std::vector<SessionSnapshot> snapshots_of(std::span<const std::shared_ptr<Session>> sessions) {
    std::vector<SessionSnapshot> snapshots;
    snapshots.reserve(sessions.size());
    for (const auto& session : sessions) {
        snapshots.push_back({
            .client_id = session->client_id(),
            .expiry_seconds = session->expiry_seconds(),
            .unreleased = session->unreleased(),
            .presence = session->presence(),
        });
    }
    std::ranges::sort(snapshots, {}, &SessionSnapshot::client_id);
    return snapshots;
}

// Waits until everything that was received before this call is on disk. False: it takes too long.
bool wait_until_all_is_durable(
        journal::Journal& journal, const Clock& clock, std::span<SessionHolder* const> holders) {
    const SteadyTime deadline = clock.steady_now() + std::chrono::seconds(2);
    for (SessionHolder* holder : holders) {
        if (!holder->wait_until_appended(deadline)) {
            return false;
        }
    }
    const auto last = journal.status().end.previous();
    return !last || journal.wait_for(*last, deadline);
}

// What a person wants ended is told to the holders before they are asked what there is.
std::vector<std::string> begin_to_end(const std::string& journal_id, state::StateDatabase& state,
        std::span<SessionHolder* const> holders) {
    auto client_ids = load_session_ends(state, journal_id);
    if (!client_ids) {
        spdlog::warn("no session is ended: {}", client_ids.error().message);
        return {};
    }
    for (SessionHolder* holder : holders) {
        if (!client_ids->empty()) {
            holder->end_sessions(*client_ids);
        }
    }
    return *std::move(client_ids);
}

}  // namespace

void SessionSaver::save(std::span<SessionHolder* const> holders) {
    const journal::Status status = journal_.status();
    if (!saved_) {
        auto loaded = load_sessions(state_, status.id);
        if (!loaded) {
            spdlog::warn("sessions are not saved: {}", loaded.error().message);
            return;
        }
        saved_ = (*std::move(loaded)).value_or(SessionCheckpoint{});
    }
    // Records below this are in the snapshots: a session changes before its record is appended.
    // What is not durable yet may be gone after a crash, and its positions are then given anew.
    journal::Position position = status.durable_end;
    std::vector<std::string> to_end = begin_to_end(status.id, state_, holders);
    std::vector<SessionSnapshot> sessions = snapshots_of(sessions_of(holders));
    SessionChanges changes = changes_between(saved_->sessions, sessions);
    // They may hold changes whose records are not on disk yet. Saved before them, they would
    // remember, after a crash, messages that are lost, and take the client's second try for a
    // duplicate.
    if (!(changes.empty() && to_end.empty()) &&
            !wait_until_all_is_durable(journal_, clock_, holders)) {
        to_end.clear();  // next time
        // The journal is full, perhaps because this very cursor stands still: go by what is in it.
        position = journal_.durable_end();
        const auto recovered = recover_sessions(journal_, state_);
        if (!recovered) {
            spdlog::warn("sessions are not saved: {}", recovered.error().message);
            return;
        }
        sessions = snapshots_of(*recovered);
        changes = changes_between(saved_->sessions, sessions);
    }
    if (!changes.empty() || saved_->position != position) {
        auto saved = save_sessions(state_, status.id, position, changes, clock_.system_now());
        if (!saved) {
            saved_.reset();
            spdlog::warn("sessions are not saved, so the journal keeps their records: {}",
                    saved.error().message);
            return;
        }
        saved_->sessions = std::move(sessions);
        saved_->position = position;
    }
    journal_.set_cursor(kSessionCursor, position);
    if (to_end.empty()) {
        return;
    }
    if (auto forgotten = forget_session_ends(state_, status.id, to_end); !forgotten) {
        spdlog::warn("{}", forgotten.error().message);
    }
}

}  // namespace foz::session
