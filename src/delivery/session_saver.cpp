// SPDX-License-Identifier: Apache-2.0
#include "delivery/session_saver.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "delivery/retained_checkpoint.h"
#include "delivery/session_recovery.h"

namespace foz::delivery {

using session::Session;
using session::SessionChanges;
using session::SessionCheckpoint;
using session::SessionHolder;
using session::SessionSnapshot;

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
            .deliveries = session->deliveries(),
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

// The messages that wait for the sessions, or for new subscribers; sorted.
std::vector<journal::Position> waiting_in(std::span<const SessionSnapshot> sessions,
        std::span<const RetainedMessages::Place> retained) {
    std::vector<journal::Position> waiting;
    for (const RetainedMessages::Place& place : retained) {
        waiting.push_back(place.position);
    }
    for (const SessionSnapshot& snapshot : sessions) {
        for (const session::DeliveryQueue::Message& message :
                snapshot.deliveries.queue.messages()) {
            waiting.push_back(message.position);
        }
    }
    std::ranges::sort(waiting);
    const auto repeated = std::ranges::unique(waiting);
    waiting.erase(repeated.begin(), repeated.end());
    return waiting;
}

// Up to where the journal's records have done to all sessions what they do.
journal::Position applied_in(
        std::span<SessionHolder* const> holders, journal::Position durable_end) {
    journal::Position applied = durable_end;
    for (SessionHolder* holder : holders) {
        applied = std::min(applied, holder->applied());
    }
    return applied;
}

// What a person wants ended is told to the holders before they are asked what there is.
std::vector<std::string> begin_to_end(const std::string& journal_id, state::StateDatabase& state,
        std::span<SessionHolder* const> holders) {
    auto client_ids = session::load_session_ends(state, journal_id);
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
    if (auto loaded = load(status.id); !loaded) {
        spdlog::warn("sessions are not saved: {}", loaded.error().message);
        return;
    }
    // Records below this are in the snapshots: a session changes before its record is appended.
    // What is not durable yet may be gone after a crash, and its positions are then given anew.
    const journal::Position before = std::min(saved_.position, status.durable_end);
    journal::Position position = std::max(applied_in(holders, status.durable_end), before);
    std::vector<std::string> to_end = begin_to_end(status.id, state_, holders);
    std::vector<SessionSnapshot> sessions = snapshots_of(sessions_of(holders));
    const std::uint64_t version = retained_ ? retained_->version() : 0;
    auto places = version == saved_version_ ? saved_places_ : retained_->places();
    SessionChanges changes = session::changes_between(saved_.sessions, sessions);
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
        sessions = snapshots_of(recovered->sessions);
        places = recovered->retained->places();
        changes = session::changes_between(saved_.sessions, sessions);
    }
    // Before the position: what is below it is not read again.
    if (auto saved = save_places(status.id, std::move(places)); !saved) {
        spdlog::warn("sessions are not saved, so the journal keeps their records: {}",
                saved.error().message);
        return;
    }
    saved_version_ = version;
    if (!changes.empty() || saved_.position != position) {
        auto saved =
                session::save_sessions(state_, status.id, position, changes, clock_.system_now());
        if (!saved) {
            is_loaded_ = false;
            spdlog::warn("sessions are not saved, so the journal keeps their records: {}",
                    saved.error().message);
            return;
        }
        saved_.sessions = std::move(sessions);
        saved_.position = position;
    }
    let_go_below(position, before);
    if (to_end.empty()) {
        return;
    }
    if (auto forgotten = session::forget_session_ends(state_, status.id, to_end); !forgotten) {
        spdlog::warn("{}", forgotten.error().message);
    }
}

Result<void> SessionSaver::load(const std::string& journal_id) {
    if (is_loaded_) {
        return {};
    }
    auto places = load_retained(state_, journal_id);
    if (!places) {
        return pass_on(places);
    }
    auto sessions = session::load_sessions(state_, journal_id);
    if (!sessions) {
        return pass_on(sessions);
    }
    saved_places_ = *std::move(places);
    saved_version_ = 0;
    saved_ = (*std::move(sessions)).value_or(SessionCheckpoint{});
    is_loaded_ = true;
    return {};
}

Result<void> SessionSaver::save_places(
        const std::string& journal_id, std::vector<RetainedMessages::Place> places) {
    auto saved = save_retained(state_, journal_id, saved_places_, places);
    if (saved) {
        saved_places_ = std::move(places);
    }
    return saved;
}

// What has waited since the save before this one is set aside; what has come since then is read
// from the journal, which most clients do before the next.
void SessionSaver::let_go_below(journal::Position position, journal::Position before) {
    const std::vector<journal::Position> waiting = waiting_in(saved_.sessions, saved_places_);
    const auto recent = std::ranges::lower_bound(waiting, before);
    const auto old = std::span(waiting).first(static_cast<std::size_t>(recent - waiting.begin()));
    if (auto kept = set_aside_.keep(old, journal_); !kept) {
        spdlog::warn(
                "the journal keeps messages that wait for subscribers: {}", kept.error().message);
        return;
    }
    journal_.set_cursor(session::kSessionCursor,
            recent == waiting.end() ? position : std::min(position, *recent));
}

}  // namespace foz::delivery
