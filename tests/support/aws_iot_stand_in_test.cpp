// SPDX-License-Identifier: Apache-2.0
// Who AwsIotStandIn lets in, and what it lets them do.
#include <gtest/gtest.h>

#include "tests/support/aws_iot_client.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

/// Whether a client gets as far as CONNACK.
bool comes_in(const TlsSocketOptions& options, const AwsIotConnect& as = {}) {
    AwsIotClient client(options, as.version);
    if (!client.tls().refused().empty()) {
        return false;
    }
    client.connect(as);
    const auto answer = client.answer();
    return answer && answer.type == PacketType::connack && !is_failure(answer.reason);
}

TEST(AwsIotStandIn, says_its_limits_in_connack) {
    AwsIotRig rig;
    AwsIotClient client(rig.door(rig.device("device")), ProtocolVersion::v5);
    client.connect({});
    const auto connack = client.answer();
    EXPECT_EQ(connack.type, PacketType::connack);
    EXPECT_FALSE(connack.session_present);
    EXPECT_EQ(connack.in_flight, 100);
    EXPECT_EQ(connack.keep_alive, 60);
}

TEST(AwsIotStandIn, lets_nobody_in_without_a_certificate_of_its_authority) {
    AwsIotRig rig;
    EXPECT_TRUE(comes_in(rig.door(rig.device("device"))));
    EXPECT_FALSE(comes_in(rig.door("")));
    TestAuthority other("other CA");
    EXPECT_FALSE(comes_in(rig.door(other.device("device"))));
    const std::string expired =
            rig.server.authority().device("expired", {.ago = std::chrono::days(40)});
    EXPECT_FALSE(comes_in(rig.door(expired)));
    // The client may know before the server has noted it.
    EXPECT_TRUE(wait_until([&] { return rig.server.refusals().size() == 3; }));
}

TEST(AwsIotStandIn, wants_the_endpoint_in_the_server_name) {
    AwsIotRig rig;
    TlsSocketOptions options = rig.door(rig.device("device"));
    options.host = "127.0.0.1";  // an address is no server name
    EXPECT_FALSE(comes_in(options));
    options.host = "elsewhere.example";
    EXPECT_FALSE(comes_in(options));
    options.host = "localhost";
    EXPECT_TRUE(comes_in(options));
}

TEST(AwsIotStandIn, wants_alpn_on_port_443) {
    AwsIotRig rig;
    TlsSocketOptions options = rig.door(rig.device("device"));
    options.port = rig.server.alpn_port();
    EXPECT_FALSE(comes_in(options));
    options.tls.alpn = {"http/1.1"};
    EXPECT_FALSE(comes_in(options));
    options.tls.alpn = {"x-amzn-mqtt-ca"};
    EXPECT_TRUE(comes_in(options));
    options.tls.certificate.reset();
    options.tls.key.reset();
    EXPECT_FALSE(comes_in(options));
}

TEST(AwsIotStandIn, asks_the_custom_authoriser_with_alpn_mqtt) {
    AwsIotRig rig({.authorizer = {{"maria", "secret"}}});
    TlsSocketOptions options = rig.door("");
    options.port = rig.server.alpn_port();
    options.tls.alpn = {"mqtt"};
    EXPECT_TRUE(comes_in(options, {.user_name = "maria", .password = "secret"}));
    EXPECT_FALSE(comes_in(options, {.user_name = "maria", .password = "wrong"}));
    EXPECT_FALSE(comes_in(options));
}

AwsIotPolicy policy_of_a_device() {
    return {
        .certificate = "device",
        .connect = {"device-*"},
        .publish = {"out/${iot:ClientId}/*"},
        .subscribe = {"in/+", "in/?/x"},
        .receive = {"in/1"},
    };
}

