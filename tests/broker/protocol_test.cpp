// SPDX-License-Identifier: Apache-2.0
// The server's side of a connection, as exchanges that read like the specification.
#include "broker/protocol.h"

#include <gtest/gtest.h>

#include "mqtt/decoder.h"
#include "tests/broker/scripted_client.h"

namespace foz::broker {
namespace {

using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using State = Protocol::State;

std::string ack(mqtt::PacketType type, std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, type, packet_id);
    return bytes;
}

/// The packet that `bytes` are, as one of a server.
mqtt::Frame only_frame(const std::string& bytes) {
    const auto frame = mqtt::read_frame(bytes, ProtocolVersion::v5);
    EXPECT_TRUE(frame && *frame) << "no whole packet";
    EXPECT_EQ((*frame)->size, bytes.size()) << "more than one packet";
    return **frame;
}

mqtt::DecodeContext from_server(ProtocolVersion version) {
    return {.version = version, .sender = mqtt::Sender::server, .limits = {}};
}

ReasonCode disconnect_reason(const std::string& bytes) {
    const auto frame = only_frame(bytes);
    EXPECT_EQ(frame.type, mqtt::PacketType::disconnect);
    const auto packet = mqtt::decode_disconnect(frame.body, from_server(ProtocolVersion::v5));
    return packet ? packet->reason : ReasonCode::success;
}

mqtt::Connack connack(const std::string& bytes, ProtocolVersion version) {
    const auto frame = only_frame(bytes);
    EXPECT_EQ(frame.type, mqtt::PacketType::connack);
    const auto packet = mqtt::decode_connack(frame.body, from_server(version));
    EXPECT_TRUE(packet);
    return packet.value_or(mqtt::Connack{});
}

mqtt::Connect connect_as(std::string_view client_id,
        ProtocolVersion version = ProtocolVersion::v3_1_1, bool clean_start = true) {
    mqtt::Connect connect;
    connect.version = version;
    connect.clean_start = clean_start;
    connect.client_id = client_id;
    return connect;
}

mqtt::Publish reading(std::uint8_t qos, std::uint16_t packet_id) {
    mqtt::Publish publish;
    publish.topic = "esp32/pub";
    publish.payload = R"({"Temperature": 23.5})";
    publish.qos = qos;
    publish.packet_id = packet_id;
    return publish;
}

mqtt::Will will_of(std::string_view topic, std::string_view payload) {
    mqtt::Will will;
    will.topic = topic;
    will.payload = payload;
    return will;
}

class EachVersion : public testing::TestWithParam<ProtocolVersion> {};

INSTANTIATE_TEST_SUITE_P(Protocol, EachVersion,
        testing::Values(ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5));

TEST_P(EachVersion, a_client_connects_publishes_and_is_acknowledged_when_the_journal_has_it) {
    ScriptedServer server;
    ScriptedClient client(server);
    const auto answer = connack(client.connect(connect_as("esp32-1", GetParam())), GetParam());
    EXPECT_EQ(answer.reason, ReasonCode::success);
    EXPECT_FALSE(answer.session_present);

    EXPECT_EQ(client.publish(reading(0, 0)), "");
    EXPECT_EQ(client.publish(reading(1, 7)), "") << "acknowledged before it was durable";
    EXPECT_EQ(server.inbox.messages(), 2U);
    EXPECT_EQ(client.acknowledgements(), ack(mqtt::PacketType::puback, 7));
}

TEST_P(EachVersion, a_qos_2_message_is_journaled_once_however_often_it_is_sent) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    client.publish(reading(2, 5));
    client.publish(reading(2, 5));
    auto again = reading(2, 5);
    again.dup = true;
    client.publish(again);
    EXPECT_EQ(server.inbox.messages(), 1U);
    const std::string pubrec = ack(mqtt::PacketType::pubrec, 5);
    EXPECT_EQ(client.acknowledgements(), pubrec + pubrec + pubrec);

    EXPECT_EQ(client.release(5), ack(mqtt::PacketType::pubcomp, 5));
    client.publish(reading(2, 5));
    EXPECT_EQ(server.inbox.messages(), 2U) << "after PUBREL the packet id stands for a new message";
}

