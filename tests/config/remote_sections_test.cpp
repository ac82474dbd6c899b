// SPDX-License-Identifier: Apache-2.0
#include "config/remote_sections.h"

#include <gtest/gtest.h>

#include "config/remote_url.h"
#include "config/settings_parser.h"
#include "tests/config/errors_of.h"

namespace foz::config {
namespace {

Settings accepted(std::string_view toml) {
    auto settings = parse_settings(toml, "foz.toml");
    EXPECT_TRUE(settings) << (settings ? "" : settings.error().lines.front());
    return settings ? *settings : Settings();
}

/// That it has this error and no other.
void expect_error(std::string_view toml, std::string_view text) {
    const auto errors = errors_of(toml);
    ASSERT_EQ(errors.size(), 1U) << toml;
    EXPECT_NE(errors[0].find(text), std::string::npos) << errors[0];
}

TEST(Source, has_usual_values_for_everything_but_url_and_topics) {
    const Settings settings =
            accepted("[source.plant]\nurl = \"mqtt://10.0.0.5\"\nsubscribe = [\"a/#\"]\n");
    Source expected;
    expected.remote.name = "plant";
    expected.remote.url = "mqtt://10.0.0.5";
    expected.remote.client_id = "foz-plant";
    expected.remote.place = {"foz.toml", 1};
    expected.subscribe = {{.topic = "a/#", .qos = 1}};
    EXPECT_EQ(settings.sources, std::vector{expected});
}

TEST(Source, is_read_with_all_its_keys) {
    const Settings settings = accepted(R"([source.plant]
url = "wss://broker.example:8443/path"
tls = { ca = "ca.crt", certificate = "c.crt", key = "c.key", alpn = ["mqtt"], server_name = "other" }
client_id = "foz-1"
username = "user"
password_file = "secret"
version = "3.1.1"
keep_alive = "30s"
session_expiry = "1h"
receive_maximum = 100
connect_timeout = "3s"
retry_delay_max = "20s"
subscribe = ["a", { topic = "$share/g/b/+", qos = 2 }]
)");
    ASSERT_EQ(settings.sources.size(), 1U);
    const Remote& remote = settings.sources[0].remote;
    EXPECT_EQ(remote.url, "wss://broker.example:8443/path");
    ASSERT_TRUE(remote.tls);
    EXPECT_EQ(remote.tls->server_name, "other");
    EXPECT_EQ(remote.client_id, "foz-1");
    EXPECT_EQ(remote.username, "user");
    EXPECT_EQ(remote.password_file, "secret");
    EXPECT_EQ(remote.version, "3.1.1");
    EXPECT_EQ(remote.keep_alive, std::chrono::seconds(30));
    EXPECT_EQ(remote.session_expiry, std::chrono::hours(1));
    EXPECT_EQ(remote.receive_maximum, 100);
    EXPECT_EQ(remote.connect_timeout, std::chrono::seconds(3));
    EXPECT_EQ(remote.retry_delay_max, std::chrono::seconds(20));
    EXPECT_EQ(settings.sources[0].subscribe, (std::vector<Subscription>{{.topic = "a", .qos = 1},
                                                 {.topic = "$share/g/b/+", .qos = 2}}));
}

TEST(Source, needs_a_url_and_topics) {
    EXPECT_EQ(errors_of("[source.a]\n").size(), 2U);
    expect_error("[source.a]\nurl = \"mqtt://h\"\n", "needs \"subscribe\"");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = []\n", "needs \"subscribe\"");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [1]\n", "it must be a list such as");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [{ topik = \"a\", topic = \"b\" }]\n",
            "topik");
    expect_error(
            "[source.a]\nurl = \"mqtt://h\"\nsubscribe = [{ topic = \"a\", qos = 3 }]\n", "qos");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [\"a#\"]\n", "is no topic filter");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [\"#/a\"]\n", "is no topic filter");
    expect_error("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [\"a\", \"a\"]\n", "\"a\" twice");
}

TEST(Source, does_not_take_a_url_apart_that_is_none) {
    const std::string_view broken[] = {
        "h:1883",
        "http://h",
        "mqtt://",
        "mqtt://h:0",
        "mqtt://h:99999",
        "mqtt://h:12x",
        "mqtt://user:secret@h",
        "mqtt://h/path",
        "mqtt://[::1",
        "mqtt://:1883",
    };
    for (const std::string_view url : broken) {
        EXPECT_FALSE(parse_remote_url(url)) << url;
        expect_error(fmt::format("[source.a]\nurl = \"{}\"\nsubscribe = [\"a\"]\n", url),
                "\"url\" in [source.a]");
    }
}

