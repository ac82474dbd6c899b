// SPDX-License-Identifier: Apache-2.0
#include "delivery/session_recovery.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "delivery/message_finder.h"
#include "delivery/retained_checkpoint.h"
#include "mqtt/message.h"
#include "mqtt/subscription_record.h"
#include "session/session_checkpoint.h"
#include "session/session_holder.h"

namespace foz::delivery {
namespace {

using mqtt::RecordKind;
using session::Session;

class Fold {
  public:
    explicit Fold(std::uint64_t retained_bytes_max)
        : retained_(std::make_shared<RetainedMessages>(retained_bytes_max)) {}

    void add_retained(RetainedMessages::Pointer message) {
        (void)retained_->apply(std::move(message));
    }
    void add(session::SessionSnapshot snapshot) {
        auto session = std::make_shared<Session>(snapshot.client_id, snapshot.expiry_seconds);
        for (const session::Unreleased& message : snapshot.unreleased) {
            (void)session->note_received(message);
        }
        session->set_presence(snapshot.presence);
        session->with_deliveries([&](session::Deliveries& deliveries) {
            deliveries = std::move(snapshot.deliveries);
        });
        if (!session->deliveries().subscriptions.empty()) {
            subscribers_.restore(session);
        }
        by_client_[snapshot.client_id] = std::move(session);
    }

    [[nodiscard]] Result<void> apply(const journal::Record& record) {
        auto applied = apply_kind(record);
        for (const Subscribers::Orphan& orphan : subscribers_.take_orphans()) {
            unassigned_[{orphan.position, subscribers_.name_of(orphan.group)}] = orphan.qos;
        }
        return applied;
    }

    [[nodiscard]] Result<void> apply_kind(const journal::Record& record) {
        switch (static_cast<RecordKind>(record.kind)) {
            case RecordKind::message: return apply_message(record);
            case RecordKind::subscribed:
            case RecordKind::unsubscribed: return apply_subscription(record);
            case RecordKind::delivered: return apply_delivery(record);
            case RecordKind::assigned: return apply_assignment(record);
            default: return apply_change(record);
        }
    }

    [[nodiscard]] RecoveredSessions take(journal::Position end) {
        RecoveredSessions recovered{.sessions = {},
            .subscribers = std::move(subscribers_),
            .retained = std::move(retained_),
            .unassigned = {},
            .end = end};
        for (auto& [place, qos] : unassigned_) {
            recovered.unassigned.push_back(
                    {.filter = place.second, .position = place.first, .qos = qos});
        }
        recovered.sessions.reserve(by_client_.size());
        for (auto& [client_id, session] : by_client_) {
            session->with_deliveries([&](session::Deliveries& deliveries) {
                deliveries.queue.drop_qos_0();
                deliveries.queue.note_all_sent();
                if (deliveries.queue.next_number() > 0 || !deliveries.subscriptions.empty()) {
                    session->note_subscribed();
                }
            });
            recovered.sessions.push_back(std::move(session));
        }
        return recovered;
    }

  private:
    [[nodiscard]] Session* find(std::string_view client_id) {
        const auto found = by_client_.find(std::string(client_id));
        return found == by_client_.end() ? nullptr : found->second.get();
    }

    [[nodiscard]] Result<void> apply_change(const journal::Record& record) {
        auto change = mqtt::decode_session_record(record.bytes);
        if (!change) {
            return pass_on(change);
        }
        std::string client_id(change->client_id);
        switch (static_cast<RecordKind>(record.kind)) {
            case RecordKind::session_started: {
                auto& session = by_client_[client_id];
                if (!session) {
                    session = std::make_shared<Session>(client_id, change->expiry_seconds);
                }
                session->set_expiry_seconds(change->expiry_seconds);
                break;
            }
            case RecordKind::session_ended:
                subscribers_.end_session(client_id);
                by_client_.erase(client_id);
                break;
            case RecordKind::release:
                if (Session* const session = find(client_id)) {
                    (void)session->note_released(change->packet_id);
                }
                break;
            default: break;
        }
        return {};
    }

    [[nodiscard]] Result<void> apply_message(const journal::Record& record) {
        auto message = mqtt::decode_message(record.bytes);
        if (!message) {
            return pass_on(message);
        }
        if (message->qos == 2 && message->packet_id != 0) {
            if (Session* const session = find(message->client_id)) {
                (void)session->note_received(message->packet_id, message->topic, message->payload);
            }
        }
        if (message->retain) {
            add_retained(std::make_shared<StoredMessage>(record.position, record.bytes, *message));
        }
        for (const Subscribers::Match& match : subscribers_.match(*message)) {
            if (match.qos > 0) {
                (void)push(match, {.position = record.position, .at = record.position});
            }
        }
        for (const GroupId group : subscribers_.matched_groups()) {
            if (message->qos > 0) {
                unassigned_[{record.position, subscribers_.name_of(group)}] = message->qos;
            }
        }
        return {};
    }

