// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace foz::mqtt {
namespace {

using namespace std::string_view_literals;

TEST(TopicName, is_one_to_65535_bytes_without_wildcards_and_nul) {
    for (const auto name : {"a"sv, "/"sv, "//"sv, "/finance"sv, "Accounts payable"sv, "$SYS/x"sv,
             "esp32/pub"sv, "sites/São Paulo/温度"sv, "a/b/c/d/e/f/g/h/i/j/k/l"sv}) {
        EXPECT_TRUE(is_valid_topic_name(name)) << name;
    }
    for (const auto name : {""sv, "#"sv, "+"sv, "a/#"sv, "a/+/b"sv, "a+"sv, "12345678#"sv, "a\0b"sv,
             "12345678\0"sv, "\0"sv}) {
        EXPECT_FALSE(is_valid_topic_name(name)) << name;
    }
    EXPECT_TRUE(is_valid_topic_name(std::string(65'535, 'x')));
    EXPECT_FALSE(is_valid_topic_name(std::string(65'536, 'x')));
}

TEST(TopicName, with_a_wildcard_at_any_place_is_refused) {
    for (std::size_t size = 1; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char bad : {'+', '#', '\0'}) {
                std::string name(size, 'x');
                EXPECT_TRUE(is_valid_topic_name(name));
                name[at] = bad;
                EXPECT_FALSE(is_valid_topic_name(name)) << size << ' ' << at;
            }
        }
    }
}

TEST(TopicFilter, has_wildcards_alone_in_their_level) {
    for (const auto filter : {"#"sv, "+"sv, "+/+"sv, "/+"sv, "+/"sv, "/#"sv, "a/#"sv, "a/+/b"sv,
             "+/a/#"sv, "$SYS/#"sv, "a b"sv, "$share"sv, "$shared/a"sv}) {
        EXPECT_TRUE(is_valid_topic_filter(filter)) << filter;
    }
    for (const auto filter : {""sv, "a#"sv, "#a"sv, "a/#/b"sv, "#/"sv, "##"sv, "a+"sv, "+a"sv,
             "a/b+/c"sv, "++"sv, "a\0"sv, "+/#/+"sv}) {
        EXPECT_FALSE(is_valid_topic_filter(filter)) << filter;
    }
    EXPECT_TRUE(is_valid_topic_filter(std::string(65'535, 'x')));
    EXPECT_FALSE(is_valid_topic_filter(std::string(65'536, 'x')));
}

TEST(TopicFilter, that_is_shared_has_a_name_and_a_filter) {
    const auto shared = parse_shared_filter("$share/consumer1//finance/#");
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared->share_name, "consumer1");
    EXPECT_EQ(shared->filter, "/finance/#");
    EXPECT_TRUE(is_valid_topic_filter("$share/g/a"));
    EXPECT_FALSE(parse_shared_filter("a/b"));
    for (const auto filter : {"$share/"sv, "$share/g"sv, "$share/g/"sv, "$share//a"sv,
             "$share/+/a"sv, "$share/g#/a"sv, "$share/g/a#"sv, "$share/g/\0"sv, "$share/g\0/a"sv}) {
        EXPECT_FALSE(parse_shared_filter(filter)) << filter;
        EXPECT_FALSE(is_valid_topic_filter(filter)) << filter;
    }
}

TEST(TopicLevels, are_one_more_than_the_separators) {
    const std::pair<std::string_view, std::size_t> rows[] = {{"a", 1}, {"/", 2}, {"a/b", 2},
        {"/a", 2}, {"a//b", 3}, {"1/2/3/4/5/6/7/8/9", 9}, {"////////", 9}, {"/////////", 10},
        {"a+b/é/\xFF", 3}};
    for (const auto& [topic, levels] : rows) {
        EXPECT_EQ(topic_levels(topic), levels) << topic;
    }
}

TEST(TopicFilter, matches_as_the_specification_shows) {
    struct Match {
        std::string_view filter;
        std::string_view name;
        bool matches;
    };
    const Match rows[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player2", false},
        {"sport/#", "sport", true},
        {"sport/#", "sports", false},
        {"#", "sport/tennis", true},
        {"#", "/", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"+", "finance", true},
        {"+/tennis/#", "sport/tennis", true},
        {"+/tennis/#", "sport/tennis/a/b", true},
        {"#", "$SYS/uptime", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"a/+/b", "a//b", true},
        {"a/b", "a/b", true},
        {"a/b", "A/b", false},
        {"a/b", "a/b/", false},
        {"a/b/", "a/b", false},
        {"a", "a/b", false},
        {"a/b", "a", false},
        {"a/+/#", "a", false},
        {"a/+/#", "a/b", true},
        {"+/#", "a", true},
        {"/", "/", true},
        {"a/$b", "a/$b", true},
        {"a/+", "a/$b", true},
    };
    for (const Match& row : rows) {
        EXPECT_EQ(topic_matches(row.filter, row.name), row.matches)
                << row.filter << " on " << row.name;
    }
}

}  // namespace
}  // namespace foz::mqtt