TEST(RemoteUrl, knows_four_schemes_and_their_ports) {
    EXPECT_EQ(*parse_remote_url("mqtt://h"), (RemoteUrl{false, false, "h", 1883, ""}));
    EXPECT_EQ(*parse_remote_url("mqtts://h/"), (RemoteUrl{true, false, "h", 8883, ""}));
    EXPECT_EQ(*parse_remote_url("ws://h"), (RemoteUrl{false, true, "h", 80, "/mqtt"}));
    EXPECT_EQ(*parse_remote_url("wss://h:8443/a?b"), (RemoteUrl{true, true, "h", 8443, "/a?b"}));
    EXPECT_EQ(*parse_remote_url("ws://h?b"), (RemoteUrl{false, true, "h", 80, "/?b"}));
    EXPECT_EQ(*parse_remote_url("mqtt://[::1]:1884"), (RemoteUrl{false, false, "::1", 1884, ""}));
}

TEST(Source, has_no_tls_on_a_url_without) {
    expect_error("[source.a]\nurl = \"mqtt://h\"\ntls = { ca = \"x\" }\nsubscribe = [\"a\"]\n",
            "write mqtts://");
}

TEST(Source, has_no_password_without_a_user) {
    expect_error("[source.a]\nurl = \"mqtt://h\"\npassword_file = \"x\"\nsubscribe = [\"a\"]\n",
            "needs \"username\"");
}

TEST(Source, subscribes_to_nothing_that_a_broker_would_hang_up_for) {
    for (const std::string_view filter :
            {"", "a#", "#/a", "a\\u0000", "$share/g", "$share//a", "$share/+/a", "$share/g/"}) {
        expect_error(fmt::format("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [\"{}\"]\n", filter),
                "is no topic filter");
    }
}

TEST(Source, has_no_name_that_is_too_long_for_a_connect) {
    for (const std::string_view key : {"client_id", "username"}) {
        const auto section = [&](std::size_t bytes) {
            return fmt::format("[source.a]\nurl = \"mqtt://h\"\nsubscribe = [\"a\"]\n{} = \"{}\"\n",
                    key, std::string(bytes, 'x'));
        };
        (void)accepted(section(65'535));
        expect_error(section(65'536), "has 65536 bytes; MQTT has room for 65535");
    }
}

TEST(Bridge, notifies_on_one_topic) {
    for (const std::string_view topic : {"a/#", "+"}) {
        expect_error(fmt::format("[bridge.a]\nurl = \"mqtt://h\"\ntopics = "
                                 "[\"a\"]\nnotification_topic = \"{}\"\n",
                             topic),
                "must be one topic, without + and #");
    }
}

TEST(Bridge, reads_the_topic_lines_of_mosquitto) {
    EXPECT_EQ(*parse_bridge_topic("a/#"), (BridgeTopic{.pattern = "a/#"}));
    EXPECT_EQ(*parse_bridge_topic("a/# in 1"),
            (BridgeTopic{.pattern = "a/#", .direction = Direction::in, .qos = 1}));
    EXPECT_EQ(*parse_bridge_topic("  # both  2 local/\tremote/ "),
            (BridgeTopic{"#", Direction::both, 2, "local/", "remote/"}));
    EXPECT_EQ(*parse_bridge_topic("a out 0 \"\" remote/"),
            (BridgeTopic{"a", Direction::out, 0, "", "remote/"}));
    EXPECT_EQ(*parse_bridge_topic("\"\" in 0 here there"),
            (BridgeTopic{"", Direction::in, 0, "here", "there"}));
    for (const std::string_view line :
            {"", "a up", "a out 3", "a out 1 l/ r/ more", "a#", "a out 0 +/ b/", "\"\" out 0"}) {
        EXPECT_FALSE(parse_bridge_topic(line)) << line;
    }
}

TEST(Bridge, is_read_with_its_keys) {
    const Settings settings = accepted(R"([bridge.cloud]
url = "mqtts://cloud.example"
in_flight = 50
notification_topic = "bridge/state"
topics = ["a/# out 1", "b/# in"]
)");
    ASSERT_EQ(settings.bridges.size(), 1U);
    const Bridge& bridge = settings.bridges[0];
    EXPECT_EQ(bridge.remote.client_id, "foz-cloud");
    EXPECT_EQ(bridge.in_flight, 50);
    EXPECT_EQ(bridge.notification_topic, "bridge/state");
    EXPECT_EQ(bridge.topics.size(), 2U);
    expect_error("[bridge.a]\nurl = \"mqtt://h\"\n", "needs \"topics\"");
    expect_error("[bridge.a]\nurl = \"mqtt://h\"\ntopics = [\"a up\"]\n", "the direction \"up\"");
    expect_error("[bridge.a]\nurl = \"mqtt://h\"\ntopics = [\"a\"]\nsubscribe = [\"a\"]\n",
            "\"subscribe\"");
}

}  // namespace
}  // namespace foz::config
