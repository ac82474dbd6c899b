// SPDX-License-Identifier: Apache-2.0
// AwsIotStandIn keeps AWS's limits as AWS does: by closing the connection.
#include <gtest/gtest.h>

#include "tests/support/aws_iot_client.h"

namespace foz::support {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

/// Something over a limit, and the reason of MQTT 5 for closing the connection.
struct Trespass {
    std::string name;
    std::string reason;
    std::function<void(AwsIotClient&)> commit;
};

std::vector<std::string> filters(int count) {
    std::vector<std::string> made;
    made.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        made.push_back("topic/" + std::to_string(i));
    }
    return made;
}

std::vector<Trespass> trespasses() {
    const auto publishes = [](const std::string& topic, std::size_t size, std::uint8_t qos) {
        return [topic, size, qos](AwsIotClient& client) {
            client.publish(topic, std::string(size, 'x'), qos);
        };
    };
    const auto subscribes = [](const std::vector<std::string>& to, std::uint8_t qos) {
        return [to, qos](AwsIotClient& client) { client.subscribe(to, qos); };
    };
    return {
        {"PUBLISH with QoS 2", "QoS not supported", publishes("a", 1, 2)},
        {"a payload over 128 KiB", "packet too large", publishes("a", (128 << 10) + 1, 1)},
        {"a packet far over that", "packet too large", publishes("a", 200 << 10, 1)},
        {"nine levels", "topic name invalid", publishes("1/2/3/4/5/6/7/8/9", 1, 1)},
        {"a topic of 257 bytes", "topic name invalid", publishes(std::string(257, 't'), 1, 1)},
        {"a topic of somebody else", "topic name invalid", publishes("$SYS/a", 1, 1)},
        {"SUBSCRIBE with QoS 2", "QoS not supported", subscribes({"a"}, 2)},
        {"nine filters", "quota exceeded", subscribes(filters(9), 1)},
        {"a deep filter", "topic filter invalid", subscribes({"1/2/3/4/5/6/7/8/#"}, 1)},
        {"Basic Ingest", "topic filter invalid", subscribes({"$aws/rules/rule/#"}, 1)},
        {"a second CONNECT", "protocol error", [](AwsIotClient& client) { client.connect({}); }},
    };
}

void expect_to_be_closed(AwsIotRig& rig, const Trespass& trespass, ProtocolVersion version) {
    SCOPED_TRACE(trespass.name);
    AwsIotClient client = rig.connected({.version = version});
    trespass.commit(client);
    const bool told = version == ProtocolVersion::v5;
    EXPECT_EQ(client.last_word(), told ? trespass.reason : "closed");
    EXPECT_EQ(rig.server.refusals().back().reason, trespass.reason);
}

TEST(AwsIotLimits, closes_the_connection_of_a_client_that_goes_over_one) {
    AwsIotRig rig;
    for (const Trespass& one : trespasses()) {
        expect_to_be_closed(rig, one, ProtocolVersion::v5);
        expect_to_be_closed(rig, one, ProtocolVersion::v3_1_1);
    }
    EXPECT_TRUE(rig.server.received().empty());
}

TEST(AwsIotLimits, takes_what_is_just_within) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected({.client_id = std::string(128, 'c')});
    client.publish("1/2/3/4/5/6/7/8", std::string(128 << 10, 'x'));
    EXPECT_EQ(client.answer().type, PacketType::puback);
    client.publish("$aws/rules/rule/1/2/3/4/5/6/7/8", "x");
    EXPECT_EQ(client.answer().type, PacketType::puback);
    client.subscribe(filters(8));
    EXPECT_EQ(client.answer().reasons.size(), 8);
    client.subscribe({"$share/group/1/2/3/4/5/6/7/8"});
    EXPECT_EQ(client.answer().reason, ReasonCode::granted_qos_1);
    EXPECT_EQ(rig.server.subscribes(), (std::vector<std::size_t>{8, 1}));
}

