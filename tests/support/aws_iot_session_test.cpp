// SPDX-License-Identifier: Apache-2.0
// How AwsIotStandIn keeps sessions, and ends them and their connections.
#include <gtest/gtest.h>

#include "tests/support/aws_iot_client.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using namespace std::chrono_literals;

AwsIotConnect persistent(ProtocolVersion version = ProtocolVersion::v5) {
    return {.version = version, .clean = false, .session_expiry = 3'600};
}

/// CONNACK of a client that comes back.
AwsIotAnswer connack_of(AwsIotRig& rig, AwsIotClient& client, const AwsIotConnect& as) {
    client = AwsIotClient(rig.door(rig.device("again")), as.version);
    client.connect(as);
    return client.answer();
}

void leave(AwsIotRig& rig, AwsIotClient& client) {
    client.tls().break_off();
    ASSERT_TRUE(wait_until([&] {
        const auto session = rig.server.session("device");
        return !session || !session->connected;
    }));
}

void expect_to_keep_messages(ProtocolVersion version) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected(persistent(version));
    client.subscribe({"a"});
    client.answer();
    rig.server.publish("a", "not acknowledged");
    const auto first = client.answer();
    leave(rig, client);
    rig.server.publish("a", "meanwhile");
    rig.server.publish("a", "QoS 0 is not kept", 0);
    EXPECT_TRUE(connack_of(rig, client, persistent(version)).session_present);
    const auto again = client.answer();
    EXPECT_EQ(again.payload, "not acknowledged");
    EXPECT_NE(again.dup, first.dup);
    EXPECT_EQ(again.packet_id, first.packet_id);
    EXPECT_EQ(client.answer().payload, "meanwhile");
}

TEST(AwsIotSession, keeps_what_was_not_acknowledged_and_what_came_meanwhile) {
    expect_to_keep_messages(ProtocolVersion::v5);
    expect_to_keep_messages(ProtocolVersion::v3_1_1);
}

TEST(AwsIotSession, is_drained_slowly_beside_what_is_new) {
    AwsIotRig rig({.time_stands = true, .stored_per_second = 1});
    AwsIotClient client = rig.connected(persistent());
    client.subscribe({"a"});
    client.answer();
    leave(rig, client);
    for (const char* payload : {"stored 1", "stored 2", "stored 3"}) {
        rig.server.publish("a", payload);
    }
    connack_of(rig, client, persistent());
    rig.server.publish("a", "new");
    EXPECT_EQ(client.answer().payload, "stored 1");
    EXPECT_EQ(client.answer().payload, "new");
    EXPECT_EQ(rig.session().stored, 2);
    rig.server.pass_time(1s);
    EXPECT_EQ(client.answer().payload, "stored 2");
}

void expect_to_expire(ProtocolVersion version) {
    AwsIotRig rig({.session_expiry = 3'600s});
    AwsIotClient client = rig.connected(persistent(version));
    leave(rig, client);
    rig.server.pass_time(3'500s);
    EXPECT_TRUE(connack_of(rig, client, persistent(version)).session_present);
    leave(rig, client);
    rig.server.pass_time(3'600s);
    EXPECT_FALSE(rig.server.session("device"));
    EXPECT_FALSE(connack_of(rig, client, persistent(version)).session_present);
}

TEST(AwsIotSession, expires) {
    expect_to_expire(ProtocolVersion::v5);
    expect_to_expire(ProtocolVersion::v3_1_1);
}

TEST(AwsIotSession, ends_with_a_clean_start) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected(persistent());
    leave(rig, client);
    const auto connack = connack_of(rig, client, {});
    EXPECT_FALSE(connack.session_present);
    EXPECT_EQ(rig.session().expiry, 0s);
}

TEST(AwsIotSession, is_taken_over_by_a_second_client_with_the_same_id) {
    AwsIotRig rig;
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        AwsIotClient first = rig.connected({.version = version});
        AwsIotClient second = rig.connected({.version = version});
        EXPECT_EQ(first.last_word(),
                version == ProtocolVersion::v5 ? "session taken over" : "closed");
        second.publish("a", "still here");
        EXPECT_EQ(second.answer().type, PacketType::puback);
    }
}

TEST(AwsIotSession, counts_a_short_keep_alive_as_thirty_seconds) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected({.keep_alive = 6});
    EXPECT_EQ(rig.session().keep_alive, 30s);
    rig.server.pass_time(44s);
    client.send(std::string("\xC0\0", 2));
    EXPECT_EQ(client.answer().type, PacketType::pingresp);
    rig.server.pass_time(46s);
    EXPECT_EQ(client.last_word(), "keep alive timeout");
}

TEST(AwsIotSession, counts_no_keep_alive_and_a_long_one_as_twenty_minutes) {
    AwsIotRig rig;
    for (const std::uint16_t wanted : {std::uint16_t{0}, std::uint16_t{65'535}}) {
        const AwsIotClient client = rig.connected({.keep_alive = wanted});
        EXPECT_EQ(rig.session().keep_alive, 1'200s);
    }
}

TEST(AwsIotSession, is_disconnected_on_command) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected();
    EXPECT_FALSE(rig.server.disconnect("nobody"));
    EXPECT_TRUE(rig.server.disconnect("device"));
    EXPECT_EQ(client.last_word(), "server busy");
}

TEST(AwsIotSession, is_disconnected_before_the_acknowledgement_now_and_then) {
    AwsIotRig rig({.disconnect_every = 3});
    AwsIotClient client = rig.connected();
    for (std::uint16_t id = 1; id <= 3; ++id) {
        client.publish("a", "x", 1, id);
    }
    EXPECT_EQ(client.answer().packet_id, 1);
    EXPECT_EQ(client.answer().packet_id, 2);
    EXPECT_EQ(client.last_word(), "server busy");
    EXPECT_EQ(rig.server.received().size(), 3);
}

TEST(AwsIotSession, gets_a_message_twice_now_and_then) {
    AwsIotRig rig({.resend_every = 2});
    AwsIotClient client = rig.connected();
    client.subscribe({"a"});
    EXPECT_EQ(client.answer().type, PacketType::suback);
    rig.server.publish("a", "once");
    rig.server.publish("a", "twice");
    EXPECT_EQ(client.answer().payload, "once");
    const auto one = client.answer();
    const auto two = client.answer();
    EXPECT_EQ(one.payload, "twice");
    EXPECT_EQ(two.payload, "twice");
    EXPECT_FALSE(two.dup);
    EXPECT_NE(one.packet_id, two.packet_id);
}

TEST(AwsIotSession, outlives_an_outage) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected(persistent());
    const std::uint16_t port = rig.server.port();
    rig.server.stop();
    EXPECT_TRUE(client.tls().closed());
    EXPECT_THROW((void)rig.connected(), std::runtime_error);
    rig.server.start();
    EXPECT_EQ(rig.server.port(), port);
    const auto connack = connack_of(rig, client, persistent());
    EXPECT_TRUE(connack.session_present);
}

}  // namespace
}  // namespace foz::support
