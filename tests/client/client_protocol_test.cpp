// SPDX-License-Identifier: Apache-2.0
#include "client/client_protocol.h"

#include <gtest/gtest.h>

#include "tests/client/scripted_broker.h"

namespace foz::client {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using State = ClientProtocol::State;
using Told = std::vector<std::string>;

SessionTerms terms(ProtocolVersion version = ProtocolVersion::v5) {
    SessionTerms terms;
    terms.version = version;
    terms.client_id = "foz-1";
    terms.session_expiry = std::chrono::hours(1);
    return terms;
}

SessionTerms subscribing(
    std::vector<Filter> filters, ProtocolVersion version = ProtocolVersion::v5
) {
    SessionTerms made = terms(version);
    made.filters = std::move(filters);
    return made;
}

mqtt::Publish message(std::uint8_t qos, std::uint16_t packet_id, std::string_view payload = "1") {
    return {.topic = "t", .payload = payload, .packet_id = packet_id, .qos = qos};
}

std::string ack(PacketType type, std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, type, packet_id);
    return bytes;
}

std::string publish(mqtt::Publish packet, ProtocolVersion version = ProtocolVersion::v5) {
    std::string bytes;
    mqtt::append_publish(bytes, packet, version);
    return bytes;
}

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
            (*frame)->body, {.version = version, .sender = mqtt::Sender::client, .limits = {}}
        );
        Told& filters = packets.emplace_back();
        for (const mqtt::Subscription& entry : packet->subscriptions) {
            filters.push_back(
                fmt::format("{}:{}:{}", entry.filter, entry.qos, entry.retain_handling)
            );
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
        ScriptedBroker::kSubscribeId, {ReasonCode::granted_qos_1, ReasonCode::granted_qos_2}
    );
    EXPECT_EQ(broker.protocol().state(), State::ready);
    EXPECT_EQ(broker.protocol().subscription_trouble(), "");
}

TEST(ClientProtocol, splits_its_filters_over_as_many_packets_as_the_broker_wants) {
    SessionTerms wanted = subscribing(
        {{.filter = "a"}, {.filter = "b"}, {.filter = "c"}, {.filter = "d"}, {.filter = "e"}}
    );
    wanted.filters_per_packet = 2;
    ScriptedBroker broker(wanted);
    broker.open();
    EXPECT_EQ(
        subscribes_in(broker.connack(), ProtocolVersion::v5),
        (std::vector<Told>{{"a:1:1", "b:1:1"}, {"c:1:1", "d:1:1"}, {"e:1:1"}})
    );
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
    EXPECT_EQ(
        subscribes_in(broker.connack({.session_present = true}), ProtocolVersion::v5).size(), 1U
    );
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
    EXPECT_EQ(
        broker.protocol().subscription_trouble(), "the broker gives \"a\" at QoS 1 only, not 2"
    );
    EXPECT_EQ(broker.time_passes(std::chrono::seconds(30)), "") << "it was granted";
}

TEST(ClientProtocol, never_acknowledges_by_itself) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    EXPECT_EQ(broker.publish(message(0, 0)), "");
    EXPECT_EQ(broker.publish(message(1, 5)), "");
    EXPECT_EQ(broker.publish(message(2, 6)), "");
    EXPECT_EQ(broker.told(), (Told{"t=1", "t=1", "PUBACK 5", "t=1", "PUBREC 6"}));
    EXPECT_EQ(broker.acknowledge(PacketType::puback, 5), ack(PacketType::puback, 5));
    EXPECT_EQ(broker.acknowledge(PacketType::pubrec, 6), ack(PacketType::pubrec, 6));
    EXPECT_EQ(broker.answer(PacketType::pubrel, 6), "");
    EXPECT_EQ(broker.told(), (Told{"release 6", "PUBCOMP 6"}));
    EXPECT_EQ(broker.acknowledge(PacketType::pubcomp, 6), ack(PacketType::pubcomp, 6));
}

TEST(ClientProtocol, passes_a_qos_2_message_on_once_however_often_it_comes) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.publish(message(2, 6));
    EXPECT_EQ(broker.told(), (Told{"t=1", "PUBREC 6", "PUBREC 6"}));
    broker.close();
    broker.become_ready(true);
    broker.publish(message(2, 6));
    EXPECT_EQ(broker.told(), Told{"PUBREC 6"});
    broker.answer(PacketType::pubrel, 6);
    broker.publish(message(2, 6, "2"));
    EXPECT_EQ(broker.told(), (Told{"release 6", "PUBCOMP 6", "t=2", "PUBREC 6"}));
}

TEST(ClientProtocol, passes_another_message_on_that_has_a_packet_id_not_yet_released) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.publish(message(2, 6, "2"));
    auto elsewhere = message(2, 6, "2");
    elsewhere.topic = "u";
    broker.publish(elsewhere);
    broker.publish(elsewhere);
    EXPECT_EQ(
        broker.told(), (Told{"t=1", "PUBREC 6", "t=2", "PUBREC 6", "u=2", "PUBREC 6", "PUBREC 6"})
    );
    EXPECT_EQ(broker.session().unreleased_count(), 1U);
}

