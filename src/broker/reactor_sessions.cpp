// SPDX-License-Identifier: Apache-2.0
// The part of Reactor that ends sessions in the place of their clients. The journal hears of the
// end before the client id is free again.
#include "broker/reactor.h"

namespace foz::broker {

// The session's client id is this reactor's until the end is appended.
void Reactor::end_departed(const std::string& client_id) {
    inbox_.add_session_record(
        mqtt::RecordKind::session_ended,
        {.client_id = client_id, .packet_id = 0, .expiry_seconds = 0}
    );
    departed_.push_back(
        {.client_id = client_id,
         .connection = {.reactor = index_, .slot = kNoSlot, .generation = 0},
         .will = std::nullopt}
    );
}

void Reactor::take_due_sessions() {
    const ConnectionHandle claimant{.reactor = index_, .slot = kNoSlot, .generation = 0};
    for (const SessionRegistry::Due& due : context_.registry.take_due(now_, claimant)) {
        if (due.will) {
            due.will->publish(due.client_id, inbox_);
        }
        if (due.expired) {
            end_departed(due.client_id);
        }
    }
}

void Reactor::end_now(const std::string& client_id) {
    auto ended =
        context_.registry.end(client_id, {.reactor = index_, .slot = kNoSlot, .generation = 0});
    if (ended.taken) {
        if (ended.will) {
            ended.will->publish(client_id, inbox_);
        }
        end_departed(client_id);
        return;
    }
    if (!ended.owner || ended.owner->slot == kNoSlot) {
        return;  // there is none, or it is being ended
    }
    if (ended.owner->reactor != index_) {
        context_.reactors[ended.owner->reactor]->end_session(client_id);
        return;
    }
    if (Connection* connection = find(*ended.owner)) {
        connection->protocol.end_session(inbox_, connection->output);
        after_input(*connection);
    } else {
        sessions_to_end_.push_back(client_id);  // once the connection has let go of it
    }
}

// Long before new devices cannot come in.
void Reactor::warn_of_sessions() {
    constexpr std::uint64_t kWarnPercent = 80;
    const SessionRegistry::Counts counts = context_.registry.counts();
    const std::uint64_t limit = context_.settings.limits.sessions;
    if (counts.kept * std::uint64_t{100} < limit * kWarnPercent || !sessions_throttle_.pass(now_)) {
        return;
    }
    spdlog::warn(
        "limits.sessions = {}: {} sessions are kept, of which {} hold nothing and make room for "
        "new ones, the oldest first; without room, new clients that want a session are refused. "
        "foz sessions lists them, foz sessions end CLIENT ends one",
        limit,
        counts.kept,
        counts.droppable
    );
}

}  // namespace foz::broker
