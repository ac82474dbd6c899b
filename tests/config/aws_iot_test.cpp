// SPDX-License-Identifier: Apache-2.0
// AWS IoT Core's limits: what foz checks in a configuration, and that the documentation says the
// same.
#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/aws_iot_limits.h"
#include "config/settings_parser.h"
#include "tests/config/errors_of.h"

namespace foz::config {
namespace {

std::filesystem::path root() {
    return FOZ_SOURCE_DIR;
}

/// A source that is right in all but `subscribe` in line 2 and what follows from line 3.
std::string source_with(std::string_view subscribe, std::string_view more = "") {
    return fmt::format(
            "[source.aws]\nsubscribe = {}\n{}\nprofile = \"aws-iot\"\n"
            "url = \"mqtts://CODE-ats.iot.us-east-1.amazonaws.com\"\n"
            "tls = {{ ca = \"AmazonRootCA1.pem\", certificate = \"cert.crt\", key = "
            "\"private.pem.key\" }}\n",
            subscribe, more);
}

/// The same for a bridge and its topics.
std::string bridge_with(std::string_view topics) {
    std::string toml = source_with("", "");
    toml.replace(0, toml.find("profile"), fmt::format("[bridge.aws]\ntopics = {}\n", topics));
    return toml;
}

std::string list_of(std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) {
        list += fmt::format("{}\"topic/{}\"", i == 0 ? "[" : ", ", i);
    }
    return list + "]";
}

TEST(AwsIotCheck, takes_what_foz_itself_can_do_right) {
    const std::string within[] = {
        source_with("[\"esp32/pub\"]"),
        source_with(list_of(9)),
        source_with(list_of(50)),
        source_with("[\"1/2/3/4/5/6/7/#\"]"),
        source_with("[\"$share/group/1/2/3/4/5/6/7/8\"]"),
        source_with("[\"$aws/things/a/shadow/update/accepted\"]"),
        source_with("[\"a\"]", "keep_alive = \"6s\""),
        source_with("[\"a\"]", "keep_alive = \"1200s\""),
        source_with("[\"a\"]", "client_id = \"" + std::string(128, 'c') + "\""),
        bridge_with("[\"esp32/# out 1\", \"$aws/rules/rule/1/2/3/4/5/6/7/8 out 1\"]"),
    };
    for (const std::string& toml : within) {
        EXPECT_EQ(errors_of(toml), Lines()) << toml;
    }
}

TEST(AwsIotCheck, names_the_limit_that_a_source_is_over) {
    EXPECT_EQ(errors_of(source_with("[\"a\", { topic = \"b\", qos = 2 }]")),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] has \"b\" with QoS 2; AWS IoT Core "
                  "has QoS 0 and 1 only and closes the connection for more; write 1"});
    EXPECT_EQ(errors_of(source_with("[\"1/2/3/4/5/6/7/8/#\"]")),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] has \"1/2/3/4/5/6/7/8/#\" with 9 "
                  "levels; AWS IoT Core takes at most 8 (7 slashes)"});
    EXPECT_EQ(errors_of(source_with("[\"" + std::string(257, 't') + "\"]")),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] has a topic of 257 bytes; AWS IoT "
                  "Core takes at most 256"});
    EXPECT_EQ(errors_of(source_with(list_of(51))),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] subscribes to 51 topics; AWS IoT Core "
                  "takes 50 of one connection; use wildcards, or a second section with another "
                  "client_id"});
    EXPECT_EQ(errors_of(source_with("[\"$SYS/#\"]")),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] has \"$SYS/#\"; topics that begin "
                  "with $ belong to AWS IoT Core, which knows those below $aws/ only"});
    EXPECT_EQ(errors_of(source_with("[\"$aws/rules/rule/#\"]")),
            Lines{"foz.toml:2: \"subscribe\" in [source.aws] subscribes to \"$aws/rules/rule/#\"; "
                  "AWS IoT Core takes messages for $aws/rules/ (Basic Ingest), but sends none"});
}

TEST(AwsIotCheck, names_the_limit_that_a_connection_is_over) {
    EXPECT_EQ(errors_of(source_with("[\"a\"]", "keep_alive = \"1201s\"")),
            Lines{"foz.toml:3: \"keep_alive\" in [source.aws] is 1201 s; AWS IoT Core takes at "
                  "most 1200 s and would close the connection in between"});
    EXPECT_EQ(errors_of(source_with("[\"a\"]", "client_id = \"" + std::string(129, 'c') + "\"")),
            Lines{"foz.toml:3: \"client_id\" in [source.aws] has 129 bytes; AWS IoT Core takes at "
                  "most 128"});
    EXPECT_EQ(errors_of(source_with("[\"a\"]", "client_id = \"$GEN/1\"")),
            Lines{"foz.toml:3: \"client_id\" in [source.aws] begins with $, which AWS IoT Core "
                  "keeps for ids of its own"});
    EXPECT_EQ(errors_of("[source.aws]\nprofile = \"aws-iot\"\nurl = \"mqtt://host\"\nsubscribe = "
                        "[\"a\"]\n"),
            (Lines{
                "foz.toml:1: [source.aws] has no client certificate, by which AWS IoT Core knows "
                "who connects; write tls = { ca = \"AmazonRootCA1.pem\", certificate = "
                "\"cert.crt\", key = \"private.pem.key\" }, or username and password_file for a "
                "custom authoriser",
                "foz.toml:3: \"url\" in [source.aws] is \"mqtt://host\", but AWS IoT Core talks "
                "over TLS only; write mqtts://CODE-ats.iot.REGION.amazonaws.com:8883",
            }));
}

