// SPDX-License-Identifier: Apache-2.0
#include "session/session_saver.h"

#include "base/log.h"
#include "session/session_checkpoint.h"
#include "session/session_recovery.h"

namespace foz::session {
namespace {

void add_snapshots(
    std::span<const std::shared_ptr<Session>> sessions, std::vector<SessionSnapshot>& snapshots
) {
    for (const auto& session : sessions) {
        snapshots.push_back({
            .client_id = session->client_id(),
            .expiry_seconds = session->expiry_seconds(),
            .unreleased = session->unreleased(),
            .presence = session->presence(),
        });
    }
}

// Waits until everything that was received before this call is on disk. False: it takes too long.
bool wait_until_all_is_durable(
    journal::Journal& journal, const Clock& clock, std::span<SessionHolder* const> holders
) {
    const SteadyTime deadline = clock.steady_now() + std::chrono::seconds(2);
    for (SessionHolder* holder : holders) {
        if (!holder->wait_until_appended(deadline)) {
            return false;
        }
    }
    const journal::Position end = journal.status().end;
    return end == 0 || journal.wait_for(end - 1, deadline);
}

// What a person wants ended is told to the holders before they are asked what there is.
std::vector<std::string> begin_to_end(
    const std::string& journal_id,
    state::StateDatabase& state,
    std::span<SessionHolder* const> holders
) {
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

void checkpoint_sessions(
    journal::Journal& journal,
    state::StateDatabase& state,
    const Clock& clock,
    std::span<SessionHolder* const> holders
) {
    const journal::Status status = journal.status();
    // Records below this are in the snapshot: a session changes before its record is appended. What
    // is not durable yet may be gone after a crash, and its positions are then given anew.
    journal::Position position = status.durable_end;
    std::vector<std::string> to_end = begin_to_end(status.id, state, holders);
    std::vector<SessionSnapshot> snapshots;
    for (SessionHolder* holder : holders) {
        add_snapshots(holder->persistent_sessions(), snapshots);
    }
    // The snapshot may hold changes whose records are not on disk yet. Saved before them, it would
    // remember, after a crash, messages that are lost, and take the client's second try for a
    // duplicate.
    if (!(snapshots.empty() && to_end.empty()) &&
        !wait_until_all_is_durable(journal, clock, holders)) {
        to_end.clear();  // next time
        // The journal is full, perhaps because this very cursor stands still: go by what is in it.
        position = journal.durable_end();
        const auto recovered = recover_sessions(journal, state);
        if (!recovered) {
            spdlog::warn("sessions are not saved: {}", recovered.error().message);
            return;
        }
        snapshots.clear();
        add_snapshots(*recovered, snapshots);
    }
    if (auto saved = save_sessions(state, status.id, position, snapshots, clock.system_now());
        !saved) {
        spdlog::warn(
            "sessions are not saved, so the journal keeps their records: {}", saved.error().message
        );
        return;
    }
    journal.set_cursor(kSessionCursor, position);
    if (to_end.empty()) {
        return;
    }
    if (auto forgotten = forget_session_ends(state, status.id, to_end); !forgotten) {
        spdlog::warn("{}", forgotten.error().message);
    }
}

}  // namespace foz::session
