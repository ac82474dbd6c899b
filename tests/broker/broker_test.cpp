// SPDX-License-Identifier: Apache-2.0
// The broker over real sockets, with a real journal.
#include "broker/broker.h"

#include <atomic>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "session/session_checkpoint.h"
#include "tests/broker/broker_fixture.h"
#include "tests/broker/log_capture.h"
#include "tests/support/position.h"

namespace foz::broker {
namespace {

using namespace std::chrono_literals;

TEST_F(BrokerOverSockets, an_acknowledged_message_is_in_the_journal) {
    RawClient client(port());
    client.send(connect_bytes("esp32-1"));
    EXPECT_EQ(client.receive(4), kConnackAccepted);
    client.send(publish_bytes(1, 7));
    EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::puback, 7));
    EXPECT_EQ(messages_in_journal(), 1U);
}

TEST_F(BrokerOverSockets, many_messages_in_one_write_are_all_acknowledged_in_order) {
    RawClient client(port());
    std::string bytes = connect_bytes("esp32-1");
    std::string expected = kConnackAccepted;
    for (std::uint16_t packet_id = 1; packet_id <= 20'000; ++packet_id) {
        bytes += publish_bytes(1, packet_id);
        expected += ack_bytes(mqtt::PacketType::puback, packet_id);
    }
    std::thread sender([&] { client.send(bytes); });
    EXPECT_EQ(client.receive(expected.size()), expected);
    sender.join();
    EXPECT_EQ(messages_in_journal(), 20'000U);
}

TEST_F(BrokerOverSockets, a_large_message_arrives_whole) {
    RawClient client(port());
    client.send(connect_bytes("esp32-1"));
    client.receive(4);
    client.send(publish_bytes(1, 7, std::string(900'000, 'x')));
    EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::puback, 7));
}

TEST_F(BrokerOverSockets, a_second_connection_with_the_client_id_takes_over) {
    RawClient first(port());
    first.send(connect_bytes("esp32-1"));
    first.receive(4);
    RawClient second(port());
    second.send(connect_bytes("esp32-1"));
    EXPECT_EQ(second.receive(4), kConnackAccepted);
    EXPECT_TRUE(first.receive_until_closed());
    second.send(publish_bytes(1, 1));
    EXPECT_EQ(second.receive(4), ack_bytes(mqtt::PacketType::puback, 1));
}

TEST_F(BrokerOverSockets, a_connection_that_reads_no_answers_is_taken_over_too) {
    RawClient deaf(port());
    deaf.send(connect_bytes("esp32-1"));
    deaf.receive(4);
    std::atomic<std::size_t> sent = 0;
    std::thread sender([&] {
        std::string pings;
        for (int i = 0; i < 10'000; ++i) {
            mqtt::append_pingreq(pings);
        }
        while (deaf.send(pings)) {
            ++sent;
        }
    });
    std::size_t before = 0;
    int unchanged = 0;
    EXPECT_TRUE(support::wait_until([&] {
        unchanged = sent == std::exchange(before, sent) ? unchanged + 1 : 0;
        return unchanged == 50;
    }));
    RawClient second(port());
    second.send(connect_bytes("esp32-1"));
    EXPECT_EQ(second.receive(4), kConnackAccepted);
    broker_.reset();
    sender.join();
}

TEST_F(BrokerOverSockets, many_takeovers_at_once_leave_one_connection) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(std::make_unique<RawClient>(port()));
        clients.back()->send(connect_bytes("esp32-1"));
    }
    EXPECT_TRUE(wait_for_connections(1));
}

TEST_F(BrokerOverSockets, unidentified_connections_over_the_limit_push_out_the_oldest) {
    settings_.limits.connections_unidentified = 4;
    restart();
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 20; ++i) {
        silent.push_back(std::make_unique<RawClient>(port()));
    }
    EXPECT_TRUE(wait_for_connections(4));
    RawClient client(port());
    client.send(connect_bytes("esp32-1"));
    EXPECT_EQ(client.receive(4), kConnackAccepted);
}