TEST_P(EachVersion, another_qos_2_message_with_a_packet_id_not_yet_released_is_journaled) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    client.publish(reading(2, 5));
    auto other = reading(2, 5);
    other.payload = "another";
    client.publish(other);
    client.publish(other);
    EXPECT_EQ(server.inbox.messages(), 2U);
}

TEST_P(EachVersion, a_qos_2_message_sent_again_on_a_resumed_session_is_not_journaled_again) {
    ScriptedServer server;
    auto connect = connect_as("esp32-1", GetParam(), false);
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::session_expiry_interval, 3600);
    if (GetParam() == ProtocolVersion::v5) {
        connect.properties = properties.properties();
    }
    ScriptedClient first(server);
    first.connect(connect);
    first.publish(reading(2, 5));
    first.lose();

    ScriptedClient second(server);
    const auto answer = connack(second.connect(connect), GetParam());
    EXPECT_EQ(answer.session_present, GetParam() != ProtocolVersion::v3_1);
    second.publish(reading(2, 5));
    EXPECT_EQ(server.inbox.messages(), 1U);
    EXPECT_EQ(second.acknowledgements(), ack(mqtt::PacketType::pubrec, 5));
    EXPECT_EQ(second.release(5), "") << "PUBCOMP before the release is durable";
    EXPECT_EQ(second.release(5), "") << "sent again: the release is not durable yet";
    EXPECT_TRUE(second.acknowledgements().starts_with(ack(mqtt::PacketType::pubcomp, 5)));
}

TEST_P(EachVersion, a_second_connect_closes_the_connection) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    client.connect(connect_as("esp32-1", GetParam()));
    EXPECT_EQ(client.protocol().state(), State::closed);
}

TEST_P(EachVersion, a_ping_is_answered) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    EXPECT_EQ(client.send(std::string("\xC0\0", 2)), std::string("\xD0\0", 2));
}

TEST_P(EachVersion, a_subscription_is_answered_when_its_results_are_known) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    mqtt::Subscribe subscribe;
    subscribe.packet_id = 3;
    subscribe.subscriptions.push_back({.filter = "#"});
    subscribe.subscriptions.push_back({.filter = "a/+"});
    std::string bytes;
    mqtt::append_subscribe(bytes, subscribe, GetParam());
    std::string answer = client.send(bytes);
    EXPECT_TRUE(client.protocol().take_wants_attachment());
    client.protocol().take_result(ReasonCode::success, answer);
    EXPECT_EQ(answer, "");
    client.protocol().take_result(ReasonCode::granted_qos_1, answer);
    const auto suback = mqtt::decode_suback(only_frame(answer).body, from_server(GetParam()));
    ASSERT_TRUE(suback);
    EXPECT_EQ(suback->packet_id, 3);
    EXPECT_EQ(suback->reasons, std::vector({ReasonCode::success, ReasonCode::granted_qos_1}));
    EXPECT_EQ(client.protocol().state(), State::connected);
    EXPECT_FALSE(client.protocol().take_wants_attachment());
}

TEST_P(EachVersion, an_answer_to_nothing_is_no_error) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", GetParam()));
    for (const auto type : {mqtt::PacketType::puback, mqtt::PacketType::pubcomp}) {
        EXPECT_EQ(client.send(ack(type, 7)), "");
    }
    const std::string release = client.send(ack(mqtt::PacketType::pubrec, 7));
    EXPECT_EQ(only_frame(release).type, mqtt::PacketType::pubrel);
    EXPECT_EQ(client.protocol().state(), State::connected);
}

TEST(Protocol, the_first_packet_must_be_a_connect) {
    ScriptedServer server;
    ScriptedClient client(server);
    EXPECT_EQ(client.send(std::string("\xC0\0", 2)), "");
    EXPECT_EQ(client.protocol().state(), State::closed);
}

TEST(Protocol, garbage_is_closed_without_an_answer_and_without_a_record) {
    ScriptedServer server;
    ScriptedClient client(server);
    EXPECT_EQ(client.send("GET / HTTP/1.1\r\nHost: foz\r\n\r\n"), "");
    EXPECT_EQ(client.protocol().state(), State::closed);
    EXPECT_TRUE(server.inbox.empty());
}

