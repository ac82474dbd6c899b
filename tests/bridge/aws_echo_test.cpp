// SPDX-License-Identifier: Apache-2.0
// What a bridge sends to AWS IoT Core on a topic that it also takes in comes back: No Local has no
// effect there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bridge/echo_mark.h"
#include "tests/bridge/bridge_rig.h"
#include "tests/support/aws_iot_stand_in.h"
#include "tests/support/wait_until.h"

namespace foz::bridge {
namespace {

using support::wait_until;
using Lines = std::vector<std::string>;

/// A bridge of one `both` line.
class AwsEcho : public testing::Test {
  protected:
    void start(std::string_view version) {
        config::Remote& remote = rig_.settings().remote;
        remote.profile = config::Profile::aws_iot;
        remote.url = fmt::format("mqtts://localhost:{}", aws_.port());
        remote.tls = aws_.authority().client_tls(aws_.authority().device("foz"));
        remote.version = version;
        rig_.start();
        ASSERT_TRUE(rig_.connected());
    }
    [[nodiscard]] bool aws_gets(std::size_t count) {
        return wait_until([&] { return aws_.received().size() >= count; });
    }

    support::AwsIotStandIn aws_;
    BridgeRig rig_{{"shared/# both 1 local/ remote/"}, 0};
};

TEST_F(AwsEcho, is_not_journaled_again_in_mqtt_5) {
    start("5");
    for (int i = 0; i < 3; ++i) {
        rig_.publish("local/shared/a", "from foz");
    }
    ASSERT_TRUE(aws_gets(3));
    aws_.publish("remote/shared/a", "from foz");  // the same words, from somebody else
    ASSERT_TRUE(rig_.receives(1));
    EXPECT_TRUE(wait_until([&] { return rig_.status().echoes == 3; }));
    EXPECT_TRUE(wait_until([&] { return aws_.session("foz-test")->unacknowledged == 0; }))
            << "an echo is acknowledged";
    EXPECT_TRUE(rig_.catches_up());
    EXPECT_EQ(rig_.received(), Lines{"local/shared/a|from foz|1|0"});
    EXPECT_EQ(aws_.received().size(), 3U);
}

TEST_F(AwsEcho, is_recognised_when_it_comes_after_a_crash) {
    start("5");
    auto message = foz::mqtt::Message{
        .topic = "local/shared/a",
        .payload = "kept",
        .client_id = "device",
        .received = real_clock().system_now(),
        .qos = 1,
        .retain = true,
        .properties = {},
    };
    rig_.append(message);
    ASSERT_TRUE(aws_gets(1));
    EXPECT_TRUE(wait_until([&] { return rig_.status().echoes == 1; }));
    rig_.crash();
    rig_.publish("local/shared/b", "next");
    rig_.start();
    ASSERT_TRUE(aws_gets(2));
    aws_.publish("remote/shared/c", "last");
    ASSERT_TRUE(rig_.receives(1));
    EXPECT_EQ(rig_.received(), Lines{"local/shared/c|last|1|0"});
}

TEST_F(AwsEcho, is_journaled_once_more_in_mqtt_3_and_goes_no_further) {
    start("3.1.1");
    rig_.publish("local/shared/a", "from foz");
    ASSERT_TRUE(rig_.receives(1));
    EXPECT_TRUE(rig_.catches_up());
    rig_.publish("local/shared/b", "last");
    ASSERT_TRUE(rig_.receives(2));
    EXPECT_TRUE(rig_.catches_up());
    EXPECT_EQ(rig_.received(), (Lines{"local/shared/a|from foz|1|0", "local/shared/b|last|1|0"}));
    EXPECT_EQ(aws_.received().size(), 2U) << "no loop";
}

config::Bridge bridge_named(std::string_view name) {
    config::Bridge bridge;
    bridge.remote.name = name;
    bridge.remote.profile = config::Profile::aws_iot;
    return bridge;
}

TEST(EchoMark, is_known_by_its_own_bridge_on_the_very_message_only) {
    const EchoMark mark = EchoMark::for_bridge(bridge_named("aws"), "uuid").value();
    foz::mqtt::PropertyWriter properties;
    properties.add_user("foz-bridge", "something else");
    mark.add_to(properties, "topic", "payload");
    foz::mqtt::Publish message;
    message.topic = "topic";
    message.payload = "payload";
    message.properties = properties.properties();
    EXPECT_TRUE(mark.is_on(message));
    EXPECT_FALSE(EchoMark::for_bridge(bridge_named("aws2"), "uuid")->is_on(message));
    EXPECT_FALSE(EchoMark::for_bridge(bridge_named("aws"), "uuid2")->is_on(message));
    message.payload = "an answer with the properties of the question";
    EXPECT_FALSE(mark.is_on(message));
    message.payload = "payload";
    message.topic = "topic/elsewhere";
    EXPECT_FALSE(mark.is_on(message));
    EXPECT_FALSE(mark.is_on({}));
}

TEST(EchoMark, is_not_there_where_the_broker_has_no_local_or_no_properties) {
    config::Bridge bridge = bridge_named("aws");
    bridge.remote.version = "3.1.1";
    EXPECT_FALSE(EchoMark::for_bridge(bridge, "uuid"));
    bridge = bridge_named("aws");
    bridge.remote.profile = config::Profile::mqtt;
    EXPECT_FALSE(EchoMark::for_bridge(bridge, "uuid"));
}

}  // namespace
}  // namespace foz::bridge