    // That of a session which does not outlive its connection has no meaning any more.
    [[nodiscard]] Result<void> apply_subscription(const journal::Record& record) {
        auto change = mqtt::decode_subscription_record(record.bytes);
        if (!change) {
            return pass_on(change);
        }
        const auto found = by_client_.find(std::string(change->client_id));
        if (found == by_client_.end()) {
            return {};
        }
        if (static_cast<RecordKind>(record.kind) == RecordKind::subscribed) {
            Subscriber* const known = subscribers_.find(change->client_id);
            (void)subscribers_.subscribe(
                    known != nullptr ? *known : subscribers_.restore(found->second), *change,
                    record.position, *retained_);
        } else if (Subscriber* const known = subscribers_.find(change->client_id)) {
            (void)subscribers_.unsubscribe(*known, change->subscription.filter, record.position);
        }
        return {};
    }

    [[nodiscard]] Result<void> apply_assignment(const journal::Record& record) {
        auto assignment = mqtt::decode_assignment_record(record.bytes);
        if (!assignment) {
            return pass_on(assignment);
        }
        Subscriber* const member = subscribers_.find(assignment->client_id);
        const auto match = member != nullptr ? subscribers_.match_of_member(
                                                       assignment->filter, *member, assignment->qos)
                                             : std::nullopt;
        const auto position = journal::Position::from_number(assignment->position);
        if (match) {
            unassigned_.erase({position, std::string(assignment->filter)});
            (void)push(*match, {.position = position,
                                   .at = record.position,
                                   .group = subscribers_.group_called(assignment->filter)});
        }
        return {};
    }

    [[nodiscard]] Result<void> apply_delivery(const journal::Record& record) {
        auto delivery = mqtt::decode_delivery_record(record.bytes);
        if (!delivery) {
            return pass_on(delivery);
        }
        if (Session* const session = find(delivery->client_id)) {
            session->with_deliveries([&](session::Deliveries& deliveries) {
                if (delivery->stage == mqtt::DeliveryStage::received) {
                    (void)deliveries.queue.note_received(delivery->number);
                } else {
                    (void)deliveries.queue.finish(delivery->number);
                }
            });
        }
        return {};
    }

    Subscribers subscribers_;
    std::shared_ptr<RetainedMessages> retained_;
    std::unordered_map<std::string, std::shared_ptr<Session>> by_client_;
    // By position and group; the QoS as published.
    std::map<std::pair<journal::Position, std::string>, std::uint8_t> unassigned_;
};

// What the checkpoint says of retained messages; their bytes are in the journal, or set aside.
Result<void> add_retained(Fold& fold, journal::Journal& journal, state::StateDatabase& state,
        const std::string& journal_id) {
    auto places = load_retained(state, journal_id);
    if (!places) {
        return pass_on(places);
    }
    std::ranges::sort(*places, {}, &RetainedMessages::Place::position);
    SetAside set_aside(state, journal_id);
    MessageFinder finder(journal, &set_aside);
    std::size_t lost = 0;
    for (const RetainedMessages::Place& place : *places) {
        auto message = finder.at(place.position);
        if (!message) {
            return pass_on(message);
        }
        if (*message) {
            fold.add_retained(*std::move(message));
        } else {
            ++lost;
        }
    }
    if (lost > 0) {
        spdlog::error("{} retained messages are lost: the journal does not have them", lost);
    }
    return {};
}

// The journal has lost its tail. Its positions are given anew, so what comes must not look saved.
Result<void> correct(state::StateDatabase& state, const journal::Status& status,
        session::SessionCheckpoint& checkpoint) {
    spdlog::error(
            "the sessions were saved at position {}, but the journal ends at {}: it has lost its "
            "tail. Going on with the sessions as they were saved",
            checkpoint.position, status.end);
    checkpoint.position = status.end;
    session::SessionChanges changes;
    for (session::SessionSnapshot& snapshot : checkpoint.sessions) {
        snapshot.deliveries.covered = std::min(snapshot.deliveries.covered, status.end);
        changes.changed.push_back(snapshot);
    }
    return save_sessions(state, status.id, checkpoint.position, changes);
}

}  // namespace

Result<RecoveredSessions> recover_sessions(
        journal::Journal& journal, state::StateDatabase& state, std::uint64_t retained_bytes_max) {
    Fold fold(retained_bytes_max);
    const journal::Status status = journal.status();
    journal::Position position = status.first;
    auto checkpoint = session::load_sessions(state, status.id);
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
        for (session::SessionSnapshot& snapshot : saved->sessions) {
            fold.add(std::move(snapshot));
        }
    }
    journal.set_cursor(session::kSessionCursor, position);
    if (auto added = add_retained(fold, journal, state, status.id); !added) {
        return pass_on(added);
    }
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
            return fold.take((*reader)->position());
        }
        if (auto applied = fold.apply(*found); !applied) {
            return pass_on(applied);
        }
    }
}

}  // namespace foz::delivery
