// SPDX-License-Identifier: Apache-2.0
// Connecting, subscribing and keeping alive, and what becomes of it when the broker refuses.
#include <gtest/gtest.h>

#include "client/client_protocol.h"
#include "tests/client/scripted_broker.h"

namespace foz::client {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using State = ClientProtocol::State;
using Told = std::vector<std::string>;

/// The SUBSCRIBE packets in `out`, as "filter:qos:retain handling".
std::vector<Told> subscribes_in(std::string_view out, ProtocolVersion version) {
    std::vector<Told> packets;
    while (!out.empty()) {
        const auto frame = mqtt::read_frame(out, version);
        out.remove_prefix((*frame)->size);
        if ((*frame)->type != PacketType::subscribe) {
            continue;
        }
        const auto packet = mqtt::decode_subscribe(
                (*frame)->body, {.version = version, .sender = mqtt::Sender::client, .limits = {}});
        Told& filters = packets.emplace_back();
        for (const mqtt::Subscription& entry : packet->subscriptions) {
            filters.push_back(
                    fmt::format("{}:{}:{}", entry.filter, entry.qos, entry.retain_handling));
        }
    }
    return packets;
}

TEST(ClientProtocol, connects_with_what_the_terms_say) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        SessionTerms wanted = terms(version);
        wanted.keep_alive = std::chrono::seconds(7);
        wanted.user_name = "user";
        wanted.password = "secret";
        wanted.will = Will{.topic = "gone", .payload = "0", .qos = 1, .retain = true};
        wanted.receive_maximum = 500;
        ScriptedBroker broker(wanted);
        const std::string bytes = broker.open();
        const auto frame = mqtt::read_frame(bytes, version);
        ASSERT_TRUE(frame && *frame);
        const auto connect = mqtt::decode_connect((*frame)->body, {});
        ASSERT_TRUE(connect);
        EXPECT_EQ(connect->version, version);
        EXPECT_FALSE(connect->clean_start);
        EXPECT_EQ(connect->keep_alive_seconds, 7);
        EXPECT_EQ(connect->client_id, "foz-1");
        EXPECT_EQ(connect->user_name, "user");
        EXPECT_EQ(connect->password, "secret");
        ASSERT_TRUE(connect->will);
        EXPECT_EQ(connect->will->topic, "gone");
        EXPECT_EQ(connect->will->payload, "0");
        EXPECT_EQ(connect->will->qos, 1);
        EXPECT_TRUE(connect->will->retain);
        if (version == ProtocolVersion::v5) {
            using Id = mqtt::PropertyId;
            EXPECT_EQ(connect->properties.number(Id::session_expiry_interval), 3'600U);
            EXPECT_EQ(connect->properties.number(Id::receive_maximum), 500U);
        }
    }
}

TEST(ClientProtocol, without_filters_is_ready_with_connack) {
    ScriptedBroker broker(terms());
    broker.open();
    EXPECT_EQ(broker.protocol().state(), State::connecting);
    EXPECT_EQ(broker.connack(), "");
    EXPECT_EQ(broker.protocol().state(), State::ready);
    EXPECT_EQ(broker.told(), Told{"new"});
}

TEST(ClientProtocol, subscribes_and_is_ready_with_suback) {
    const auto version = ProtocolVersion::v5;
    ScriptedBroker broker(subscribing({{.filter = "a", .qos = 1}, {.filter = "b/#", .qos = 2}}));
    broker.open();
    const auto packets = subscribes_in(broker.connack(), version);
    EXPECT_EQ(packets, (std::vector<Told>{{"a:1:1", "b/#:2:1"}}));
    EXPECT_EQ(broker.protocol().state(), State::subscribing);
    EXPECT_TRUE(broker.protocol().awaits_suback());
    broker.suback(
            ScriptedBroker::kSubscribeId, {ReasonCode::granted_qos_1, ReasonCode::granted_qos_2});
    EXPECT_EQ(broker.protocol().state(), State::ready);
    EXPECT_EQ(broker.protocol().subscription_trouble(), "");
}