TEST_F(BrokerOverSockets, an_address_that_opens_many_connections_pushes_out_only_its_own) {
    settings_.limits.connections_unidentified = 10;
    settings_.reactors = 1;
    restart();
    const LogCapture captured;
    RawClient slow(port(), 2);
    const std::string bytes = connect_bytes("slow");
    slow.send(bytes.substr(0, 5));
    ASSERT_TRUE(wait_for_connections(1));
    std::vector<std::unique_ptr<RawClient>> flood;
    for (int i = 0; i < 200; ++i) {
        flood.push_back(std::make_unique<RawClient>(port(), 3));
    }
    EXPECT_TRUE(flood.front()->receive_until_closed());
    slow.send(bytes.substr(5));
    EXPECT_EQ(slow.receive(4), kConnackAccepted);
    broker_.reset();
    EXPECT_EQ(captured.lines_with("limits.connections_unidentified = 10 is reached"), 1U)
            << captured.text();
    EXPECT_EQ(captured.lines_with("127.0.0.3 has the most"), 1U) << captured.text();
}

TEST_F(BrokerOverSockets,
        connections_that_go_while_they_wait_for_a_client_id_leave_room_for_others) {
    settings_.limits.connections_unidentified = 4;
    settings_.reactors = 1;
    restart();
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<RawClient>> rivals;
        for (int i = 0; i < 10; ++i) {
            rivals.push_back(std::make_unique<RawClient>(port()));
        }
        for (const auto& rival : rivals) {
            rival->send(connect_bytes("esp32-1"));
        }
        rivals.clear();
        ASSERT_TRUE(wait_for_connections(0));
    }
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<RawClient>(port()));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        clients[i]->send(connect_bytes("esp32-" + std::to_string(i)));
        EXPECT_EQ(clients[i]->receive(4), kConnackAccepted);
    }
}

TEST_F(BrokerOverSockets, connections_over_the_limit_are_refused_and_the_others_stay) {
    settings_.limits.connections = 2;
    restart();
    RawClient first(port());
    first.send(connect_bytes("a"));
    first.receive(4);
    RawClient second(port());
    second.send(connect_bytes("b"));
    second.receive(4);
    RawClient third(port());
    EXPECT_EQ(third.receive_until_closed(), "");
    first.send(publish_bytes(1, 1));
    EXPECT_EQ(first.receive(4), ack_bytes(mqtt::PacketType::puback, 1));
}

TEST_F(BrokerOverSockets, the_largest_buffers_make_room_for_the_others) {
    settings_.limits.connection_memory_bytes = 1 << 20;
    settings_.reactors = 1;
    restart();
    const auto unfinished = [this](std::size_t size) {
        auto client = std::make_unique<RawClient>(port());
        const std::string packet = publish_bytes(1, 1, std::string(size, 'x'));
        client->send(connect_bytes({}) + packet.substr(0, packet.size() - 1));
        EXPECT_EQ(client->receive(4), kConnackAccepted);
        return client;
    };
    const auto large = unfinished(500'000);
    ASSERT_TRUE(support::wait_until(
            [&] { return broker_->status().connection_memory_bytes >= 500'000; }));
    std::vector<std::unique_ptr<RawClient>> small;
    for (int i = 0; i < 60; ++i) {
        small.push_back(unfinished(12'000));
    }
    EXPECT_TRUE(large->receive_until_closed());
    for (const auto& client : small) {
        client->send("x");
        EXPECT_EQ(client->receive(4), ack_bytes(mqtt::PacketType::puback, 1));
    }
}

TEST_F(BrokerOverSockets, garbage_on_one_connection_does_not_harm_another) {
    RawClient good(port());
    good.send(connect_bytes("good"));
    good.receive(4);
    RawClient bad(port());
    bad.send(connect_bytes("bad"));
    bad.receive(4);
    bad.send(std::string("\x30\x05\x00\xFF", 4) + std::string(500, '\xFF'));
    EXPECT_TRUE(bad.receive_until_closed());
    good.send(publish_bytes(1, 1));
    EXPECT_EQ(good.receive(4), ack_bytes(mqtt::PacketType::puback, 1));
}

TEST_F(BrokerOverSockets, a_kept_session_and_its_qos_2_message_survive_a_crash) {
    for (const bool with_checkpoint : {false, true}) {
        const std::string client_id = with_checkpoint ? "checkpointed" : "from-the-journal";
        {
            RawClient client(port());
            client.send(connect_bytes(client_id, false));
            EXPECT_EQ(client.receive(4), kConnackAccepted);
            client.send(publish_bytes(2, 5));
            EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::pubrec, 5));
            client.send(publish_bytes(2, 6));
            EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::pubrec, 6));
            client.send(ack_bytes(mqtt::PacketType::pubrel, 6));
            EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::pubcomp, 6));
        }
        if (with_checkpoint) {
            save_sessions();
        }
        const std::uint64_t before = messages_in_journal();
        restart();
        RawClient client(port());
        client.send(connect_bytes(client_id, false));
        EXPECT_EQ(client.receive(4), kConnackSessionPresent);
        client.send(publish_bytes(2, 5));
        EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::pubrec, 5));
        EXPECT_EQ(messages_in_journal(), before) << "the message was journaled twice";
        client.send(publish_bytes(2, 6));
        EXPECT_EQ(client.receive(4), ack_bytes(mqtt::PacketType::pubrec, 6));
        EXPECT_EQ(messages_in_journal(), before + 1)
                << "a released packet id stands for a new message";
    }
}

