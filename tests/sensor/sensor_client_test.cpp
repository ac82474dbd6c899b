// SPDX-License-Identifier: Apache-2.0
// Scripted exchanges: the test is the broker, on the same codec.
#include "sensor/sensor_client.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mqtt/encoder.h"

namespace foz::sensor {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using Verdict = SensorClient::Verdict;

/// A sensor with a broker that does what the test says.
class SensorClientTest : public testing::Test {
  protected:
    void set_up(std::uint8_t qos, ProtocolVersion version, std::uint16_t in_flight = 4) {
        options_.qos = qos;
        options_.version = version;
        options_.in_flight = in_flight;
        options_.interval = std::chrono::nanoseconds(0);
        options_.messages_max = 6;
        options_.payload = "{sequence}";
        context_.emplace(options_);
        client_.emplace(*context_, 1);
        client_->start(SteadyTime());
    }

    /// The packets that the client wants to send, one word for each: "PUBLISH 1", "PUBLISH 1 dup",
    /// "PUBREL 2".
    std::vector<std::string> sent() {
        client_->publish(now_, out_);
        std::vector<std::string> packets;
        const std::string bytes = std::exchange(out_, {});
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const mqtt::Frame frame = mqtt::read_frame(rest, options_.version).value().value();
            packets.push_back(describe(frame));
            rest.remove_prefix(frame.size);
        }
        return packets;
    }

    std::string describe(const mqtt::Frame& frame) {
        const mqtt::DecodeContext context{.version = options_.version, .limits = {}};
        if (frame.type == PacketType::connect) {
            const auto connect = mqtt::decode_connect(frame.body, {}).value();
            return connect.clean_start ? "CONNECT clean" : "CONNECT";
        }
        if (frame.type == PacketType::publish) {
            const auto publish = mqtt::decode_publish(frame, context).value();
            ids_[std::string(publish.payload)] = publish.packet_id;
            readings_[publish.packet_id] = publish.payload;
            return "PUBLISH " + std::string(publish.payload) + (publish.dup ? " dup" : "");
        }
        if (frame.type == PacketType::pubrel) {
            return "PUBREL " +
                   readings_.at(mqtt::decode_acknowledgement(frame, context)->packet_id);
        }
        return std::string(mqtt::packet_name(frame.type));
    }

    Verdict receive(const std::string& bytes) {
        const auto received = client_->receive(bytes, now_, out_);
        EXPECT_TRUE(received.consumed == bytes.size() || received.verdict != Verdict::keep);
        return received.verdict;
    }

    Verdict receive_connack(
            bool session_present, std::optional<std::uint16_t> receive_maximum = {}) {
        mqtt::PropertyWriter properties;
        if (receive_maximum) {
            properties.add(mqtt::PropertyId::receive_maximum, *receive_maximum);
        }
        std::string bytes;
        mqtt::append_connack(bytes,
                {.session_present = session_present,
                    .reason = mqtt::ReasonCode::success,
                    .properties = properties.properties()},
                options_.version);
        return receive(bytes);
    }

    /// Acknowledges the reading with that sequence number.
    void receive_ack(PacketType type, int sequence) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, type, ids_.at(std::to_string(sequence)));
        EXPECT_EQ(receive(bytes), Verdict::keep);
    }

    void connect(bool session_present, std::optional<std::uint16_t> receive_maximum = {}) {
        client_->open(now_, out_);
        sent();
        ASSERT_EQ(receive_connack(session_present, receive_maximum), Verdict::keep);
    }

    using Packets = std::vector<std::string>;

    Options options_;
    std::optional<SensorContext> context_;
    std::optional<SensorClient> client_;
    SteadyTime now_ = SteadyTime() + std::chrono::hours(1);
    std::string out_;
    std::map<std::string, std::uint16_t> ids_;       // of readings
    std::map<std::uint16_t, std::string> readings_;  // of packet ids
};

TEST_F(SensorClientTest, puts_its_number_into_user_name_and_password) {
    options_.broker.user = "d{n}";
    options_.broker.password = "{x}{n}{n}";
    set_up(1, ProtocolVersion::v3_1_1);
    std::string bytes;
    client_->open(now_, bytes);
    const mqtt::Frame frame = mqtt::read_frame(bytes, options_.version).value().value();
    const auto connect = mqtt::decode_connect(frame.body, {}).value();
    EXPECT_EQ(connect.user_name, "d1");
    EXPECT_EQ(connect.password, "{x}11");
}