TEST(Protocol, version_5_is_told_the_limits_of_the_server) {
    config::Limits limits;
    limits.in_flight = 17;
    limits.packet_bytes = 12'345;
    limits.topic_aliases = 3;
    limits.keep_alive_max = 60;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    auto connect = connect_as("", ProtocolVersion::v5);
    connect.keep_alive_seconds = 600;
    const std::string bytes = client.connect(connect);
    const auto answer = connack(bytes, ProtocolVersion::v5);
    EXPECT_EQ(answer.properties.number(mqtt::PropertyId::receive_maximum), 17U);
    EXPECT_EQ(answer.properties.number(mqtt::PropertyId::maximum_packet_size), 12'345U);
    EXPECT_EQ(answer.properties.number(mqtt::PropertyId::topic_alias_maximum), 3U);
    EXPECT_EQ(answer.properties.number(mqtt::PropertyId::server_keep_alive), 60U);
    EXPECT_FALSE(answer.properties.text(mqtt::PropertyId::assigned_client_identifier)->empty());
    EXPECT_EQ(client.protocol().silence_max_seconds(), 90U);
}

TEST(Protocol, a_session_expiry_over_the_limit_is_shortened_and_the_client_is_told) {
    config::Limits limits;
    limits.session_expiry_max = std::chrono::hours(1);
    ScriptedServer server(limits);
    ScriptedClient client(server);
    auto connect = connect_as("esp32-1", ProtocolVersion::v5);
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::session_expiry_interval, kNeverExpires);
    connect.properties = properties.properties();
    const std::string bytes = client.connect(connect);
    EXPECT_EQ(connack(bytes, ProtocolVersion::v5)
                      .properties.number(mqtt::PropertyId::session_expiry_interval),
            3600U);
}

TEST(Protocol, version_3_1_1_without_client_id_needs_a_clean_session) {
    ScriptedServer server;
    ScriptedClient client(server);
    const auto answer = connack(client.connect(connect_as("", ProtocolVersion::v3_1_1, false)),
            ProtocolVersion::v3_1_1);
    EXPECT_EQ(answer.reason, ReasonCode::client_identifier_not_valid);
    EXPECT_EQ(client.protocol().state(), State::closed);
}

TEST(Protocol, extended_authentication_is_refused) {
    ScriptedServer server;
    ScriptedClient client(server);
    auto connect = connect_as("esp32-1", ProtocolVersion::v5);
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::authentication_method, "SCRAM-SHA-1");
    connect.properties = properties.properties();
    EXPECT_EQ(connack(client.connect(connect), ProtocolVersion::v5).reason,
            ReasonCode::bad_authentication_method);
}

TEST(Protocol, a_topic_alias_stands_for_the_topic_it_was_set_to) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::topic_alias, 2);
    auto publish = reading(0, 0);
    publish.properties = properties.properties();
    client.publish(publish);
    publish.topic = "";
    client.publish(publish);
    EXPECT_EQ(server.inbox.messages(), 2U);
    const auto stored = as_text(server.inbox.batches().front().stored());
    const auto first = stored.find("esp32/pub");
    EXPECT_NE(stored.find("esp32/pub", first + 1), std::string_view::npos);
}

TEST(Protocol, a_topic_alias_that_was_never_set_or_is_too_large_closes_the_connection) {
    for (const std::uint32_t alias : {3U, 33U}) {
        ScriptedServer server;
        ScriptedClient client(server);
        client.connect(connect_as("esp32-1", ProtocolVersion::v5));
        mqtt::PropertyWriter properties;
        properties.add(mqtt::PropertyId::topic_alias, alias);
        auto publish = reading(0, 0);
        publish.topic = "";
        publish.properties = properties.properties();
        EXPECT_EQ(disconnect_reason(client.publish(publish)),
                alias == 3 ? ReasonCode::protocol_error : ReasonCode::topic_alias_invalid);
    }
}