TEST_F(BrokerOverSockets, what_a_client_sent_ahead_is_taken_when_the_journal_has_room_again) {
    settings_.ack = config::Ack::commit;
    settings_.limits.in_flight = 1;
    settings_.reactors = 1;
    journal_max_ = 2 << 20;
    restart();
    journal_->set_cursor("slow", at(0));
    RawClient ahead(port());
    ahead.send(connect_bytes("ahead"));
    ahead.receive(4);
    ahead.send(publish_bytes(1, 1) + publish_bytes(1, 2));
    RawClient flood(port());
    flood.send(connect_bytes("flood"));
    flood.receive(4);
    std::thread sender([&] {
        for (int i = 0; i < 40 && flood.send(publish_bytes(0, 0, std::string(100'000, 'x'))); ++i) {
        }
    });
    EXPECT_TRUE(support::wait_until([&] { return journal_->status().stalled.has_value(); }));
    // The acknowledgement comes due while nothing can be appended.
    broker_->set_committed(at(1));
    EXPECT_EQ(ahead.receive(4), ack_bytes(mqtt::PacketType::puback, 1));
    broker_->set_committed(at(1 << 20));
    EXPECT_TRUE(support::wait_until([&] {
        journal_->set_cursor("slow", journal_->status().durable_end);
        journal_->set_cursor(session::kSessionCursor, journal_->status().durable_end);
        return ahead.receive(4, 1ms) == ack_bytes(mqtt::PacketType::puback, 2);
    }));
    broker_.reset();
    sender.join();
}

TEST_F(BrokerOverSockets, small_packets_that_make_large_records_hold_up_nobody) {
    settings_.limits.topic_bytes = 60'000;
    settings_.reactors = 1;
    journal_max_ = 8 << 20;
    restart();
    mqtt::Connect connect;
    connect.version = mqtt::ProtocolVersion::v5;
    connect.client_id = "amplifier";
    std::string bytes;
    mqtt::append_connect(bytes, connect);
    const std::string properties("\x03\x23\x00\x01", 4);  // topic alias 1
    const std::size_t length = 2 + 60'000 + properties.size();
    bytes += {'\x30', static_cast<char>(length % 128 | 128),
        static_cast<char>(length / 128 % 128 | 128), static_cast<char>(length / 16'384)};
    bytes += {static_cast<char>(60'000 >> 8), static_cast<char>(60'000 & 0xFF)};
    bytes += std::string(60'000, 't') + properties;
    RawClient amplifier(port());
    amplifier.send(bytes);
    ASSERT_TRUE(support::wait_until([&] { return messages_in_journal() == 1; }));
    std::string by_alias;
    for (int i = 0; i < 100; ++i) {
        by_alias += std::string("\x30\x06\x00\x00", 4) + properties;
    }
    amplifier.send(by_alias);
    EXPECT_TRUE(support::wait_until([&] { return messages_in_journal() == 101; }));
    RawClient other(port());
    other.send(connect_bytes("other") + publish_bytes(1, 1));
    EXPECT_EQ(other.receive(8), kConnackAccepted + ack_bytes(mqtt::PacketType::puback, 1));
}

TEST_F(BrokerOverSockets, a_checkpoint_lets_the_journal_move_on) {
    RawClient client(port());
    client.send(connect_bytes("esp32-1", false));
    client.receive(4);
    client.send(publish_bytes(2, 5));
    client.receive(4);
    save_sessions();
    bool found = false;
    for (const auto& cursor : journal_->cursors()) {
        found = found || (cursor.name == "sessions" && cursor.position >= at(2));
    }
    EXPECT_TRUE(found);
}

TEST_F(BrokerOverSockets, draining_acknowledges_what_was_received_and_says_good_bye) {
    RawClient client(port());
    client.send(connect_bytes("esp32-1"));
    client.receive(4);
    client.send(publish_bytes(1, 7));
    client.receive(4);
    broker_->drain(real_clock().steady_now() + 5s);
    EXPECT_EQ(client.receive_until_closed(), "");
    EXPECT_EQ(broker_->status().connections, 0U);
}

TEST_F(BrokerOverSockets, a_port_in_use_is_one_clear_sentence) {
    config::Settings second = settings_;
    second.listeners = {{.name = "second", .address = "127.0.0.1:" + std::to_string(port())}};
    const auto broker = Broker::start(second, *journal_, {}, real_clock());
    ASSERT_FALSE(broker);
    EXPECT_NE(broker.error().message.find("another program, perhaps Mosquitto"), std::string::npos)
            << broker.error().message;
}

TEST_F(BrokerOverSockets, each_client_and_cause_has_a_line_in_the_log) {
    const LogCapture captured;
    const std::string too_large("\x30\x80\x80\xC0\x01");
    for (int round = 0; round < 3; ++round) {
        for (const auto* const name : {"esp32-1", "esp32-2"}) {
            RawClient client(port());
            client.send(connect_bytes(name) + too_large);
            EXPECT_TRUE(client.receive_until_closed());
        }
        RawClient stranger(port());
        stranger.send("GET / HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(stranger.receive_until_closed());
    }
    ASSERT_TRUE(wait_for_connections(0));
    broker_.reset();  // from now on nobody writes
    for (const std::string name : {"esp32-1", "esp32-2"}) {
        EXPECT_EQ(captured.lines_with("(client \"" + name +
                                      "\"): limits.packet_bytes = 1 MiB, the packet has 3"),
                1U);
    }
    EXPECT_EQ(captured.lines_with("HTTP on an MQTT listener"), 1U) << captured.text();
}

TEST_F(BrokerOverSockets, a_client_that_connects_again_and_again_is_named_with_the_cause) {
    const LogCapture captured;
    for (unsigned i = 0; i <= Reconnects::kLoopEnds; ++i) {
        for (const auto* const name : {"hangs-up", "good"}) {
            RawClient client(port());
            client.send(connect_bytes(name));
            EXPECT_EQ(client.receive(4), kConnackAccepted);
            if (name == std::string_view("good")) {
                client.send("\xE0" + std::string(1, '\0'));
                EXPECT_TRUE(client.receive_until_closed());
            }
        }
        ASSERT_TRUE(wait_for_connections(0));
    }
    std::vector<std::unique_ptr<RawClient>> rivals;
    for (unsigned i = 0; i <= Reconnects::kLoopEnds; ++i) {
        rivals.push_back(std::make_unique<RawClient>(port()));
        rivals.back()->send(connect_bytes("twins"));
        EXPECT_EQ(rivals.back()->receive(4), kConnackAccepted);
    }
    rivals.clear();
    ASSERT_TRUE(wait_for_connections(0));
    broker_.reset();
    EXPECT_EQ(captured.lines_with("(client \"hangs-up\") connects again and again, 10 times"), 1U)
            << captured.text();
    EXPECT_EQ(captured.lines_with("it hangs up without DISCONNECT"), 1U);
    EXPECT_EQ(captured.lines_with("\"good\""), 0U);
    EXPECT_EQ(captured.lines_with("(client \"twins\") connects again and again"), 1U);
    EXPECT_EQ(captured.lines_with("two clients have the same client id"), 1U);
}

std::string connect_with_will(
        const std::string& client_id, const std::string& payload, std::uint32_t delay_seconds) {
    mqtt::PropertyWriter session;
    session.add(mqtt::PropertyId::session_expiry_interval, delay_seconds);
    mqtt::PropertyWriter of_will;
    of_will.add(mqtt::PropertyId::will_delay_interval, delay_seconds);
    mqtt::Connect connect;
    connect.version = mqtt::ProtocolVersion::v5;
    connect.client_id = client_id;
    connect.properties = session.properties();
    connect.will = mqtt::Will{.topic = "gone", .payload = payload, .properties = {}};
    connect.will->properties = of_will.properties();
    std::string bytes;
    mqtt::append_connect(bytes, connect);
    return bytes;
}

TEST_F(BrokerOverSockets, wills_of_connected_clients_count_towards_the_memory_limit) {
    settings_.limits.connection_memory_bytes = 1 << 20;
    settings_.reactors = 1;
    restart();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<RawClient>(port()));
        clients.back()->send(
                connect_with_will("esp32-" + std::to_string(i), std::string(50'000, 'x'), 0));
        EXPECT_FALSE(clients.back()->receive(4).empty());
    }
    EXPECT_LE(broker_->status().connection_memory_bytes, 1U << 20);
    EXPECT_TRUE(wait_for_connections(20)) << broker_->status().connections;
    EXPECT_TRUE(support::wait_until([&] { return messages_in_journal() == 20; }))
            << "the wills of those that were closed are published";
}

TEST_F(BrokerOverSockets, a_delayed_will_that_finds_no_room_is_published_at_once) {
    settings_.limits.delayed_will_bytes = 120'000;
    restart();
    const LogCapture captured;
    for (int i = 0; i < 5; ++i) {
        RawClient client(port());
        client.send(
                connect_with_will("esp32-" + std::to_string(i), std::string(50'000, 'x'), 3'600));
        EXPECT_FALSE(client.receive(4).empty());
    }
    EXPECT_TRUE(support::wait_until([&] { return messages_in_journal() == 3; }))
            << messages_in_journal();
    broker_.reset();
    EXPECT_EQ(captured.lines_with("limits.delayed_will_bytes = 117.1 KiB is reached"), 3U)
            << captured.text();
}

TEST_F(BrokerOverSockets, random_client_ids_do_not_lock_a_new_device_out) {
    settings_.limits.sessions = 5;
    restart();
    {
        RawClient holder(port());
        holder.send(connect_bytes("holder", false) + publish_bytes(2, 5));
        EXPECT_EQ(holder.receive(8), kConnackAccepted + ack_bytes(mqtt::PacketType::pubrec, 5));
    }
    for (int i = 0; i < 50; ++i) {
        RawClient client(port());
        client.send(connect_bytes("random-" + std::to_string(i), false));
        ASSERT_EQ(client.receive(4), kConnackAccepted) << i;
        client.send("\xE0" + std::string(1, '\0'));
        ASSERT_TRUE(client.receive_until_closed());
    }
    EXPECT_EQ(broker_->persistent_sessions().size(), 5U);
    restart();
    EXPECT_EQ(broker_->persistent_sessions().size(), 5U) << "the journal knows who made room";
    RawClient client(port());
    client.send(connect_bytes("holder", false));
    EXPECT_EQ(client.receive(4), kConnackSessionPresent);
}

TEST_F(BrokerOverSockets, a_session_is_ended_by_request_also_of_a_client_that_is_connected) {
    RawClient connected(port());
    connected.send(connect_bytes("connected", false));
    EXPECT_EQ(connected.receive(4), kConnackAccepted);
    {
        RawClient gone(port());
        gone.send(connect_bytes("gone", false) + publish_bytes(2, 5));
        EXPECT_EQ(gone.receive(8), kConnackAccepted + ack_bytes(mqtt::PacketType::pubrec, 5));
    }
    ASSERT_TRUE(wait_for_connections(1));
    const std::string journal = journal_->status().id;
    for (const auto* const client_id : {"connected", "gone", "unknown"}) {
        ASSERT_TRUE(session::request_session_end(*state_, journal, client_id));
    }
    save_sessions();
    EXPECT_TRUE(connected.receive_until_closed());
    const auto left = session::load_session_ends(*state_, journal);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->empty());
    ASSERT_TRUE(wait_for_connections(0));
    EXPECT_TRUE(broker_->persistent_sessions().empty());
    restart();
    EXPECT_TRUE(broker_->persistent_sessions().empty()) << "the journal knows it";
    RawClient again(port());
    again.send(connect_bytes("gone", false));
    EXPECT_EQ(again.receive(4), kConnackAccepted);
}

}  // namespace
}  // namespace foz::broker