TEST(AwsIotLimits, closes_at_the_fifty_first_subscription) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected();
    for (int i = 0; i < 50; ++i) {
        client.subscribe({"topic/" + std::to_string(i)});
        EXPECT_EQ(client.answer().reason, ReasonCode::granted_qos_1);
    }
    client.subscribe({"one/more"});
    EXPECT_EQ(client.last_word(), "quota exceeded");
}

TEST(AwsIotLimits, knows_no_subscription_identifiers) {
    AwsIotRig rig;
    AwsIotClient client = rig.connected();
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::subscription_identifier, 1);
    std::string bytes;
    mqtt::append_subscribe(bytes,
            {.packet_id = 1,
                .subscriptions = {{.filter = "a"}},
                .properties = properties.properties()},
            ProtocolVersion::v5);
    client.send(bytes);
    EXPECT_EQ(client.last_word(), "subscription identifiers not supported");
}

void expect_to_be_refused(AwsIotRig& rig, const std::string& id, ProtocolVersion version) {
    AwsIotClient client(rig.door(rig.device("device")), version);
    client.connect({.client_id = id, .version = version});
    EXPECT_EQ(client.answer().reason, ReasonCode::client_identifier_not_valid);
    EXPECT_TRUE(client.tls().closed());
}

TEST(AwsIotLimits, refuses_client_ids_that_are_too_long_or_its_own) {
    AwsIotRig rig;
    for (const std::string& id : {std::string(129, 'c'), std::string("$GEN/1")}) {
        expect_to_be_refused(rig, id, ProtocolVersion::v5);
        expect_to_be_refused(rig, id, ProtocolVersion::v3_1_1);
    }
}

TEST(AwsIotLimits, discards_what_is_over_the_rate_without_a_word) {
    AwsIotRig rig({.time_stands = true});
    AwsIotClient client = rig.connected();
    for (std::uint16_t id = 1; id <= 150; ++id) {
        client.publish("a", "x", 1, id);
    }
    client.send(std::string("\xC0\0", 2));  // PINGREQ: its answer comes after all PUBACKs
    for (std::uint16_t id = 1; id <= 100; ++id) {
        const auto answer = client.answer();
        EXPECT_EQ(answer.packet_id, id);
    }
    EXPECT_EQ(client.answer().type, PacketType::pingresp);
    EXPECT_EQ(rig.server.discarded(), 50);
    rig.server.pass_time(std::chrono::seconds(1));
    client.publish("a", "x", 1, 151);
    EXPECT_EQ(client.answer().packet_id, 151);
}

TEST(AwsIotLimits, takes_a_hundred_unacknowledged_of_a_client) {
    AwsIotOptions options{.puback_delay = std::chrono::hours(1)};
    options.limits.publishes_per_second = 1'000'000;
    AwsIotRig rig(options);
    AwsIotClient client = rig.connected();
    for (std::uint16_t id = 1; id <= 101; ++id) {
        client.publish("a", "x", 1, id);
    }
    EXPECT_EQ(client.last_word(), "receive maximum exceeded");
    EXPECT_EQ(rig.server.in_flight_most(), 100);
}

TEST(AwsIotLimits, sends_a_hundred_unacknowledged_to_a_client) {
    AwsIotOptions options;
    options.limits.publishes_per_second = 1'000'000;
    AwsIotRig rig(options);
    AwsIotClient client = rig.connected();
    client.subscribe({"a"});
    EXPECT_EQ(client.answer().type, PacketType::suback);
    for (int i = 0; i < 150; ++i) {
        rig.server.publish("a", std::to_string(i));
    }
    EXPECT_EQ(rig.session().unacknowledged, 100);
    EXPECT_EQ(rig.session().stored, 50);
    for (int i = 0; i < 150; ++i) {
        const auto message = client.answer();
        EXPECT_EQ(message.payload, std::to_string(i));
        client.acknowledge(message.packet_id);
    }
}

}  // namespace
}  // namespace foz::support
