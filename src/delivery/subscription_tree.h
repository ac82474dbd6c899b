// SPDX-License-Identifier: Apache-2.0
// Who has subscribed to what: a tree of topic filters, one node for each level [MQTT-4.7]. Matching
// walks all branches that fit at once, level by level; it looks at no more nodes than filters fit
// the topic's beginning, however the filters are made, and never recurses.
//
// A child is found by its parent and its level's text in one table for the whole tree, so that a
// node of a million costs little, and one with a million children is as fast as any.
//
// Filters and topics must be valid; a shared subscription's filter comes without its
// "$share/NAME/". One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

namespace foz::delivery {

/// Whom the tree's owner means by it: a session, or a group that shares a subscription.
using SubscriberId = std::uint32_t;
/// The tree's name for a filter, as long as somebody has subscribed to it.
using FilterId = std::uint32_t;

/// What SUBSCRIBE said of one filter [MQTT-3.8.3.1]; retain handling is over once it is answered.
struct SubscriptionTerms {
    std::uint32_t identifier = 0;  // [MQTT-3.8.2.1.2]; 0: none
    std::uint8_t qos = 0;          // at most, for what is delivered
    bool no_local = false;
    bool retain_as_published = false;

    bool operator==(const SubscriptionTerms&) const = default;
};

class SubscriptionTree {
  public:
    SubscriptionTree();
    SubscriptionTree(const SubscriptionTree&) = delete;
    SubscriptionTree& operator=(const SubscriptionTree&) = delete;

    struct Added {
        FilterId filter = 0;
        bool is_new = false;  // of this subscriber
    };
    /// Replaces the terms of a subscription that is there [MQTT-3.8.4-3].
    Added add(std::string_view filter, SubscriberId subscriber, const SubscriptionTerms& terms);
    /// Nothing: there is no such subscription.
    std::optional<FilterId> remove(std::string_view filter, SubscriberId subscriber);
    /// False: there is no such subscription.
    bool remove(FilterId filter, SubscriberId subscriber);
    /// What the filter is called. `filter` must have a subscription.
    [[nodiscard]] std::string text_of(FilterId filter) const;

    /// Calls `visit(subscriber, terms)` for each subscription that takes `topic`: for one
    /// subscriber as often as it has such filters. `visit` must not change the tree.
    template <class Visit>
    void match(std::string_view topic, Visit visit) {
        for (const NodeId node : nodes_for(topic)) {
            nodes_[node].subscriptions.for_each(visit);
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t node_count() const { return nodes_.size() - free_.size(); }

  private:
    using NodeId = FilterId;
    static constexpr NodeId kRoot = 0;
    static constexpr NodeId kNone = ~NodeId{0};

    struct Subscription {
        SubscriberId subscriber = 0;
        SubscriptionTerms terms;
    };
    /// Of one filter. Most have one, which needs no memory of its own.
    class SubscriptionSet {
      public:
        bool add(const Subscription& subscription);
        bool remove(SubscriberId subscriber);
        [[nodiscard]] bool empty() const { return !has_first_; }

        template <class Visit>
        void for_each(Visit visit) const {
            if (has_first_) {
                visit(first_.subscriber, first_.terms);
            }
            if (others_) {
                for (const Subscription& other : *others_) {
                    visit(other.subscriber, other.terms);
                }
            }
        }

      private:
        Subscription first_;
        bool has_first_ = false;                             // if not, there are no others
        std::unique_ptr<std::vector<Subscription>> others_;  // sorted by subscriber; not empty
    };
    // A node without subscriptions and children does not stay, but for the root.
    struct Node {
        std::string level;
        NodeId parent = kNone;
        NodeId plus = kNone;               // the child "+"
        NodeId hash = kNone;               // the child "#"
        std::uint32_t named_children = 0;  // those in children_
        SubscriptionSet subscriptions;
    };

    struct ChildKey {
        NodeId parent = kNone;
        std::string_view level;
    };
    // children_ has the ids of nodes only; what they stand for is in nodes_.
    struct ChildHash {
        using is_transparent = void;
        const std::deque<Node>* nodes = nullptr;
        [[nodiscard]] std::size_t operator()(const ChildKey& key) const;
        [[nodiscard]] std::size_t operator()(NodeId node) const {
            return (*this)(ChildKey{(*nodes)[node].parent, (*nodes)[node].level});
        }
    };
    struct ChildEqual {
        using is_transparent = void;
        const std::deque<Node>* nodes = nullptr;
        [[nodiscard]] bool operator()(NodeId left, NodeId right) const { return left == right; }
        [[nodiscard]] bool operator()(const ChildKey& key, NodeId node) const {
            return (*nodes)[node].parent == key.parent && (*nodes)[node].level == key.level;
        }
        [[nodiscard]] bool operator()(NodeId node, const ChildKey& key) const {
            return (*this)(key, node);
        }
    };

    /// Of nodes whose filters take `topic`. Good until the next call.
    [[nodiscard]] const std::vector<NodeId>& nodes_for(std::string_view topic);
    void step_down(std::string_view level, bool wildcards);

    /// kNone: it has no such child.
    [[nodiscard]] NodeId child_of(NodeId parent, std::string_view level) const;
    [[nodiscard]] NodeId make_child(NodeId parent, std::string_view level);
    [[nodiscard]] NodeId find(std::string_view filter) const;
    void drop_unused(NodeId id);

    // A deque: it grows without moving what is there, and without room for as much again.
    std::deque<Node> nodes_;
    std::vector<NodeId> free_;
    boost::unordered_flat_set<NodeId, ChildHash, ChildEqual> children_;
    std::size_t size_ = 0;
    // Of a match, kept for their memory.
    std::vector<NodeId> at_;       // nodes whose filter fits the topic so far
    std::vector<NodeId> next_;     // those of the next level
    std::vector<NodeId> matched_;  // nodes whose filter takes the whole topic
};

}  // namespace foz::delivery
