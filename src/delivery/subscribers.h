// SPDX-License-Identifier: Apache-2.0
// Who subscribes to what, as far as the journal's records tell it, and where those are connected
// who are. The records of SUBSCRIBE, UNSUBSCRIBE and of sessions that end are applied in the
// journal's order, so that who gets a message is a function of the journal.
//
// One is here while it has a subscription or is attached. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delivery/handout.h"
#include "delivery/retained_messages.h"
#include "delivery/subscription_tree.h"
#include "mqtt/message.h"
#include "mqtt/reason_code.h"
#include "mqtt/subscription_record.h"
#include "session/session.h"

namespace foz::delivery {

struct Subscriber {
    std::shared_ptr<session::Session> session;
    std::optional<Recipient> recipient;  // nothing: it is not connected
    std::vector<FilterId> filters;       // of its subscriptions
    std::uint64_t noted = 0;             // for who visits it: when it did so last
};

class Subscribers {
  public:
    Subscribers() = default;
    Subscribers(Subscribers&&) = default;
    Subscribers& operator=(Subscribers&&) = default;

    [[nodiscard]] bool empty() const { return by_client_.empty(); }
    [[nodiscard]] std::size_t subscription_count() const { return tree_->size(); }

    /// The client of `session` is connected. Another session of its that is here has been
    /// discarded, with its subscriptions.
    Subscriber& attach(std::shared_ptr<session::Session> session, Recipient recipient);
    /// It has gone. Of a session that ends with it, the subscriptions end too.
    void detach(const session::Session& session, Recipient recipient);
    /// A session that the journal remembers, with the subscriptions that it has.
    Subscriber& restore(std::shared_ptr<session::Session> session);

    /// Null: there is no such client here.
    [[nodiscard]] Subscriber* find(std::string_view client_id);

    // The record at `at` was read:

    struct Subscribed {
        mqtt::ReasonCode reason{};  // of SUBACK
        /// What it brings at once, and what is in the session's queue now [MQTT-3.3.1-9 to
        /// MQTT-3.3.1-11].
        std::vector<RetainedMessages::Pointer> retained;
    };
    Subscribed subscribe(Subscriber& subscriber, const mqtt::SubscriptionRecord& record,
            journal::Position at, const RetainedMessages& retained);
    /// The reason is that of UNSUBACK.
    mqtt::ReasonCode unsubscribe(
            Subscriber& subscriber, std::string_view filter, journal::Position at);
    /// Of one who is attached, it ends when he goes.
    void end_session(std::string_view client_id);

    /// How somebody gets a message: once, whatever number of his filters take it, with the highest
    /// QoS among them [MQTT-3.3.5-1].
    struct Match {
        Subscriber* subscriber = nullptr;
        std::uint8_t qos = 0;
        bool retain = false;  // [MQTT-3.3.1-12, MQTT-3.3.1-13]
        std::vector<std::uint32_t> identifiers;
    };
    /// Of a message that was just published. Good until the next call.
    [[nodiscard]] std::span<const Match> match(const mqtt::Message& message);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    void drop_subscriptions(SubscriberId id);
    void drop_if_unused(SubscriberId id);
    [[nodiscard]] SubscriberId make(std::shared_ptr<session::Session> session);
    [[nodiscard]] SubscriberId id_of(const Subscriber& subscriber) const;
    void note_match(SubscriberId id, const SubscriptionTerms& terms, const mqtt::Message& message);

    std::unique_ptr<SubscriptionTree> tree_ = std::make_unique<SubscriptionTree>();
    std::deque<Subscriber> all_;  // by id; of a free one, the session is null
    std::vector<SubscriberId> free_;
    std::unordered_map<std::string, SubscriberId, Hash, std::equal_to<>> by_client_;
    // Of match(), kept for their memory:
    std::vector<Match> matches_;
    std::size_t match_count_ = 0;
    std::vector<std::uint32_t> match_of_;  // by id; its place in matches_, if that is its own
};

/// Puts the message at `at` into the session's queue, unless that had it before. `most`: messages
/// on their way to a session; beyond, the oldest that was not sent is given up, whose number this
/// gives.
std::optional<std::uint64_t> push(
        const Subscribers::Match& match, journal::Position at, std::size_t most = ~std::size_t{0});

}  // namespace foz::delivery
