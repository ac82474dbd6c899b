// SPDX-License-Identifier: Apache-2.0
#include "delivery/subscribers.h"

#include <algorithm>
#include <utility>

#include "mqtt/topic.h"

namespace foz::delivery {

using mqtt::ReasonCode;

Subscriber& Subscribers::attach(std::shared_ptr<session::Session> session, Recipient recipient) {
    const auto found = by_client_.find(session->client_id());
    SubscriberId id = 0;
    if (found == by_client_.end()) {
        id = make(std::move(session));
    } else {
        id = found->second;
        if (all_[id].session != session) {
            drop_subscriptions(id);
            all_[id].session = std::move(session);
        }
    }
    all_[id].recipient = recipient;
    return all_[id];
}

Subscriber& Subscribers::restore(const std::shared_ptr<session::Session>& session) {
    const SubscriberId id = make(session);
    Subscriber& subscriber = all_[id];
    for (const session::KeptSubscription& kept : session->deliveries().subscriptions) {
        add(subscriber, kept.filter,
                {
                    .identifier = kept.identifier,
                    .qos = kept.qos,
                    .no_local = kept.no_local,
                    .retain_as_published = kept.retain_as_published,
                });
    }
    return subscriber;
}

void Subscribers::detach(const session::Session& session, Recipient recipient) {
    const auto found = by_client_.find(session.client_id());
    if (found == by_client_.end()) {
        return;
    }
    const SubscriberId id = found->second;
    if (all_[id].recipient != recipient) {
        return;  // another connection has taken over
    }
    all_[id].recipient.reset();
    if (session.expiry_seconds() == 0) {
        drop_subscriptions(id);
    }
    drop_if_unused(id);
}

Subscriber* Subscribers::find(std::string_view client_id) {
    const auto found = by_client_.find(client_id);
    return found == by_client_.end() ? nullptr : &all_[found->second];
}

Subscribers::Subscribed Subscribers::subscribe(Subscriber& subscriber,
        const mqtt::SubscriptionRecord& record, journal::Position at,
        const RetainedMessages& retained) {
    const mqtt::Subscription& wanted = record.subscription;
    const bool is_new = add(subscriber, wanted.filter,
            {
                .identifier = record.identifier,
                .qos = wanted.qos,
                .no_local = wanted.no_local,
                .retain_as_published = wanted.retain_as_published,
            });
    Subscribed subscribed{.reason = static_cast<ReasonCode>(wanted.qos), .retained = {}};
    const bool wants_retained =
            wanted.retain_handling == 0 || (wanted.retain_handling == 1 && is_new);
    if (wants_retained && !mqtt::parse_shared_filter(wanted.filter)) {
        subscribed.retained = retained.match(wanted.filter);
    }
    const bool is_kept = subscriber.session->expiry_seconds() != 0;
    subscriber.session->with_deliveries([&](session::Deliveries& deliveries) {
        const bool is_known = at < deliveries.covered;
        deliveries.covered = std::max(deliveries.covered, at.next());
        if (is_kept) {
            deliveries.put({
                .filter = std::string(wanted.filter),
                .identifier = record.identifier,
                .qos = wanted.qos,
                .no_local = wanted.no_local,
                .retain_as_published = wanted.retain_as_published,
            });
        }
        const std::size_t identifiers = record.identifier == 0 ? 0 : 1;
        for (std::size_t i = 0; i < subscribed.retained.size() && !is_known; ++i) {
            const StoredMessage& message = *subscribed.retained[i];
            deliveries.queue.push({.position = message.position(),
                                      .qos = std::min(wanted.qos, message.message().qos),
                                      .retain = true},
                    {&record.identifier, identifiers});
        }
    });
    return subscribed;
}

ReasonCode Subscribers::unsubscribe(
        Subscriber& subscriber, std::string_view filter, journal::Position at) {
    if (mqtt::parse_shared_filter(filter)) {
        const auto group = group_called(filter);
        if (!group || std::erase(subscriber.groups, *group) == 0) {
            return ReasonCode::no_subscription_existed;
        }
        leave(*group, id_of(subscriber));
    } else {
        const auto removed = tree_->remove(filter, id_of(subscriber));
        if (!removed) {
            return ReasonCode::no_subscription_existed;
        }
        std::erase(subscriber.filters, *removed);
    }
    subscriber.session->with_deliveries([&](session::Deliveries& deliveries) {
        deliveries.remove(filter);
        deliveries.covered = std::max(deliveries.covered, at.next());
    });
    return ReasonCode::success;
}

void Subscribers::end_session(std::string_view client_id) {
    const auto found = by_client_.find(client_id);
    if (found == by_client_.end() || all_[found->second].recipient) {
        return;
    }
    const SubscriberId id = found->second;
    drop_subscriptions(id);
    drop_if_unused(id);
}

std::span<const Subscribers::Match> Subscribers::match(const mqtt::Message& message) {
    match_count_ = 0;
    matched_groups_.clear();
    tree_->match(message.topic, [&](SubscriberId id, const SubscriptionTerms& terms) {
        if ((id & kGroupBit) != 0) {
            matched_groups_.push_back(id & ~kGroupBit);
        } else {
            note_match(id, terms, message);
        }
    });
    return std::span(matches_).first(match_count_);
}

void Subscribers::note_match(
        SubscriberId id, const SubscriptionTerms& terms, const mqtt::Message& message) {
    Subscriber& subscriber = all_[id];
    if (terms.no_local && message.client_id == subscriber.session->client_id()) {
        return;  // [MQTT-3.8.3-3]
    }
    std::uint32_t place = match_of_[id];
    if (place >= match_count_ || matches_[place].subscriber != &subscriber) {
        place = static_cast<std::uint32_t>(match_count_++);
        match_of_[id] = place;
        if (matches_.size() < match_count_) {
            matches_.emplace_back();
        }
        Match& match = matches_[place];
        match.subscriber = &subscriber;
        match.qos = 0;
        match.retain = false;
        match.identifiers.clear();
    }
    Match& match = matches_[place];
    match.qos = std::max(match.qos, std::min(terms.qos, message.qos));
    match.retain = match.retain || (terms.retain_as_published && message.retain);
    if (terms.identifier != 0) {
        match.identifiers.push_back(terms.identifier);
    }
}

void Subscribers::drop_subscriptions(SubscriberId id) {
    for (const FilterId filter : std::exchange(all_[id].filters, {})) {
        tree_->remove(filter, id);
    }
    for (const GroupId group : std::exchange(all_[id].groups, {})) {
        leave(group, id);
    }
}

bool Subscribers::add(
        Subscriber& subscriber, std::string_view filter, const SubscriptionTerms& terms) {
    if (const auto shared = mqtt::parse_shared_filter(filter)) {
        const GroupId group = make_group(filter, shared->filter);
        const bool is_new = std::ranges::find(subscriber.groups, group) == subscriber.groups.end();
        if (is_new) {
            subscriber.groups.push_back(group);
        }
        join(group, subscriber, terms);
        return is_new;
    }
    const auto added = tree_->add(filter, id_of(subscriber), terms);
    if (added.is_new) {
        subscriber.filters.push_back(added.filter);
    }
    return added.is_new;
}

GroupId Subscribers::make_group(std::string_view name, std::string_view filter) {
    if (const auto known = group_called(name)) {
        return *known;
    }
    auto id = static_cast<GroupId>(groups_.size());
    if (free_groups_.empty()) {
        groups_.emplace_back();
    } else {
        id = free_groups_.back();
        free_groups_.pop_back();
    }
    Group& group = groups_[id];
    group.name = name;
    group.filter = tree_->add(filter, id | kGroupBit, {}).filter;
    by_group_.emplace(group.name, id);
    return id;
}

void Subscribers::join(GroupId id, Subscriber& subscriber, const SubscriptionTerms& terms) {
    auto& members = groups_[id].members;
    const SubscriberId member = id_of(subscriber);
    const auto place = std::ranges::find(members, member, &Group::Member::id);
    if (place != members.end()) {
        place->terms = terms;
    } else {
        members.push_back({.id = member, .terms = terms});
    }
}

// What the member has not answered is for the others [MQTT-4.8.2-5], but for what it has said
// PUBREC to [MQTT-4.8.2-4].
void Subscribers::leave(GroupId id, SubscriberId member) {
    Group& group = groups_[id];
    std::erase_if(group.members, [&](const Group::Member& some) { return some.id == member; });
    orphan(all_[member], id);
    if (group.members.empty()) {
        tree_->remove(group.filter, id | kGroupBit);
        by_group_.erase(group.name);
        group = Group();
        free_groups_.push_back(id);
    }
}

void Subscribers::orphan(Subscriber& subscriber, GroupId group) {
    subscriber.session->with_deliveries([&](session::Deliveries& deliveries) {
        for (const Subscriber::Shared& shared : subscriber.shared) {
            const auto* const message = deliveries.queue.from(shared.number);
            if (shared.group != group || message == nullptr || message->number != shared.number ||
                    message->state == session::DeliveryQueue::State::received) {
                continue;
            }
            orphans_.push_back(
                    {.group = group, .position = message->position, .qos = message->qos});
            (void)deliveries.queue.finish(shared.number);
        }
    });
    std::erase_if(subscriber.shared,
            [&](const Subscriber::Shared& shared) { return shared.group == group; });
}

std::optional<GroupId> Subscribers::group_called(std::string_view filter) const {
    const auto found = by_group_.find(filter);
    return found == by_group_.end() ? std::nullopt : std::optional(found->second);
}

bool Subscribers::has_kept_member(GroupId group) const {
    return std::ranges::any_of(groups_[group].members, [&](const Group::Member& member) {
        return all_[member.id].session->expiry_seconds() != 0;
    });
}

std::optional<Subscribers::Match> Subscribers::choose(GroupId id, std::uint8_t qos) {
    Group& group = groups_[id];
    const std::size_t count = group.members.size();
    for (const bool connected : {true, false}) {
        for (std::size_t i = 0; i < count; ++i) {
            const Group::Member& member = group.members[(group.turn + i) % count];
            Subscriber& subscriber = all_[member.id];
            if (subscriber.recipient.has_value() == connected) {
                group.turn = (group.turn + i + 1) % count;
                return match_of(subscriber, member.terms, qos);
            }
        }
    }
    return std::nullopt;
}

std::optional<Subscribers::Match> Subscribers::match_of_member(
        std::string_view filter, Subscriber& member, std::uint8_t qos) {
    const auto group = group_called(filter);
    if (!group) {
        return std::nullopt;
    }
    const auto& members = groups_[*group].members;
    const auto place = std::ranges::find(members, id_of(member), &Group::Member::id);
    return place == members.end() ? std::nullopt
                                  : std::optional(match_of(member, place->terms, qos));
}

Subscribers::Match Subscribers::match_of(
        Subscriber& subscriber, const SubscriptionTerms& terms, std::uint8_t qos) {
    Match match{.subscriber = &subscriber,
        .qos = std::min(terms.qos, qos),
        .retain = false,
        .identifiers = {}};
    if (terms.identifier != 0) {
        match.identifiers.push_back(terms.identifier);
    }
    return match;
}

void Subscribers::drop_if_unused(SubscriberId id) {
    Subscriber& subscriber = all_[id];
    if (subscriber.recipient || !subscriber.filters.empty() || !subscriber.groups.empty()) {
        return;
    }
    by_client_.erase(by_client_.find(subscriber.session->client_id()));
    subscriber = Subscriber();
    free_.push_back(id);
}

SubscriberId Subscribers::make(std::shared_ptr<session::Session> session) {
    auto id = static_cast<SubscriberId>(all_.size());
    if (free_.empty()) {
        all_.emplace_back();
        match_of_.push_back(0);
    } else {
        id = free_.back();
        free_.pop_back();
    }
    by_client_.emplace(session->client_id(), id);
    all_[id].session = std::move(session);
    return id;
}

SubscriberId Subscribers::id_of(const Subscriber& subscriber) const {
    return by_client_.find(subscriber.session->client_id())->second;
}

namespace {

// The next message is the group's. What was noted of messages that have left goes now and then.
void note_shared(Subscriber& subscriber, GroupId group, const session::DeliveryQueue& queue) {
    constexpr std::size_t kSharedMin = 64;
    if (subscriber.shared.size() >= kSharedMin + 2 * queue.size()) {
        std::erase_if(subscriber.shared, [&](const Subscriber::Shared& shared) {
            const auto* const message = queue.from(shared.number);
            return message == nullptr || message->number != shared.number;
        });
    }
    subscriber.shared.push_back({.number = queue.next_number(), .group = group});
}

}  // namespace

Pushed push(const Subscribers::Match& match, const Push& push) {
    Subscriber& subscriber = *match.subscriber;
    return subscriber.session->with_deliveries([&](session::Deliveries& deliveries) -> Pushed {
        if (push.at && *push.at < deliveries.covered) {
            return {};
        }
        if (push.at) {
            deliveries.covered = push.at->next();
        }
        session::DeliveryQueue& queue = deliveries.queue;
        Pushed pushed;
        if (queue.size() >= push.most) {
            if (const auto* const oldest = queue.oldest_waiting()) {
                pushed.given_up = oldest->number;
                (void)queue.finish(oldest->number);
            }
        }
        if (push.group) {
            note_shared(subscriber, *push.group, queue);
        }
        queue.push({.position = push.position, .qos = match.qos, .retain = match.retain},
                match.identifiers);
        return pushed;
    });
}

}  // namespace foz::delivery