TEST(AwsIotCheck, knows_that_a_websocket_has_no_client_certificate) {
    const std::string url = "url = \"wss://host\"\nprofile = \"aws-iot\"\nsubscribe = [\"a\"]\n";
    EXPECT_EQ(errors_of("[source.aws]\n" + url +
                        "tls = { certificate = \"cert.crt\", key = \"a.key\" }\n"),
            Lines{"foz.toml:2: \"url\" in [source.aws] is a WebSocket, where AWS IoT Core looks at "
                  "no client certificate; write mqtts://...:443 for one, or username and "
                  "password_file for a custom authoriser"});
    EXPECT_EQ(errors_of("[source.aws]\n" + url + "username = \"u\"\npassword_file = \"p\"\n"),
            Lines());
}

TEST(AwsIotCheck, looks_at_the_remote_side_of_a_bridge) {
    EXPECT_EQ(errors_of(bridge_with("[\"1/2/3/4/5/6/7/8 out 1 local/ remote/\"]")),
            Lines{"foz.toml:2: \"topics\" in [bridge.aws] has \"remote/1/2/3/4/5/6/7/8\" with 9 "
                  "levels; AWS IoT Core takes at most 8 (7 slashes)"});
    EXPECT_EQ(errors_of(bridge_with("[\"a both 2\"]")),
            Lines{"foz.toml:2: \"topics\" in [bridge.aws] has \"a\" with QoS 2; AWS IoT Core has "
                  "QoS 0 and 1 only and closes the connection for more; write 1"});
}

TEST(AwsIotCheck, leaves_other_brokers_alone) {
    EXPECT_EQ(errors_of("[source.a]\nurl = \"mqtt://host\"\nsubscribe = [{ topic = \"$SYS/#\", qos "
                        "= 2 }]\n"
                        "keep_alive = \"2h\"\n"),
            Lines());
}

TEST(AwsIotLimits, are_the_protocols_own_for_other_brokers) {
    EXPECT_EQ(limits_of(Profile::mqtt), RemoteLimits());
    const RemoteLimits& aws = limits_of(Profile::aws_iot);
    EXPECT_EQ(aws.qos_max, 1);
    EXPECT_EQ(aws.subscriptions_per_packet, 8);
    EXPECT_EQ(aws.payload_bytes, 131'072);
    EXPECT_EQ(aws.keep_alive_min.count(), 30);
    EXPECT_FALSE(aws.no_local);
}

TEST(AwsIotLimits, count_a_topic_without_what_aws_does_not_count) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a/b", "a/b"},
        {"$share/group/a/b", "a/b"},
        {"$share/group", "$share/group"},
        {"$aws/rules/rule/a/b", "a/b"},
        {"$aws/rules/rule", "$aws/rules/rule"},
        {"$aws/things/a", "$aws/things/a"},
        {"", ""},
    };
    for (const auto& [topic, counted] : cases) {
        EXPECT_EQ(counted_part(topic), counted);
    }
}

TEST(AwsIotLimits, tell_which_alpn_port_443_wants) {
    const auto alpn = [](Profile profile, std::string_view url, bool with_certificate) {
        return alpn_for(profile, parse_remote_url(url).value(), with_certificate);
    };
    EXPECT_EQ(alpn(Profile::aws_iot, "mqtts://a:443", true), "x-amzn-mqtt-ca");
    EXPECT_EQ(alpn(Profile::aws_iot, "mqtts://a:443", false), "mqtt");
    EXPECT_EQ(alpn(Profile::aws_iot, "mqtts://a", true), "");
    EXPECT_EQ(alpn(Profile::aws_iot, "wss://a", false), "") << "a WebSocket is HTTPS for AWS";
    EXPECT_EQ(alpn(Profile::mqtt, "mqtts://a:443", true), "");
}

std::string page_at(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

/// As docs/aws-iot-core.md writes it.
std::string value_of(const AwsIotLimit& limit) {
    if (limit.unit == "yes or no") {
        return limit.value == 0 ? "no" : "yes";
    }
    return fmt::format("{}{}{}", limit.value, limit.unit.empty() ? "" : " ", limit.unit);
}

TEST(AwsIotLimits, stand_in_the_documentation) {
    const std::string page = page_at(root() / "docs" / "aws-iot-core.md");
    for (const AwsIotLimit& limit : aws_iot_limits()) {
        const std::string row = fmt::format("| {} | {} |", limit.name, value_of(limit));
        EXPECT_TRUE(page.contains(row)) << "no row " << row;
        EXPECT_TRUE(page.contains(limit.source)) << "no source " << limit.source;
    }
}

TEST(Examples, are_right) {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(root() / "examples")) {
        if (file.path().extension() != ".toml") {
            continue;
        }
        ++count;
        const auto settings = load_settings(file.path());
        if (!settings) {
            for (const std::string& line : settings.error().lines) {
                ADD_FAILURE() << line;
            }
        }
    }
    EXPECT_GE(count, 4U);
}

}  // namespace
}  // namespace foz::config
