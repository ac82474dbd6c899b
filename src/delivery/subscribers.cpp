// SPDX-License-Identifier: Apache-2.0
#include "delivery/subscribers.h"

#include <algorithm>
#include <utility>

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

Subscriber& Subscribers::restore(std::shared_ptr<session::Session> session) {
    const SubscriberId id = make(session);
    Subscriber& subscriber = all_[id];
    for (const session::KeptSubscription& kept : session->deliveries().subscriptions) {
        subscriber.filters.push_back(
                tree_->add(kept.filter, id,
                             {
                                 .identifier = kept.identifier,
                                 .qos = kept.qos,
                                 .no_local = kept.no_local,
                                 .retain_as_published = kept.retain_as_published,
                             })
                        .filter);
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
    const auto added = tree_->add(wanted.filter, id_of(subscriber),
            {
                .identifier = record.identifier,
                .qos = wanted.qos,
                .no_local = wanted.no_local,
                .retain_as_published = wanted.retain_as_published,
            });
    if (added.is_new) {
        subscriber.filters.push_back(added.filter);
    }
    Subscribed subscribed{.reason = static_cast<ReasonCode>(wanted.qos), .retained = {}};
    if (wanted.retain_handling == 0 || (wanted.retain_handling == 1 && added.is_new)) {
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
    const auto removed = tree_->remove(filter, id_of(subscriber));
    if (!removed) {
        return ReasonCode::no_subscription_existed;
    }
    std::erase(subscriber.filters, *removed);
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
    tree_->match(message.topic, [&](SubscriberId id, const SubscriptionTerms& terms) {
        note_match(id, terms, message);
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
}

void Subscribers::drop_if_unused(SubscriberId id) {
    Subscriber& subscriber = all_[id];
    if (subscriber.recipient || !subscriber.filters.empty()) {
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

std::optional<std::uint64_t> push(
        const Subscribers::Match& match, journal::Position at, std::size_t most) {
    return match.subscriber->session->with_deliveries(
            [&](session::Deliveries& deliveries) -> std::optional<std::uint64_t> {
                if (at < deliveries.covered) {
                    return std::nullopt;
                }
                deliveries.covered = at.next();
                session::DeliveryQueue& queue = deliveries.queue;
                std::optional<std::uint64_t> given_up;
                if (queue.size() >= most) {
                    if (const auto* const oldest = queue.oldest_waiting()) {
                        given_up = oldest->number;
                        (void)queue.finish(*given_up);
                    }
                }
                queue.push({.position = at, .qos = match.qos, .retain = match.retain},
                        match.identifiers);
                return given_up;
            });
}

}  // namespace foz::delivery