TEST(ClientProtocol, splits_its_filters_over_as_many_packets_as_the_broker_wants) {
    SessionTerms wanted = subscribing(
            {{.filter = "a"}, {.filter = "b"}, {.filter = "c"}, {.filter = "d"}, {.filter = "e"}});
    wanted.filters_per_packet = 2;
    ScriptedBroker broker(wanted);
    broker.open();
    EXPECT_EQ(subscribes_in(broker.connack(), ProtocolVersion::v5),
            (std::vector<Told>{{"a:1:1", "b:1:1"}, {"c:1:1", "d:1:1"}, {"e:1:1"}}));
    const auto id = ScriptedBroker::kSubscribeId;
    const auto granted = ReasonCode::granted_qos_1;
    broker.suback(id + 1, {granted, granted});
    broker.suback(id, {granted, granted});
    EXPECT_EQ(broker.protocol().state(), State::subscribing);
    broker.suback(id + 2, {granted});
    EXPECT_EQ(broker.protocol().state(), State::ready);
}

TEST(ClientProtocol, does_not_subscribe_again_while_the_broker_keeps_the_session) {
    ScriptedBroker broker(subscribing({{.filter = "a"}}));
    broker.become_ready();
    broker.close();
    broker.open();
    EXPECT_EQ(broker.connack({.session_present = true}), "");
    EXPECT_EQ(broker.protocol().state(), State::ready);
    broker.close();
    broker.open();
    EXPECT_EQ(subscribes_in(broker.connack(), ProtocolVersion::v5).size(), 1U)
            << "a new session has no subscriptions";
}

TEST(ClientProtocol, subscribes_on_its_first_connection_even_to_a_session_that_is_there) {
    ScriptedBroker broker(subscribing({{.filter = "a"}}));
    broker.open();
    EXPECT_EQ(subscribes_in(broker.connack({.session_present = true}), ProtocolVersion::v5).size(),
            1U);
}

TEST(ClientProtocol, says_which_filter_was_refused_and_asks_again_after_a_minute) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        ScriptedBroker broker(subscribing({{.filter = "a"}, {.filter = "b"}}, version));
        broker.open();
        broker.connack();
        const ReasonCode refused = version == ProtocolVersion::v5 ? ReasonCode::not_authorized
                                                                  : ReasonCode::unspecified_error;
        broker.suback(ScriptedBroker::kSubscribeId, {ReasonCode::granted_qos_1, refused});
        EXPECT_EQ(broker.protocol().state(), State::ready);
        const std::string& trouble = broker.protocol().subscription_trouble();
        EXPECT_NE(trouble.find("authorised to subscribe"), std::string::npos) << trouble;
        EXPECT_NE(trouble.find("\"b\""), std::string::npos) << trouble;
        EXPECT_EQ(trouble.find("\"a\""), std::string::npos) << trouble;

        EXPECT_TRUE(subscribes_in(broker.time_passes(std::chrono::seconds(59)), version).empty());
        const auto again = subscribes_in(broker.time_passes(std::chrono::seconds(1)), version);
        ASSERT_EQ(again.size(), 1U);
        EXPECT_EQ(again[0].size(), 1U);
        broker.suback(ScriptedBroker::kSubscribeId, {ReasonCode::granted_qos_1});
        EXPECT_EQ(broker.protocol().subscription_trouble(), "");
    }
}

TEST(ClientProtocol, says_when_a_filter_is_granted_with_less_than_was_asked) {
    ScriptedBroker broker(subscribing({{.filter = "a", .qos = 2}}));
    broker.open();
    broker.connack();
    broker.suback(ScriptedBroker::kSubscribeId, {ReasonCode::granted_qos_1});
    EXPECT_EQ(broker.protocol().subscription_trouble(),
            "the broker gives \"a\" at QoS 1 only, not 2");
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(30)), "") << "it was granted";
}

