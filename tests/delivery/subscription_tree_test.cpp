// SPDX-License-Identifier: Apache-2.0
#include "delivery/subscription_tree.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mqtt/topic.h"

namespace foz::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Subscriptions : public testing::Test {
  protected:
    /// In order.
    std::multiset<SubscriberId> takers_of(std::string_view topic) {
        std::multiset<SubscriberId> takers;
        tree_.match(topic, [&](SubscriberId subscriber, const SubscriptionTerms&) {
            takers.insert(subscriber);
        });
        return takers;
    }

    SubscriptionTree tree_;
};

TEST_F(Subscriptions, take_the_topics_that_their_filters_match) {
    tree_.add("a/b", 1, {});
    tree_.add("a/+", 2, {});
    tree_.add("a/#", 3, {});
    tree_.add("#", 4, {});
    tree_.add("+/+/c", 5, {});
    tree_.add("/", 6, {});
    EXPECT_THAT(takers_of("a/b"), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(takers_of("a"), ElementsAre(3, 4));
    EXPECT_THAT(takers_of("a/x/c"), ElementsAre(3, 4, 5));
    EXPECT_THAT(takers_of("/"), ElementsAre(4, 6));
    EXPECT_THAT(takers_of("a/"), ElementsAre(2, 3, 4));
    EXPECT_THAT(takers_of("A/b"), ElementsAre(4));
}

TEST_F(Subscriptions, that_begin_with_a_wildcard_take_no_topic_of_the_server) {
    tree_.add("#", 1, {});
    tree_.add("+/broker/#", 2, {});
    tree_.add("$SYS/#", 3, {});
    tree_.add("$SYS/+/load", 4, {});
    EXPECT_THAT(takers_of("$SYS/broker/load"), ElementsAre(3, 4));
    EXPECT_THAT(takers_of("$SYS"), ElementsAre(3));
    EXPECT_THAT(takers_of("x/broker/load"), ElementsAre(1, 2));
}

TEST_F(Subscriptions, replace_older_ones_of_the_same_filter_and_client) {
    EXPECT_TRUE(tree_.add("a", 1, {.qos = 0}).is_new);
    EXPECT_FALSE(tree_.add("a", 1, {.identifier = 7, .qos = 2}).is_new);
    EXPECT_EQ(tree_.size(), 1U);
    tree_.match("a", [](SubscriberId, const SubscriptionTerms& terms) {
        EXPECT_EQ(terms, (SubscriptionTerms{.identifier = 7, .qos = 2}));
    });
}

TEST_F(Subscriptions, that_end_leave_no_nodes_behind) {
    tree_.add("a/b/c", 1, {});
    tree_.add("a/b/c", 2, {});
    tree_.add("a/+/c/#", 1, {});
    EXPECT_FALSE(tree_.remove("a/b", 1));
    EXPECT_FALSE(tree_.remove("a/b/c/d", 1));
    EXPECT_FALSE(tree_.remove("a/b/c", 3));
    EXPECT_TRUE(tree_.remove("a/b/c", 1));
    EXPECT_THAT(takers_of("a/b/c"), ElementsAre(1, 2));
    EXPECT_TRUE(tree_.remove("a/+/c/#", 1));
    EXPECT_TRUE(tree_.remove("a/b/c", 2));
    EXPECT_THAT(takers_of("a/b/c"), IsEmpty());
    EXPECT_EQ(tree_.size(), 0U);
    EXPECT_EQ(tree_.node_count(), 1U);
}

TEST_F(Subscriptions, of_as_many_levels_as_a_topic_can_have_are_found) {
    std::string deep = "a";
    while (deep.size() < 65'000) {
        deep += "/a";
    }
    tree_.add(deep, 1, {});
    tree_.add("a/#", 2, {});
    EXPECT_THAT(takers_of(deep), ElementsAre(1, 2));
    EXPECT_TRUE(tree_.remove(deep, 1));
    EXPECT_EQ(tree_.node_count(), 3U);
}

/// A filter, or with `wildcards` false a topic, of few different levels, so that many match.
std::string random_filter(std::mt19937_64& random, bool wildcards) {
    static constexpr std::string_view kLevels[] = {"a", "b", "", "$SYS", "long level of a topic"};
    std::string filter;
    const auto levels = 1 + random() % 4;
    for (std::size_t i = 0; i < levels; ++i) {
        filter += i == 0 ? "" : "/";
        const auto choice = random() % (wildcards ? 8 : 5);
        if (choice < 5) {
            filter += kLevels[choice];
        } else if (choice < 7) {
            filter += "+";
        } else {
            return filter + "#";
        }
    }
    return filter.empty() ? "a" : filter;
}

TEST_F(Subscriptions, match_as_a_look_at_each_filter_does) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    std::set<std::pair<std::string, SubscriberId>> model;
    for (int step = 0; step < 20'000; ++step) {
        const auto subscriber = static_cast<SubscriberId>(random() % 10);
        const std::string filter = random_filter(random, true);
        ASSERT_TRUE(mqtt::is_valid_topic_filter(filter)) << filter;
        if (random() % 3 > 0 && model.size() < 300) {
            ASSERT_EQ(tree_.add(filter, subscriber, {}).is_new,
                    model.emplace(filter, subscriber).second);
        } else {
            ASSERT_EQ(tree_.remove(filter, subscriber).has_value(),
                    model.erase({filter, subscriber}) == 1);
        }
        const std::string topic = random_filter(random, false);
        std::multiset<SubscriberId> expected;
        for (const auto& [known, its_subscriber] : model) {
            if (mqtt::topic_matches(known, topic)) {
                expected.insert(its_subscriber);
            }
        }
        ASSERT_EQ(takers_of(topic), expected) << topic;
    }
    for (const auto& [filter, subscriber] : model) {
        ASSERT_TRUE(tree_.remove(filter, subscriber));
    }
    EXPECT_EQ(tree_.node_count(), 1U);
}

}  // namespace
}  // namespace foz::delivery
