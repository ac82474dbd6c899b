// SPDX-License-Identifier: Apache-2.0
#include "delivery/subscription_tree.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace foz::delivery {
namespace {

/// Takes the first level off `rest`; `is_last` says that there is none behind it.
std::string_view take_level(std::string_view& rest, bool& is_last) {
    const std::size_t end = rest.find('/');
    is_last = end == std::string_view::npos;
    const std::string_view level = rest.substr(0, end);
    rest.remove_prefix(is_last ? rest.size() : end + 1);
    return level;
}

}  // namespace

std::size_t SubscriptionTree::ChildHash::operator()(const ChildKey& key) const {
    constexpr std::size_t kOddConstant = 0x9E37'79B9'7F4A'7C15;  // spreads the parents
    return std::hash<std::string_view>()(key.level) ^ (key.parent * kOddConstant);
}

bool SubscriptionTree::SubscriptionSet::add(const Subscription& subscription) {
    if (!has_first_ || first_.subscriber == subscription.subscriber) {
        first_ = subscription;
        return !std::exchange(has_first_, true);
    }
    if (!others_) {
        others_ = std::make_unique<std::vector<Subscription>>();
    }
    const auto place = std::ranges::lower_bound(
            *others_, subscription.subscriber, {}, &Subscription::subscriber);
    if (place != others_->end() && place->subscriber == subscription.subscriber) {
        *place = subscription;
        return false;
    }
    others_->insert(place, subscription);
    return true;
}

bool SubscriptionTree::SubscriptionSet::remove(SubscriberId subscriber) {
    if (has_first_ && first_.subscriber == subscriber) {
        has_first_ = others_ != nullptr;
        if (has_first_) {
            first_ = others_->back();
            others_->pop_back();
        }
    } else if (others_) {
        const auto place =
                std::ranges::lower_bound(*others_, subscriber, {}, &Subscription::subscriber);
        if (place == others_->end() || place->subscriber != subscriber) {
            return false;
        }
        others_->erase(place);
    } else {
        return false;
    }
    if (others_ && others_->empty()) {
        others_.reset();
    }
    return true;
}

SubscriptionTree::SubscriptionTree()
    : nodes_(1), children_(0, ChildHash{&nodes_}, ChildEqual{&nodes_}) {}

SubscriptionTree::Added SubscriptionTree::add(
        std::string_view filter, SubscriberId subscriber, const SubscriptionTerms& terms) {
    NodeId node = kRoot;
    for (bool is_last = false; !is_last;) {
        const std::string_view level = take_level(filter, is_last);
        const NodeId child = child_of(node, level);
        node = child != kNone ? child : make_child(node, level);
    }
    const bool is_new = nodes_[node].subscriptions.add({subscriber, terms});
    size_ += is_new ? 1 : 0;
    return {.filter = node, .is_new = is_new};
}

std::optional<FilterId> SubscriptionTree::remove(std::string_view filter, SubscriberId subscriber) {
    const NodeId node = find(filter);
    return node != kNone && remove(node, subscriber) ? std::optional(node) : std::nullopt;
}

bool SubscriptionTree::remove(FilterId filter, SubscriberId subscriber) {
    if (!nodes_[filter].subscriptions.remove(subscriber)) {
        return false;
    }
    --size_;
    drop_unused(filter);
    return true;
}

std::string SubscriptionTree::text_of(FilterId filter) const {
    std::vector<std::string_view> levels;
    for (NodeId node = filter; node != kRoot; node = nodes_[node].parent) {
        levels.push_back(nodes_[node].level);
    }
    std::string text(levels.back());
    for (auto level = levels.rbegin() + 1; level != levels.rend(); ++level) {
        text.push_back('/');
        text.append(*level);
    }
    return text;
}

const std::vector<SubscriptionTree::NodeId>& SubscriptionTree::nodes_for(std::string_view topic) {
    matched_.clear();
    at_.assign(1, kRoot);
    // A wildcard in the first level does not take what begins with "$" [MQTT-4.7.2-1].
    bool wildcards = !topic.starts_with('$');
    for (bool is_last = false; !is_last && !at_.empty(); wildcards = true) {
        step_down(take_level(topic, is_last), wildcards);
    }
    for (const NodeId node : at_) {
        matched_.push_back(node);
        // "a/#" takes "a", too [MQTT-4.7.1-2].
        if (nodes_[node].hash != kNone) {
            matched_.push_back(nodes_[node].hash);
        }
    }
    return matched_;
}

void SubscriptionTree::step_down(std::string_view level, bool wildcards) {
    next_.clear();
    for (const NodeId id : at_) {
        const Node& node = nodes_[id];
        if (wildcards && node.hash != kNone) {
            matched_.push_back(node.hash);
        }
        if (wildcards && node.plus != kNone) {
            next_.push_back(node.plus);
        }
        if (node.named_children > 0) {
            const auto child = children_.find(ChildKey{id, level});
            if (child != children_.end()) {
                next_.push_back(*child);
            }
        }
    }
    std::swap(at_, next_);
}

SubscriptionTree::NodeId SubscriptionTree::child_of(NodeId parent, std::string_view level) const {
    if (level == "+") {
        return nodes_[parent].plus;
    }
    if (level == "#") {
        return nodes_[parent].hash;
    }
    const auto child = children_.find(ChildKey{parent, level});
    return child == children_.end() ? kNone : *child;
}

SubscriptionTree::NodeId SubscriptionTree::make_child(NodeId parent, std::string_view level) {
    NodeId made = static_cast<NodeId>(nodes_.size());
    if (free_.empty()) {
        nodes_.emplace_back();
    } else {
        made = free_.back();
        free_.pop_back();
    }
    nodes_[made].parent = parent;
    nodes_[made].level = level;
    if (level == "+") {
        nodes_[parent].plus = made;
    } else if (level == "#") {
        nodes_[parent].hash = made;
    } else {
        children_.insert(made);
        ++nodes_[parent].named_children;
    }
    return made;
}

SubscriptionTree::NodeId SubscriptionTree::find(std::string_view filter) const {
    NodeId node = kRoot;
    for (bool is_last = false; !is_last && node != kNone;) {
        node = child_of(node, take_level(filter, is_last));
    }
    return node;
}

void SubscriptionTree::drop_unused(NodeId id) {
    while (id != kRoot) {
        Node& node = nodes_[id];
        if (!node.subscriptions.empty() || node.named_children > 0 || node.plus != kNone ||
                node.hash != kNone) {
            return;
        }
        Node& parent = nodes_[node.parent];
        if (parent.plus == id) {
            parent.plus = kNone;
        } else if (parent.hash == id) {
            parent.hash = kNone;
        } else {
            children_.erase(id);
            --parent.named_children;
        }
        const NodeId above = node.parent;
        node = Node();
        free_.push_back(id);
        id = above;
    }
}

}  // namespace foz::delivery