TEST(ClientProtocol, forgets_packet_ids_when_the_broker_has_lost_the_session) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.close();
    broker.become_ready(false);
    EXPECT_EQ(broker.session().unreleased_count(), 0U);
    broker.publish(message(2, 6, "2"));
    EXPECT_EQ(broker.told(), (Told{"t=2", "PUBREC 6"}));
}

TEST(ClientProtocol, answers_a_release_that_it_knows_nothing_of) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.answer(PacketType::pubrel, 9);
    EXPECT_EQ(broker.told(), Told{"PUBCOMP 9"});
}

TEST(ClientProtocol, takes_messages_that_come_before_suback) {
    ScriptedBroker broker(subscribing({{.filter = "t"}}));
    broker.open();
    broker.connack({.session_present = true});
    broker.publish(message(1, 3));
    EXPECT_EQ(broker.told(), (Told{"resumed", "t=1", "PUBACK 3"}));
}

TEST(ClientProtocol, resolves_topic_aliases) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    mqtt::PropertyWriter alias;
    alias.add(mqtt::PropertyId::topic_alias, 3);
    mqtt::Publish first = message(0, 0);
    first.properties = alias.properties();
    broker.publish(first);
    mqtt::Publish second = first;
    second.topic = "";
    second.payload = "2";
    broker.publish(second);
    EXPECT_EQ(broker.told(), (Told{"t=1", "t=2"}));

    broker.close();
    broker.become_ready();
    broker.publish(second);
    ASSERT_TRUE(broker.protocol().failure()) << "aliases end with their connection";
    EXPECT_EQ(broker.protocol().failure()->cause, Cause::protocol);
}

TEST(ClientProtocol, finds_packets_however_the_bytes_are_split) {
    const std::string bytes = publish(message(0, 0, "abc")) + publish(message(1, 7, "defg"));
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        ScriptedBroker broker(terms());
        broker.become_ready();
        broker.send(bytes.substr(0, cut));
        broker.send(bytes.substr(cut));
        EXPECT_EQ(broker.told(), (Told{"t=abc", "t=defg", "PUBACK 7"})) << "cut at " << cut;
    }
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
        {ReasonCode::server_unavailable, Cause::server_unavailable, "does not take connections now"
        },
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
    const std::string_view answers[] = {
        {"\x15\x03\x01\x00\x02\x02\x28", 7},
        "HTTP/1.1 400 Bad Request\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n"
    };
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

TEST(ClientProtocol, is_told_by_the_broker_that_another_client_has_its_id) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    std::string bytes;
    mqtt::append_disconnect(
        bytes, {.reason = ReasonCode::session_taken_over, .properties = {}}, ProtocolVersion::v5
    );
    broker.send(bytes);
    ASSERT_TRUE(broker.protocol().failure());
    EXPECT_EQ(broker.protocol().failure()->cause, Cause::taken_over);
    EXPECT_NE(
        broker.protocol().failure()->message.find("another client uses the client id \"foz-1\""),
        std::string::npos
    );
}

TEST(ClientProtocol, breaks_off_when_the_broker_breaks_the_protocol) {
    const std::string_view broken[] = {
        {"\xC0\x00", 2},                  // PINGREQ
        {"\x36\x00", 2},                  // a PUBLISH of QoS 3
        {"\x20\x03\x00\x00\x00", 5},      // a second CONNACK
        {"\x90\x04\xFF\xFF\x00\x00", 6},  // a SUBACK for nothing
    };
    for (const std::string_view bytes : broken) {
        ScriptedBroker broker(terms());
        broker.become_ready();
        const std::string out = broker.send(bytes);
        ASSERT_TRUE(broker.protocol().failure());
        EXPECT_EQ(broker.protocol().failure()->cause, Cause::protocol);
        EXPECT_EQ(out.substr(0, 1), "\xE0") << "DISCONNECT says why";
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

TEST(ClientProtocol, delivers_what_it_publishes_and_says_so) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        ScriptedBroker broker(terms(version));
        broker.become_ready();
        EXPECT_EQ(
            broker.foz_publishes("a", 0, 10), publish({.topic = "a", .payload = "x"}, version)
        );
        EXPECT_EQ(broker.told(), Told{"delivered 10"});
        EXPECT_EQ(
            broker.foz_publishes("a", 1, 11),
            publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1}, version)
        );
        broker.foz_publishes("a", 2, 12);
        EXPECT_EQ(broker.told(), Told{});
        EXPECT_EQ(broker.answer(PacketType::pubrec, 2), ack(PacketType::pubrel, 2));
        EXPECT_EQ(broker.answer(PacketType::pubcomp, 2), "");
        EXPECT_EQ(broker.answer(PacketType::puback, 1), "");
        EXPECT_EQ(broker.told(), (Told{"delivered 12", "delivered 11"}));
        EXPECT_TRUE(broker.protocol().outbox().empty());
    }
}