TEST(Protocol, more_in_flight_than_the_receive_maximum_closes_a_version_5_connection) {
    config::Limits limits;
    limits.in_flight = 2;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    client.publish(reading(1, 1));
    client.publish(reading(1, 2));
    EXPECT_EQ(
            disconnect_reason(client.publish(reading(1, 3))), ReasonCode::receive_maximum_exceeded);
}

TEST(Protocol, qos_2_messages_without_a_release_count_as_in_flight) {
    config::Limits limits;
    limits.in_flight = 2;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    client.publish(reading(2, 1));
    client.publish(reading(2, 2));
    client.acknowledgements();
    EXPECT_EQ(
            disconnect_reason(client.publish(reading(2, 3))), ReasonCode::receive_maximum_exceeded);
    EXPECT_EQ(server.inbox.messages(), 2U);
}

TEST(Protocol, version_3_has_to_wait_when_too_much_is_in_flight_and_then_goes_on) {
    config::Limits limits;
    limits.in_flight = 2;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v3_1_1));
    for (std::uint16_t packet_id = 1; packet_id <= 3; ++packet_id) {
        client.publish(reading(1, packet_id));
    }
    EXPECT_EQ(server.inbox.messages(), 2U);
    EXPECT_FALSE(client.protocol().may_take());
    client.acknowledgements();
    client.send("");
    EXPECT_EQ(server.inbox.messages(), 3U);
    EXPECT_EQ(client.acknowledgements(), ack(mqtt::PacketType::puback, 3));
}

TEST(Protocol, a_release_of_an_unknown_packet_id_is_answered_and_says_so_in_version_5) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    const std::string answer = client.release(9);
    const auto pubcomp =
            mqtt::decode_acknowledgement(only_frame(answer), from_server(ProtocolVersion::v5));
    ASSERT_TRUE(pubcomp);
    EXPECT_EQ(pubcomp->reason, ReasonCode::packet_identifier_not_found);
}

TEST(Protocol, a_connect_larger_than_its_limit_is_refused_before_it_is_here) {
    config::Limits limits;
    limits.connect_packet_bytes = 1'024;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    client.send(std::string("\x10\x80\x10", 3));  // Remaining Length 2,048, and not one byte of it
    EXPECT_EQ(client.protocol().state(), State::closed);
}

TEST(Protocol, a_publish_larger_than_the_limit_is_refused_before_it_is_here) {
    config::Limits limits;
    limits.packet_bytes = 4'096;
    ScriptedServer server(limits);
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    EXPECT_EQ(disconnect_reason(client.send(std::string("\x30\xFF\xFF\x7F", 4))),
            ReasonCode::packet_too_large);
}

TEST(Protocol, topics_deeper_or_longer_than_the_limits_are_refused) {
    config::Limits limits;
    limits.topic_levels = 4;
    limits.topic_bytes = 20;
    for (const char* topic : {"a/b/c/d/e", "a-topic-of-21-bytes-!"}) {
        ScriptedServer server(limits);
        ScriptedClient client(server);
        client.connect(connect_as("esp32-1", ProtocolVersion::v5));
        auto publish = reading(1, 1);
        publish.topic = topic;
        EXPECT_EQ(disconnect_reason(client.publish(publish)), ReasonCode::topic_name_invalid);
        EXPECT_EQ(server.inbox.messages(), 0U);
    }
}

TEST(Protocol, user_properties_over_the_limits_are_refused) {
    config::Limits limits;
    limits.user_properties = 2;
    limits.user_properties_bytes = 100;
    for (const std::size_t length : {1U, 60U}) {
        ScriptedServer server(limits);
        ScriptedClient client(server);
        client.connect(connect_as("esp32-1", ProtocolVersion::v5));
        mqtt::PropertyWriter properties;
        for (int i = 0; i < (length == 1 ? 3 : 2); ++i) {
            properties.add_user("n", std::string(length, 'v'));
        }
        auto publish = reading(1, 1);
        publish.properties = properties.properties();
        EXPECT_EQ(disconnect_reason(client.publish(publish)), ReasonCode::quota_exceeded);
    }
}

