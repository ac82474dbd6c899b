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
#include <utility>
#include <vector>

#include "delivery/handout.h"
#include "delivery/retained_messages.h"
#include "delivery/subscription_tree.h"
#include "mqtt/message.h"
#include "mqtt/reason_code.h"
#include "mqtt/subscription_record.h"
#include "session/session.h"

namespace foz::delivery {

/// A shared subscription: a share name with a filter.
using GroupId = std::uint32_t;

struct Subscriber {
    std::shared_ptr<session::Session> session;
    std::optional<Recipient> recipient;  // nothing: it is not connected
    std::vector<FilterId> filters;       // of its subscriptions, but for shared ones
    std::vector<GroupId> groups;         // whose member it is
    /// Messages in its queue that it has as a member of a group, and perhaps some that have left.
    struct Shared {
        std::uint64_t number = 0;
        GroupId group = 0;
    };
    std::vector<Shared> shared;
    std::uint64_t noted = 0;  // for who visits it: when it did so last
};

class Subscribers {
  public:
    Subscribers() = default;
    Subscribers(Subscribers&&) noexcept = default;
    Subscribers& operator=(Subscribers&&) noexcept = default;

    [[nodiscard]] bool empty() const { return by_client_.empty(); }
    [[nodiscard]] std::size_t subscription_count() const { return tree_->size(); }

    /// The client of `session` is connected. Another session of its that is here has been
    /// discarded, with its subscriptions.
    Subscriber& attach(std::shared_ptr<session::Session> session, Recipient recipient);
    /// It has gone. Of a session that ends with it, the subscriptions end too.
    void detach(const session::Session& session, Recipient recipient);
    /// A session that the journal remembers, with the subscriptions that it has.
    Subscriber& restore(const std::shared_ptr<session::Session>& session);

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
    /// The groups that get the message of the last match(), too. Good until the next call.
    [[nodiscard]] std::span<const GroupId> matched_groups() const { return matched_groups_; }

    /// Who of the group gets the next message, of this QoS: each connected member in turn; while
    /// there is none, each whose session sleeps. Nothing: the group has no members any more.
    [[nodiscard]] std::optional<Match> choose(GroupId id, std::uint8_t qos);
    /// How a member of the group gets a message. Nothing: it is no member.
    [[nodiscard]] std::optional<Match> match_of_member(
            std::string_view filter, Subscriber& member, std::uint8_t qos);
    [[nodiscard]] std::optional<GroupId> group_called(std::string_view filter) const;
    /// "$share/NAME/FILTER".
    [[nodiscard]] const std::string& name_of(GroupId group) const { return groups_[group].name; }
    [[nodiscard]] bool has_kept_member(GroupId group) const;

    /// A message that a member had not answered when it left its group.
    struct Orphan {
        GroupId group = 0;
        journal::Position position;
        std::uint8_t qos = 0;
    };
    /// Since the last call, in the order of the messages of each member.
    [[nodiscard]] std::vector<Orphan> take_orphans() { return std::exchange(orphans_, {}); }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    // Ids of groups in the tree have this bit.
    static constexpr SubscriberId kGroupBit = 0x8000'0000;

    struct Group {
        struct Member {
            SubscriberId id = 0;
            SubscriptionTerms terms;
        };
        std::string name;
        FilterId filter = 0;
        std::vector<Member> members;
        std::size_t turn = 0;
    };

    /// False: it replaces the terms of one that was there.
    bool add(Subscriber& subscriber, std::string_view filter, const SubscriptionTerms& terms);
    void join(GroupId id, Subscriber& subscriber, const SubscriptionTerms& terms);
    void leave(GroupId id, SubscriberId member);
    void orphan(Subscriber& subscriber, GroupId group);
    [[nodiscard]] GroupId make_group(std::string_view name, std::string_view filter);
    [[nodiscard]] static Match match_of(
            Subscriber& subscriber, const SubscriptionTerms& terms, std::uint8_t qos);

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
    std::vector<GroupId> matched_groups_;

    std::deque<Group> groups_;  // by id; of a free one, there are no members
    std::vector<GroupId> free_groups_;
    std::unordered_map<std::string, GroupId, Hash, std::equal_to<>> by_group_;
    std::vector<Orphan> orphans_;
};

struct Push {
    journal::Position position;  // of the message
    /// Of the record that brings it; nothing is done if the session has applied that before.
    /// Nothing: no record does, to a session that ends with its connection.
    std::optional<journal::Position> at;
    /// Messages on their way to a session; beyond, the oldest that was not sent is given up.
    std::size_t most = ~std::size_t{0};
    std::optional<GroupId> group = std::nullopt;  // as whose member the subscriber gets it
};
struct Pushed {
    std::optional<std::uint64_t> given_up;  // the number of a message
};
/// Puts a message into the session's queue.
Pushed push(const Subscribers::Match& match, const Push& push);

}  // namespace foz::delivery
