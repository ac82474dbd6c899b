// SPDX-License-Identifier: Apache-2.0
#include "bridge/topic_map.h"

#include <gtest/gtest.h>

#include "config/remote_sections.h"

namespace foz::bridge {
namespace {

TopicMap map_of(const std::vector<std::string>& lines) {
    std::vector<config::BridgeTopic> topics;
    for (const std::string& line : lines) {
        topics.push_back(config::parse_bridge_topic(line).value());
    }
    return TopicMap(topics);
}

/// "topic qos"; "-" when the message stays.
std::string shown(const std::optional<MappedTopic>& mapped) {
    return mapped ? std::string(mapped->topic) + " " + std::to_string(mapped->qos) : "-";
}
std::string out(const TopicMap& map, std::string_view topic) {
    std::string buffer;
    return shown(map.outward(topic, buffer));
}
std::string in(const TopicMap& map, std::string_view topic) {
    std::string buffer;
    return shown(map.inward(topic, buffer));
}
std::vector<std::string> filters(const TopicMap& map) {
    std::vector<std::string> shown;
    for (const RemoteFilter& filter : map.remote_filters()) {
        shown.push_back(filter.filter + " " + std::to_string(filter.qos));
    }
    return shown;
}
using Filters = std::vector<std::string>;

// The table of mosquitto.conf(5).

TEST(TopicMap, exchanges_both_prefixes) {
    const TopicMap map = map_of({"pattern both 1 L/ R/"});
    EXPECT_EQ(out(map, "L/pattern"), "R/pattern 1");
    EXPECT_EQ(in(map, "R/pattern"), "L/pattern 1");
    EXPECT_EQ(filters(map), Filters{"R/pattern 1"});
    EXPECT_EQ(out(map, "pattern"), "-");
    EXPECT_EQ(out(map, "R/pattern"), "-");
    EXPECT_EQ(in(map, "L/pattern"), "-");
}

TEST(TopicMap, takes_a_local_prefix_off_and_puts_it_on) {
    const TopicMap map = map_of({R"(pattern both 0 L/ "")"});
    EXPECT_EQ(out(map, "L/pattern"), "pattern 0");
    EXPECT_EQ(in(map, "pattern"), "L/pattern 0");
}

TEST(TopicMap, puts_a_remote_prefix_on_and_takes_it_off) {
    const TopicMap map = map_of({R"(pattern both 2 "" R/)"});
    EXPECT_EQ(out(map, "pattern"), "R/pattern 2");
    EXPECT_EQ(in(map, "R/pattern"), "pattern 2");
}

TEST(TopicMap, leaves_topics_as_they_are_without_prefixes) {
    for (const char* line : {"pattern both 1", R"(pattern both 1 "" "")"}) {
        EXPECT_EQ(out(map_of({line}), "pattern"), "pattern 1");
        EXPECT_EQ(in(map_of({line}), "pattern"), "pattern 1");
    }
}

TEST(TopicMap, renames_a_single_topic_when_the_pattern_is_empty) {
    const TopicMap map = map_of({R"("" both 1 local remote)"});
    EXPECT_EQ(out(map, "local"), "remote 1");
    EXPECT_EQ(in(map, "remote"), "local 1");
    EXPECT_EQ(out(map, "local/deeper"), "-");
}

TEST(TopicMap, goes_out_at_qos_0_when_the_line_says_no_more) {
    const TopicMap map = map_of({"sensors/#"});
    EXPECT_EQ(out(map, "sensors/a"), "sensors/a 0");
    EXPECT_EQ(map.qos_out(), 0);
    EXPECT_EQ(filters(map), Filters{});
}

TEST(TopicMap, keeps_the_directions_apart) {
    const TopicMap map = map_of({"up/# out 1", "down/# in 2"});
    EXPECT_EQ(out(map, "up/a"), "up/a 1");
    EXPECT_EQ(out(map, "down/a"), "-");
    EXPECT_EQ(in(map, "down/a"), "down/a 2");
    EXPECT_EQ(in(map, "up/a"), "-");
    EXPECT_EQ(map.qos_out(), 1);
    EXPECT_FALSE(map_of({"down/# in 2"}).qos_out());
}

TEST(TopicMap, remaps_a_whole_tree) {
    const TopicMap map = map_of({"# both 2 local/topic/ remote/topic/"});
    EXPECT_EQ(out(map, "local/topic/a/b/c"), "remote/topic/a/b/c 2");
    EXPECT_EQ(in(map, "remote/topic/a"), "local/topic/a 2");
    // "local/topic" matches "local/topic/#", and does not begin with the prefix.
    EXPECT_EQ(out(map, "local/topic"), "remote/topic/local/topic 2");
}

TEST(TopicMap, lets_the_first_line_decide) {
    const TopicMap map = map_of({"a/b out 2 \"\" first/", "a/# out 1 \"\" second/"});
    EXPECT_EQ(out(map, "a/b"), "first/a/b 2");
    EXPECT_EQ(out(map, "a/c"), "second/a/c 1");
    EXPECT_EQ(map.qos_out(), 2);
}

TEST(TopicMap, subscribes_to_a_filter_once_at_its_highest_qos) {
    EXPECT_EQ(
            filters(map_of({"a in 0 x/ r/", "a in 2 y/ r/", "b in 1"})), (Filters{"r/a 2", "b 1"}));
}

TEST(TopicMap, does_not_take_system_topics_for_a_wildcard) {
    EXPECT_EQ(out(map_of({"# out 1"}), "$SYS/broker/uptime"), "-");
    EXPECT_EQ(in(map_of({"clients/total in 0 test/ $SYS/broker/"}), "$SYS/broker/clients/total"),
            "test/clients/total 0");
}

}  // namespace
}  // namespace foz::bridge
