// SPDX-License-Identifier: Apache-2.0
#include "session/session_recovery.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "mqtt/message.h"
#include "session/session_checkpoint.h"

namespace foz::session {
namespace {

class Sessions {
  public:
    void add(const SessionSnapshot& snapshot) {
        auto session = std::make_shared<Session>(snapshot.client_id, snapshot.expiry_seconds);
        for (const Unreleased& message : snapshot.unreleased) {
            (void)session->note_received(message);
        }
        session->set_presence(snapshot.presence);
        by_client_[snapshot.client_id] = std::move(session);
    }

    [[nodiscard]] Result<void> apply(const journal::Record& record) {
        switch (static_cast<mqtt::RecordKind>(record.kind)) {
            case mqtt::RecordKind::message: return apply_message(record.bytes);
            case mqtt::RecordKind::subscribed:
            case mqtt::RecordKind::unsubscribed:
            case mqtt::RecordKind::delivered: return {};
            default: return apply_change(record);
        }
    }

    [[nodiscard]] Result<void> apply_change(const journal::Record& record) {
        auto change = mqtt::decode_session_record(record.bytes);
        if (!change) {
            return pass_on(change);
        }
        std::string client_id(change->client_id);
        switch (static_cast<mqtt::RecordKind>(record.kind)) {
            case mqtt::RecordKind::session_started: {
                auto& session = by_client_[client_id];
                if (!session) {
                    session = std::make_shared<Session>(client_id, change->expiry_seconds);
                }
                session->set_expiry_seconds(change->expiry_seconds);
                break;
            }
            case mqtt::RecordKind::session_ended: by_client_.erase(client_id); break;
            case mqtt::RecordKind::release:
                if (const auto found = by_client_.find(client_id); found != by_client_.end()) {
                    (void)found->second->note_released(change->packet_id);
                }
                break;
            default: break;
        }
        return {};
    }

    [[nodiscard]] std::vector<std::shared_ptr<Session>> take() {
        std::vector<std::shared_ptr<Session>> sessions;
        sessions.reserve(by_client_.size());
        for (auto& [client_id, session] : by_client_) {
            sessions.push_back(std::move(session));
        }
        return sessions;
    }

  private:
    [[nodiscard]] Result<void> apply_message(ByteView bytes) {
        auto message = mqtt::decode_message(bytes);
        if (!message) {
            return pass_on(message);
        }
        if (message->qos == 2 && message->packet_id != 0) {
            const auto found = by_client_.find(std::string(message->client_id));
            if (found != by_client_.end()) {
                (void)found->second->note_received(
                        message->packet_id, message->topic, message->payload);
            }
        }
        return {};
    }

    std::unordered_map<std::string, std::shared_ptr<Session>> by_client_;
};

// The journal has lost its tail. Its positions are given anew, so what comes must not look saved.
Result<void> correct(
        state::StateDatabase& state, const journal::Status& status, SessionCheckpoint& checkpoint) {
    spdlog::error(
            "the sessions were saved at position {}, but the journal ends at {}: it has lost its "
            "tail. Going on with the sessions as they were saved",
            checkpoint.position, status.end);
    checkpoint.position = status.end;
    return save_sessions(state, status.id, checkpoint.position, {});
}

}  // namespace

Result<std::vector<std::shared_ptr<Session>>> recover_sessions(
        journal::Journal& journal, state::StateDatabase& state) {
    Sessions sessions;
    const journal::Status status = journal.status();
    journal::Position position = status.first;
    auto checkpoint = load_sessions(state, status.id);
    if (!checkpoint) {
        return pass_on(checkpoint);
    }
    if (auto& saved = *checkpoint) {
        if (saved->position > status.end) {
            if (auto corrected = correct(state, status, *saved); !corrected) {
                return pass_on(corrected);
            }
        }
        position = std::max(position, saved->position);
        for (const SessionSnapshot& snapshot : saved->sessions) {
            sessions.add(snapshot);
        }
    }
    journal.set_cursor(kSessionCursor, position);
    auto reader = journal.read_from(position);
    if (!reader) {
        return pass_on(reader);
    }
    for (;;) {
        auto record = (*reader)->next();
        if (!record) {
            return pass_on(record);
        }
        const auto& found = *record;
        if (!found) {
            return sessions.take();
        }
        if (auto applied = sessions.apply(*found); !applied) {
            return pass_on(applied);
        }
    }
}

std::shared_ptr<Session> session_of(
        const std::string& client_id, std::span<const std::shared_ptr<Session>> recovered) {
    const auto found = std::ranges::find(
            recovered, client_id, [](const auto& session) { return session->client_id(); });
    return found != recovered.end() ? *found : std::make_shared<Session>(client_id, kNeverExpires);
}

}  // namespace foz::session