TEST(ClientProtocol, tells_when_the_broker_refuses_a_message) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.foz_publishes("a", 2, 2);
    broker.answer(PacketType::puback, 1, ReasonCode::not_authorized);
    EXPECT_EQ(broker.answer(PacketType::pubrec, 2, ReasonCode::quota_exceeded), "");
    EXPECT_EQ(broker.told(), (Told{"refused 1", "refused 2"}));
    EXPECT_TRUE(broker.protocol().outbox().empty());
}

TEST(ClientProtocol, has_no_more_in_flight_than_the_broker_and_the_terms_want) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::receive_maximum, 2);
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.properties = properties.properties()});
    broker.foz_publishes("a", 1, 1);
    EXPECT_TRUE(broker.protocol().has_room());
    broker.foz_publishes("a", 2, 2);
    EXPECT_FALSE(broker.protocol().has_room());
    broker.answer(PacketType::pubrec, 2);
    EXPECT_FALSE(broker.protocol().has_room()) << "until PUBCOMP it counts";
    broker.answer(PacketType::pubcomp, 2);
    EXPECT_TRUE(broker.protocol().has_room());
}

TEST(ClientProtocol, sends_unacknowledged_messages_again_in_order_with_dup) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.foz_publishes("b", 2, 2);
    broker.foz_publishes("c", 2, 3);
    broker.foz_publishes("d", 1, 4);
    broker.answer(PacketType::puback, 4);
    broker.answer(PacketType::pubrec, 2);
    broker.close();
    broker.open();
    const std::string again = broker.connack({.session_present = true});
    EXPECT_EQ(
        again,
        publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .dup = true}) +
            ack(PacketType::pubrel, 2) +
            publish({.topic = "c", .payload = "x", .packet_id = 3, .qos = 2, .dup = true})
    );
}

TEST(ClientProtocol, sends_them_as_new_messages_when_the_broker_has_lost_the_session) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.close();
    broker.open();
    EXPECT_EQ(broker.connack(), publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1}));
    broker.close();
    broker.open();
    EXPECT_EQ(
        broker.connack({.session_present = true}),
        publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .dup = true})
    );
}

TEST(ClientProtocol, sends_again_only_as_much_at_once_as_the_broker_now_takes) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    for (std::uint64_t tag = 1; tag <= 3; ++tag) {
        broker.foz_publishes("a", 1, tag);
    }
    broker.close();
    broker.open();
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::receive_maximum, 1);
    const auto again = [](std::uint16_t packet_id) {
        return publish({.topic = "a", .payload = "x", .packet_id = packet_id, .qos = 1, .dup = true}
        );
    };
    EXPECT_EQ(
        broker.connack({.session_present = true, .properties = properties.properties()}), again(1)
    );
    EXPECT_FALSE(broker.protocol().has_room()) << "what was sent before goes first";
    EXPECT_EQ(broker.answer(PacketType::puback, 1), again(2));
    EXPECT_EQ(broker.answer(PacketType::puback, 2), again(3));
    EXPECT_EQ(broker.answer(PacketType::puback, 3), "");
    EXPECT_TRUE(broker.protocol().has_room());
}

TEST(ClientProtocol, fits_what_it_publishes_to_what_the_broker_takes) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::maximum_qos, 1);
    properties.add(mqtt::PropertyId::retain_available, 0);
    const std::string fits = publish({.topic = "ab", .payload = "x", .packet_id = 1, .qos = 1});
    properties.add(mqtt::PropertyId::maximum_packet_size, static_cast<std::uint32_t>(fits.size()));
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.properties = properties.properties()});
    EXPECT_EQ(broker.foz_publishes("ab", 2, 1), fits);
    (void)broker.told();
    EXPECT_EQ(broker.foz_publishes("abc", 2, 2), "");
    EXPECT_EQ(broker.told(), Told{"refused 2"});
}

TEST(Outbox, uses_every_packet_id_again_once_it_is_free) {
    Outbox outbox(3);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    for (std::uint64_t tag = 0; tag < 100; ++tag) {
        ASSERT_TRUE(outbox.has_room());
        outbox.add({.topic = "a", .qos = 1}, tag, false, ProtocolVersion::v5, out);
        const auto outcome =
            outbox.acknowledge(PacketType::puback, static_cast<std::uint16_t>(tag + 1), false);
        EXPECT_EQ(outcome.progress, Outbox::Progress::delivered);
        EXPECT_EQ(outcome.tag, tag);
    }
    EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, ignores_acknowledgements_of_what_was_never_sent) {
    Outbox outbox(3);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 1}, 1, false, ProtocolVersion::v5, out);
    for (const std::uint16_t packet_id : std::initializer_list<std::uint16_t>{0, 2, 3, 4, 65'535}) {
        EXPECT_EQ(
            outbox.acknowledge(PacketType::puback, packet_id, false).progress,
            Outbox::Progress::unknown
        ) << packet_id;
    }
}

TEST(Outbox, goes_on_with_the_packet_ids_of_an_earlier_process) {
    Outbox outbox(10);
    outbox.restore(65'027, 65'027);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 1}, 27, true, ProtocolVersion::v5, out);
    EXPECT_EQ(out, publish({.topic = "a", .packet_id = 28, .qos = 1, .dup = true}));
}

}  // namespace
}  // namespace foz::client
