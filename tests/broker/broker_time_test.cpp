// SPDX-License-Identifier: Apache-2.0
// What the broker does when time passes: the tests say when it does.
#include <gtest/gtest.h>

#include "tests/broker/broker_fixture.h"
#include "tests/support/position.h"
#include "tests/support/stepped_clock.h"

namespace foz::broker {
namespace {

using namespace std::chrono_literals;

class BrokerOverTime : public BrokerOverSockets {
  protected:
    void TearDown() override { broker_.reset(); }  // it uses the clock, which goes first

    [[nodiscard]] const Clock& clock() const override { return clock_; }

    [[nodiscard]] static std::string pingreq() {
        std::string bytes;
        mqtt::append_pingreq(bytes);
        return bytes;
    }
    [[nodiscard]] static std::string pingresp() {
        std::string bytes;
        mqtt::append_pingresp(bytes);
        return bytes;
    }
    /// Connected, with CONNACK received.
    [[nodiscard]] std::unique_ptr<RawClient> connected(
            std::string_view client_id, std::uint16_t keep_alive) {
        auto client = std::make_unique<RawClient>(port());
        client->send(connect_bytes(client_id, true, keep_alive));
        EXPECT_EQ(client->receive(4), kConnackAccepted);
        return client;
    }

    support::SteppedClock clock_;
};

TEST_F(BrokerOverTime, a_silent_client_is_closed_after_the_connect_timeout) {
    const RawClient unheard(port());
    ASSERT_TRUE(wait_for_connections(1));
    clock_.step(settings_.limits.connect_timeout - 200ms);
    RawClient client(port());
    client.send(connect_bytes("esp32-1"));
    EXPECT_EQ(client.receive(4), kConnackAccepted);
    EXPECT_EQ(broker_->status().connections, 2U);
    // Its time may have begun after the first step only: it is counted when it is accepted.
    EXPECT_TRUE(support::wait_until([&] {
        clock_.step(400ms);
        return broker_->status().connections == 1;
    }));
}

TEST_F(BrokerOverTime, a_client_that_never_completes_its_connect_is_closed_too) {
    RawClient client(port());
    const std::string bytes = connect_bytes(std::string(200, 'x'));
    for (const char byte : bytes) {
        clock_.step(settings_.limits.connect_timeout / 8);
        if (!client.send({&byte, 1}) || client.receive_until_closed(20ms)) {
            return;  // closed long before the 200 bytes
        }
    }
    FAIL() << "still open";
}

TEST_F(BrokerOverTime, a_client_that_outstays_its_keep_alive_is_closed) {
    const auto client = connected("esp32-1", 600);
    clock_.step(890s);
    client->send(pingreq());
    EXPECT_EQ(client->receive(2), pingresp());
    clock_.step(890s);
    client->send(pingreq());
    EXPECT_EQ(client->receive(2), pingresp()) << "each packet begins the time afresh";
    clock_.step(901s);
    EXPECT_EQ(client->receive_until_closed(), "");
}

TEST_F(BrokerOverTime, a_client_without_keep_alive_may_be_silent_for_a_day) {
    const auto client = connected("esp32-1", 0);
    const auto other = connected("esp32-2", 600);
    clock_.step(24h);
    EXPECT_EQ(other->receive_until_closed(), "");
    client->send(publish_bytes(1, 1));
    EXPECT_EQ(client->receive(4), ack_bytes(mqtt::PacketType::puback, 1));
}

TEST_F(BrokerOverTime, a_client_whose_packets_foz_leaves_unread_is_not_silent) {
    settings_.ack = config::Ack::commit;
    settings_.limits.in_flight = 1;
    restart();
    const auto client = connected("esp32-1", 60);
    client->send(publish_bytes(1, 1));
    ASSERT_TRUE(support::wait_until([&] { return messages_in_journal() == 1; }));
    client->send(pingreq());
    const auto silent = connected("esp32-2", 60);
    clock_.step(100s);
    EXPECT_EQ(silent->receive_until_closed(), "");
    broker_->set_committed(at(1));
    EXPECT_EQ(client->receive(6), ack_bytes(mqtt::PacketType::puback, 1) + pingresp());
}

TEST_F(BrokerOverTime, a_client_that_reads_nothing_is_not_read_from_without_end) {
    const auto client = connected("esp32-1", 0);
    // Far more answers than the sockets between hold.
    constexpr std::size_t kPings = 8 << 20;
    std::thread sender([&] {
        std::string many;
        for (std::size_t i = 0; i < kPings; i += 1 << 15) {
            many.clear();
            for (std::size_t j = 0; j < 1 << 15; ++j) {
                mqtt::append_pingreq(many);
            }
            client->send(many);
        }
    });
    const auto other = connected("esp32-2", 0);
    EXPECT_LT(broker_->status().connection_memory_bytes, 1U << 20);
    std::size_t received = 0;
    while (received < 2 * kPings) {
        const std::string some = client->receive_some();
        ASSERT_FALSE(some.empty());
        received += some.size();
        EXPECT_LT(broker_->status().connection_memory_bytes, 1U << 20);
    }
    EXPECT_EQ(received, 2 * kPings);
    sender.join();
}

TEST_F(BrokerOverTime, a_client_that_reads_nothing_and_sends_half_a_packet_holds_nobody_up) {
    settings_.reactors = 1;
    restart();
    const auto deaf = connected("esp32-1", 0);
    // Odd pieces: whatever is read, half a packet is among it sooner or later.
    std::string pieces;
    for (std::size_t i = 0; i < 8 << 20; ++i) {
        mqtt::append_pingreq(pieces);
    }
    pieces.pop_back();
    std::thread sender([&] { deaf->send(pieces); });
    for (int i = 0; i < 200; ++i) {
        const auto other = connected("other", 0);
        other->send(pingreq());
        EXPECT_EQ(other->receive(2), pingresp());
    }
    broker_.reset();
    sender.join();
}

}  // namespace
}  // namespace foz::broker