TEST_F(SensorClientTest, sends_no_more_readings_than_the_window_holds) {
    set_up(1, ProtocolVersion::v3_1_1);
    connect(false);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 1", "PUBLISH 2", "PUBLISH 3", "PUBLISH 4"}));
    EXPECT_EQ(sent(), Packets{});
    receive_ack(PacketType::puback, 1);
    EXPECT_EQ(sent(), Packets{"PUBLISH 5"});
    EXPECT_EQ(client_->unacknowledged(), 4U);
}

TEST_F(SensorClientTest, keeps_to_the_brokers_receive_maximum) {
    set_up(1, ProtocolVersion::v5);
    connect(false, 2);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 1", "PUBLISH 2"}));
}

TEST_F(SensorClientTest, has_no_packet_id_in_use_twice_when_acknowledgements_are_out_of_order) {
    set_up(1, ProtocolVersion::v3_1_1);
    connect(false);
    sent();
    receive_ack(PacketType::puback, 3);
    receive_ack(PacketType::puback, 2);
    EXPECT_EQ(sent(), Packets{});  // the place of reading 1 is the next
    receive_ack(PacketType::puback, 1);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 5", "PUBLISH 6"}));
    EXPECT_NE(ids_["4"], ids_["5"]);
    EXPECT_NE(ids_["4"], ids_["6"]);
}

TEST_F(SensorClientTest,
        sends_unacknowledged_readings_again_in_order_and_marked_on_a_resumed_session) {
    set_up(1, ProtocolVersion::v3_1_1);
    connect(false);
    sent();
    receive_ack(PacketType::puback, 2);
    client_->close();
    connect(true);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 1 dup", "PUBLISH 3 dup", "PUBLISH 4 dup"}));
    EXPECT_EQ(context_->statistics.resent, 3U);
    EXPECT_EQ(context_->statistics.sent, 4U);
}

TEST_F(SensorClientTest, sends_readings_as_new_when_the_broker_lost_the_session) {
    set_up(1, ProtocolVersion::v5);
    connect(false);
    sent();
    client_->close();
    connect(false);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 1", "PUBLISH 2", "PUBLISH 3", "PUBLISH 4"}));
    EXPECT_EQ(context_->statistics.sessions_lost, 1U);
}

TEST_F(SensorClientTest, keeps_to_a_smaller_window_when_it_sends_again) {
    set_up(1, ProtocolVersion::v5);
    connect(false);
    sent();
    client_->close();
    connect(true, 1);
    EXPECT_EQ(sent(), Packets{"PUBLISH 1 dup"});
    receive_ack(PacketType::puback, 1);
    EXPECT_EQ(sent(), Packets{"PUBLISH 2 dup"});
}

TEST_F(SensorClientTest, takes_a_qos_2_reading_through_release_to_completion) {
    set_up(2, ProtocolVersion::v5, 1);
    connect(false);
    EXPECT_EQ(sent(), Packets{"PUBLISH 1"});
    receive_ack(PacketType::pubrec, 1);
    EXPECT_EQ(sent(), Packets{"PUBREL 1"});
    EXPECT_EQ(context_->statistics.acknowledged, 0U);
    receive_ack(PacketType::pubcomp, 1);
    EXPECT_EQ(context_->statistics.acknowledged, 1U);
    EXPECT_EQ(sent(), Packets{"PUBLISH 2"});
}

TEST_F(SensorClientTest, sends_the_release_and_not_the_reading_again_once_it_was_received) {
    set_up(2, ProtocolVersion::v5, 2);
    connect(false);
    sent();
    receive_ack(PacketType::pubrec, 1);
    sent();
    client_->close();
    connect(true);
    EXPECT_EQ(sent(), (Packets{"PUBREL 1", "PUBLISH 2 dup"}));
}