TEST(Protocol, the_will_is_published_when_the_client_is_lost_but_not_after_a_disconnect) {
    for (const bool says_goodbye : {false, true}) {
        ScriptedServer server;
        ScriptedClient client(server);
        auto connect = connect_as("esp32-1");
        connect.will = will_of("status", "gone");
        client.connect(connect);
        if (says_goodbye) {
            client.disconnect();
        }
        const auto will = client.lose();
        EXPECT_EQ(will.has_value(), !says_goodbye);
        if (will) {
            EXPECT_EQ(will->payload, "gone");
        }
    }
}

TEST(Protocol, version_5_can_ask_for_the_will_when_it_disconnects) {
    ScriptedServer server;
    ScriptedClient client(server);
    auto connect = connect_as("esp32-1", ProtocolVersion::v5);
    connect.will = will_of("status", "gone");
    client.connect(connect);
    client.disconnect({.reason = ReasonCode::disconnect_with_will, .properties = {}});
    EXPECT_TRUE(client.lose());
}

TEST(Protocol, a_disconnect_may_not_keep_a_session_that_connect_did_not_keep) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::session_expiry_interval, 10);
    EXPECT_EQ(disconnect_reason(client.disconnect(
                      {.reason = ReasonCode::success, .properties = properties.properties()})),
            ReasonCode::protocol_error);
}

TEST(Protocol, a_packet_that_only_a_server_sends_closes_the_connection) {
    ScriptedServer server;
    ScriptedClient client(server);
    client.connect(connect_as("esp32-1", ProtocolVersion::v5));
    EXPECT_EQ(disconnect_reason(client.send(std::string("\xD0\0", 2))), ReasonCode::protocol_error);
}

TEST(Protocol, bytes_that_arrive_one_by_one_make_the_same_exchange) {
    ScriptedServer server;
    ScriptedClient client(server);
    std::string bytes;
    mqtt::append_connect(bytes, connect_as("esp32-1"));
    mqtt::append_publish(bytes, reading(1, 7), ProtocolVersion::v3_1_1);
    std::string answers;
    for (const char byte : bytes) {
        answers += client.send({&byte, 1});
    }
    EXPECT_EQ(connack(answers, ProtocolVersion::v3_1_1).reason, ReasonCode::success);
    EXPECT_EQ(server.inbox.messages(), 1U);
}

TEST(Protocol, a_client_may_publish_before_it_has_seen_the_connack) {
    ScriptedServer server;
    ScriptedClient client(server);
    std::string bytes;
    mqtt::append_connect(bytes, connect_as("esp32-1"));
    mqtt::append_publish(bytes, reading(1, 7), ProtocolVersion::v3_1_1);
    client.send(bytes);
    EXPECT_EQ(server.inbox.messages(), 1U);
}

/// Of a client that takes packets up to `packet_bytes_max` and, perhaps, no reasons.
mqtt::Connect picky_connect(mqtt::PropertyWriter& properties) {
    mqtt::Connect connect = connect_as("picky", ProtocolVersion::v5);
    connect.properties = properties.properties();
    return connect;
}

std::string unsubscribe_bytes(std::size_t filters) {
    const mqtt::Unsubscribe packet{
        .packet_id = 9,
        .filters = std::vector<std::string_view>(filters, "a/#"),
        .properties = {},
    };
    std::string bytes;
    mqtt::append_unsubscribe(bytes, packet, ProtocolVersion::v5);
    return bytes;
}

TEST(Protocol, a_client_that_wants_no_reasons_gets_one_in_connack_and_disconnect) {
    ScriptedServer server;
    ScriptedClient client(server);
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::request_problem_information, 0);
    (void)client.connect(picky_connect(properties));
    const std::string bytes = client.connect(picky_connect(properties));  // a second CONNECT
    const auto frame = only_frame(bytes);
    const auto packet = mqtt::decode_disconnect(frame.body, from_server(ProtocolVersion::v5));
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->properties.has(mqtt::PropertyId::reason_string));
}