TEST(AwsIotPolicy, says_who_may_connect_under_which_client_id) {
    AwsIotPolicy inactive = policy_of_a_device();
    inactive.certificate = "inactive";
    inactive.active = false;
    AwsIotRig rig({.policies = {policy_of_a_device(), inactive}});
    const TlsSocketOptions device = rig.door(rig.device("device"));
    EXPECT_TRUE(comes_in(device, {.client_id = "device-1"}));
    EXPECT_FALSE(comes_in(device, {.client_id = "other"}));
    EXPECT_FALSE(comes_in(rig.door(rig.device("unknown")), {.client_id = "device-1"}));
    EXPECT_FALSE(comes_in(rig.door(rig.device("inactive")), {.client_id = "device-1"}));
    EXPECT_EQ(rig.server.refusals().back().reason, "not authorized");
}

TEST(AwsIotPolicy, refuses_a_subscription_alone_and_holds_back_messages) {
    AwsIotRig rig({.policies = {policy_of_a_device()}});
    for (const auto version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        AwsIotClient client = rig.connected({.client_id = "device-1", .version = version});
        client.subscribe({"in/+", "secret/#"});
        const auto suback = client.answer();
        const ReasonCode refused = version == ProtocolVersion::v5 ? ReasonCode::not_authorized
                                                                  : ReasonCode::unspecified_error;
        EXPECT_EQ(suback.reasons, (std::vector{ReasonCode::granted_qos_1, refused}));
        rig.server.publish("in/2", "may not be received");
        rig.server.publish("in/1", "may");
        EXPECT_EQ(client.answer().payload, "may");
    }
}

TEST(AwsIotPolicy, closes_the_connection_of_one_who_publishes_elsewhere) {
    AwsIotRig rig({.policies = {policy_of_a_device()}});
    AwsIotClient client = rig.connected({.client_id = "device-1"});
    client.publish("out/device-1/a", "mine");
    EXPECT_EQ(client.answer().type, PacketType::puback);
    client.publish("out/device-2/a", "not mine");
    EXPECT_EQ(client.last_word(), "not authorized");
    EXPECT_EQ(rig.server.received().size(), 1);
}

TEST(AwsIotStandIn, routes_from_client_to_client) {
    AwsIotRig rig;
    AwsIotClient reader = rig.connected({.client_id = "reader"});
    reader.subscribe({"esp32/+"});
    EXPECT_EQ(reader.answer().reason, ReasonCode::granted_qos_1);
    AwsIotClient writer =
            rig.connected({.client_id = "writer", .version = ProtocolVersion::v3_1_1});
    writer.publish("esp32/pub", "23.5", 1, 7);
    EXPECT_EQ(writer.answer().packet_id, 7);
    const auto message = reader.answer();
    EXPECT_EQ(message.topic, "esp32/pub");
    EXPECT_EQ(message.payload, "23.5");
    EXPECT_EQ(message.qos, 1);
    const auto received = rig.server.wait_for_publish("esp32/#").value_or(AwsIotMessage{});
    EXPECT_EQ(received.client_id, "writer");
}

TEST(AwsIotStandIn, matches_filters_as_aws_does) {
    AwsIotRig rig;
    rig.server.publish("a/b", "retained", 1, true);
    AwsIotClient client = rig.connected();
    client.subscribe({"a/#", "a/b"}, 0);
    EXPECT_EQ(client.answer().type, PacketType::suback);
    // Once, by the filter without a wildcard.
    const auto retained = client.answer();
    EXPECT_TRUE(retained.retain);
    rig.server.publish("a", "the parent", 0);
    rig.server.publish("a/c", "a child", 0);
    EXPECT_EQ(client.answer().payload, "a child");
}

TEST(AwsIotStandIn, gives_the_members_of_a_share_a_message_each) {
    AwsIotRig rig;
    AwsIotClient one = rig.connected({.client_id = "one"});
    AwsIotClient two = rig.connected({.client_id = "two"});
    for (AwsIotClient* member : {&one, &two}) {
        member->subscribe({"$share/readers/esp32/#"});
        EXPECT_EQ(member->answer().reason, ReasonCode::granted_qos_1);
    }
    rig.server.publish("esp32/pub", "first");
    rig.server.publish("esp32/pub", "second");
    EXPECT_EQ(one.answer().payload, "first");
    EXPECT_EQ(two.answer().payload, "second");
}

}  // namespace
}  // namespace foz::support