struct Refusal {
    ReasonCode reason;
    Cause cause;
    std::string_view says;
};

TEST(ClientProtocol, explains_each_refusal_of_connect) {
    const Refusal refusals[] = {
        {ReasonCode::bad_user_name_or_password, Cause::bad_credentials, "user name or password"},
        {ReasonCode::not_authorized, Cause::not_authorized, "does not let client id \"foz-1\" in"},
        {ReasonCode::client_identifier_not_valid, Cause::identifier, "client id \"foz-1\""},
        {ReasonCode::server_unavailable, Cause::server_unavailable,
            "does not take connections now"},
        {ReasonCode::unsupported_protocol_version, Cause::protocol, "does not speak MQTT"},
    };
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const Refusal& refusal : refusals) {
            ScriptedBroker broker(terms(version));
            broker.open();
            broker.connack({.reason = refusal.reason});
            ASSERT_TRUE(broker.protocol().failure());
            EXPECT_EQ(broker.protocol().failure()->cause, refusal.cause);
            const std::string& said = broker.protocol().failure()->message;
            EXPECT_NE(said.find(refusal.says), std::string::npos) << said;
        }
    }
}

TEST(ClientProtocol, repeats_what_the_broker_says_about_it) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::reason_string, "not on Sundays");
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.reason = ReasonCode::banned, .properties = properties.properties()});
    ASSERT_TRUE(broker.protocol().failure());
    EXPECT_NE(broker.protocol().failure()->message.find("not on Sundays"), std::string::npos);
}

TEST(ClientProtocol, recognises_what_is_not_a_broker) {
    const Refusal peers[] = {
        {{}, Cause::not_mqtt, "answers in TLS"},
        {{}, Cause::not_mqtt, "a web server"},
        {{}, Cause::not_mqtt, "does not speak MQTT"},
    };
    const std::string_view answers[] = {{"\x15\x03\x01\x00\x02\x02\x28", 7},
        "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH_9.2\r\n"};
    for (std::size_t i = 0; i < std::size(peers); ++i) {
        ScriptedBroker broker(terms(ProtocolVersion::v3_1_1));
        broker.open();
        broker.send(answers[i]);
        ASSERT_TRUE(broker.protocol().failure()) << answers[i];
        EXPECT_EQ(broker.protocol().failure()->cause, peers[i].cause);
        const std::string& said = broker.protocol().failure()->message;
        EXPECT_NE(said.find(peers[i].says), std::string::npos) << said;
    }
}

TEST(ClientProtocol, pings_before_the_keep_alive_is_over_and_gives_a_silent_broker_up) {
    SessionTerms wanted = terms();
    wanted.keep_alive = std::chrono::seconds(10);
    ScriptedBroker broker(wanted);
    broker.become_ready();
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(7)), "");
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(1)), std::string("\xC0\0", 2));
    broker.send(std::string("\xD0\0", 2));
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(8)), std::string("\xC0\0", 2));
    EXPECT_FALSE(broker.protocol().failure());
    broker.time_passes(std::chrono::seconds(8));
    ASSERT_TRUE(broker.protocol().failure());
    EXPECT_EQ(broker.protocol().failure()->cause, Cause::silent);
}

TEST(ClientProtocol, does_not_call_the_broker_silent_while_foz_itself_does_not_read) {
    SessionTerms wanted = terms();
    wanted.keep_alive = std::chrono::seconds(10);
    ScriptedBroker broker(wanted);
    broker.become_ready();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(broker.time_passes(std::chrono::seconds(8), false), std::string("\xC0\0", 2));
    }
    EXPECT_FALSE(broker.protocol().failure());
}

TEST(ClientProtocol, keeps_to_the_keep_alive_that_the_broker_wants) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::server_keep_alive, 4);
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.properties = properties.properties()});
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(3)), std::string("\xC0\0", 2));
}

}  // namespace
}  // namespace foz::client