TEST_F(SensorClientTest, does_not_take_a_repeated_completion_for_that_of_the_next_reading) {
    set_up(2, ProtocolVersion::v5, 1);
    connect(false);
    sent();
    receive_ack(PacketType::pubrec, 1);
    receive_ack(PacketType::pubrec, 1);
    EXPECT_EQ(sent(), Packets{"PUBREL 1"});
    receive_ack(PacketType::pubcomp, 1);
    EXPECT_EQ(sent(), Packets{"PUBLISH 2"});
    receive_ack(PacketType::pubcomp, 1);
    EXPECT_EQ(client_->unacknowledged(), 1U);
    receive_ack(PacketType::pubrec, 2);
    EXPECT_EQ(sent(), Packets{"PUBREL 2"});
}

TEST_F(SensorClientTest, counts_a_released_reading_as_taken_when_the_broker_lost_the_session) {
    set_up(2, ProtocolVersion::v5, 2);
    connect(false);
    sent();
    receive_ack(PacketType::pubrec, 1);
    client_->close();
    connect(false);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 2", "PUBLISH 3"}));
    EXPECT_EQ(context_->statistics.acknowledged, 1U);
}

TEST_F(SensorClientTest,
        discards_the_session_of_an_earlier_process_before_its_first_qos_2_reading) {
    set_up(2, ProtocolVersion::v3_1_1);
    client_->open(now_, out_);
    EXPECT_EQ(sent(), Packets{"CONNECT clean"});
    EXPECT_EQ(receive_connack(false), Verdict::reconnect_now);
    EXPECT_EQ(sent(), Packets{"DISCONNECT"});
    client_->close();
    client_->open(now_, out_);
    EXPECT_EQ(sent(), Packets{"CONNECT"});
    EXPECT_EQ(receive_connack(false), Verdict::keep);
    EXPECT_EQ(sent().front(), "PUBLISH 1");
}

TEST_F(SensorClientTest, is_finished_when_the_last_reading_is_acknowledged) {
    set_up(1, ProtocolVersion::v5, 10);
    connect(false);
    EXPECT_EQ(sent().size(), 6U);
    for (int sequence = 1; sequence <= 6; ++sequence) {
        EXPECT_FALSE(client_->finished());
        receive_ack(PacketType::puback, sequence);
    }
    EXPECT_TRUE(client_->finished());
}

TEST_F(SensorClientTest,
        makes_readings_that_were_due_while_it_was_away_with_the_time_they_were_due) {
    set_up(1, ProtocolVersion::v3_1_1, 10);
    options_.interval = std::chrono::minutes(10);
    context_->payload = PayloadTemplate::parse("{epoch_ms}").value();
    connect(false);
    EXPECT_EQ(sent(), (Packets{"PUBLISH 0", "PUBLISH 600000", "PUBLISH 1200000", "PUBLISH 1800000",
                          "PUBLISH 2400000", "PUBLISH 3000000"}));
}

TEST_F(SensorClientTest, pings_when_it_is_silent_and_gives_up_when_the_broker_is) {
    set_up(1, ProtocolVersion::v3_1_1);
    options_.messages_max = 1;
    options_.keep_alive_seconds = 10;
    connect(false);
    sent();
    now_ += std::chrono::seconds(10);
    EXPECT_EQ(client_->keep_alive(now_, out_), Verdict::keep);
    EXPECT_EQ(sent(), Packets{"PINGREQ"});
    now_ += std::chrono::seconds(6);
    EXPECT_EQ(client_->keep_alive(now_, out_), Verdict::reconnect_later);
}

TEST_F(SensorClientTest, counts_a_refused_reading_apart) {
    set_up(1, ProtocolVersion::v5);
    connect(false);
    sent();
    std::string bytes;
    mqtt::append_acknowledgement(bytes, PacketType::puback,
            {.packet_id = 1, .reason = mqtt::ReasonCode::quota_exceeded, .properties = {}},
            options_.version);
    EXPECT_EQ(receive(bytes), Verdict::keep);
    EXPECT_EQ(context_->statistics.refused, 1U);
    EXPECT_EQ(context_->statistics.acknowledged, 0U);
}

TEST_F(SensorClientTest, reconnects_after_bytes_that_are_not_mqtt) {
    set_up(1, ProtocolVersion::v5);
    connect(false);
    EXPECT_EQ(receive(std::string("\0\0\0\0", 4)), Verdict::reconnect_later);
}

}  // namespace
}  // namespace foz::sensor