// [MQTT-3.1.2-24]
TEST(Protocol, nothing_is_sent_that_is_over_the_clients_maximum_packet_size) {
    for (std::uint32_t bytes_max = 1; bytes_max < 120; ++bytes_max) {
        ScriptedServer server;
        ScriptedClient client(server);
        mqtt::PropertyWriter properties;
        properties.add(mqtt::PropertyId::maximum_packet_size, bytes_max);
        const std::string connack = client.connect(picky_connect(properties));
        EXPECT_LE(connack.size(), bytes_max);
        if (connack.empty()) {
            EXPECT_EQ(client.protocol().state(), State::closed);
            EXPECT_FALSE(client.protocol().close_reason().empty());
            continue;
        }
        const std::string answer = client.send(unsubscribe_bytes(1));
        EXPECT_LE(answer.size(), bytes_max);
        EXPECT_FALSE(answer.empty());
        const std::string many = client.send(unsubscribe_bytes(500));
        EXPECT_LE(many.size(), bytes_max);
        EXPECT_EQ(client.protocol().state(), State::closed) << "there is no answer to wait for";
        EXPECT_EQ(disconnect_reason(many), ReasonCode::packet_too_large);
    }
}

TEST(Protocol, a_refusal_leaves_the_reason_out_that_does_not_fit) {
    ScriptedServer server;
    ScriptedClient client(server);
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::maximum_packet_size, 10);
    properties.add(mqtt::PropertyId::authentication_method, "x");
    const std::string bytes = client.connect(picky_connect(properties));
    EXPECT_EQ(bytes.size(), 5U);
    EXPECT_EQ(connack(bytes, ProtocolVersion::v5).reason, ReasonCode::bad_authentication_method);
}

TEST(Protocol, says_which_limit_a_client_is_over_and_by_what) {
    config::Limits limits;
    limits.packet_bytes = 1 << 20;
    limits.connect_packet_bytes = 1 << 10;
    limits.topic_levels = 4;
    const std::pair<std::string, std::string> cases[] = {
        {"\x30\x80\x80\xC0\x01", "limits.packet_bytes = 1 MiB, the packet has 3"},
        {"\x30\x0B" + std::string("\x00\x09", 2) + "a/b/c/d/e",
            "limits.topic_levels = 4, its topic has 5"},
    };
    for (const auto& [bytes, said] : cases) {
        ScriptedServer server(limits);
        ScriptedClient client(server);
        (void)client.connect(connect_as("esp32-1"));
        (void)client.send(bytes);
        EXPECT_TRUE(client.protocol().close_reason().starts_with(said))
                << client.protocol().close_reason();
    }
    ScriptedServer server(limits);
    ScriptedClient client(server);
    (void)client.send("\x10\x80\x10");
    EXPECT_TRUE(client.protocol().close_reason().starts_with(
            "limits.connect_packet_bytes = 1 KiB, the packet has 2 KiB"))
            << client.protocol().close_reason();
}

TEST(Protocol, counts_what_it_keeps_of_a_client) {
    ScriptedServer server;
    ScriptedClient client(server);
    mqtt::Connect connect = connect_as("esp32-1", ProtocolVersion::v5);
    const std::string payload(10'000, 'w');
    connect.will = mqtt::Will{.topic = "gone", .payload = payload};
    connect.user_name = std::string_view(payload).substr(0, 500);
    connect.password = std::string_view(payload).substr(0, 700);
    (void)client.connect(connect);
    const Protocol& protocol = client.protocol();
    EXPECT_GE(protocol.kept_bytes(), 11'200U);
    (void)client.protocol().take_credentials();
    const std::size_t before = protocol.kept_bytes();
    EXPECT_LT(before, 11'200U);
    EXPECT_GE(before, 10'000U);
    mqtt::PropertyWriter alias;
    alias.add(mqtt::PropertyId::topic_alias, 5);
    const std::string topic(1'000, 't');
    mqtt::Publish publish;
    publish.topic = topic;
    publish.properties = alias.properties();
    (void)client.publish(publish);
    EXPECT_GE(protocol.kept_bytes(), before + 900 + 5 * sizeof(std::string));
    const std::size_t with_alias = protocol.kept_bytes();
    (void)client.disconnect();
    EXPECT_LE(protocol.kept_bytes(), with_alias - 10'000) << "the will is dropped";
}

}  // namespace
}  // namespace foz::broker
