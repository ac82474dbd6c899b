// SPDX-License-Identifier: Apache-2.0
// kill -9 of foz between a publisher and a subscriber whose session is kept: nothing that was
// acknowledged to the one may be missing at the other, and with QoS 2 nothing may come twice.
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/broker/packet_client.h"
#include "tests/end_to_end/foz_under_test.h"
#include "tests/faults/dice.h"
#include "tests/support/wait_until.h"

namespace foz::faults {
namespace {

using broker::PacketClient;
using broker::Received;
using mqtt::PacketType;
using mqtt::ProtocolVersion;

constexpr std::chrono::milliseconds kPatience{2'000};

/// While foz does not run, nobody connects: to a port that nobody listens on, a socket may connect
/// to itself, and foz then finds it taken.
class Gate {
  public:
    void open(bool is_open) {
        is_open_ = is_open;
        is_open_.notify_all();
    }
    void wait() const { is_open_.wait(false); }

  private:
    std::atomic<bool> is_open_ = true;
};

/// Null: foz is not there.
std::unique_ptr<PacketClient> connected(
        const Gate& gate, std::uint16_t port, std::string_view client_id) {
    gate.wait();
    try {
        auto client = std::make_unique<PacketClient>(port, ProtocolVersion::v3_1_1);
        client->send_connect(client_id, false);
        const auto connack = client->next(kPatience);
        return connack && connack->type == PacketType::connack ? std::move(client) : nullptr;
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

/// Publishes 1, 2, ... one after the other, and counts on when one is acknowledged in full.
class Publisher {
  public:
    Publisher(const Gate& gate, std::uint16_t port, std::uint8_t qos)
        : gate_(gate), port_(port), qos_(qos), thread_([this] { run(); }) {}
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    ~Publisher() { stop(); }

    void stop() {
        stop_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    [[nodiscard]] int acknowledged() const { return acknowledged_; }

  private:
    void run() {
        while (!stop_) {
            const auto client = connected(gate_, port_, "publisher");
            while (client && !stop_ && publish_one(*client)) {
            }
        }
    }

    [[nodiscard]] bool publish_one(PacketClient& client) {
        const int number = acknowledged_ + 1;
        const auto packet_id = static_cast<std::uint16_t>(number % 60'000 + 1);
        if (!released_) {
            const std::string payload = std::to_string(number);
            client.publish({.topic = "numbers",
                .payload = payload,
                .packet_id = packet_id,
                .qos = qos_,
                .dup = sent_ == number});
            sent_ = number;
            if (!gets(client, qos_ == 1 ? PacketType::puback : PacketType::pubrec)) {
                return false;
            }
            released_ = qos_ == 2;
        }
        if (released_) {
            client.answer(PacketType::pubrel, packet_id);
            if (!gets(client, PacketType::pubcomp)) {
                return false;
            }
            released_ = false;
        }
        acknowledged_ = number;
        return true;
    }
    static bool gets(PacketClient& client, PacketType type) {
        const auto packet = client.next(kPatience);
        return packet && packet->type == type;
    }

    const Gate& gate_;
    const std::uint16_t port_;
    const std::uint8_t qos_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> acknowledged_ = 0;
    int sent_ = 0;
    bool released_ = false;
    std::thread thread_;
};

/// Takes what comes, as the specification wants it of a client that keeps its session.
class Subscriber {
  public:
    Subscriber(const Gate& gate, std::uint16_t port, std::uint8_t qos)
        : gate_(gate), port_(port), qos_(qos), thread_([this] { run(); }) {}
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber() { stop(); }

    void stop() {
        stop_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    [[nodiscard]] bool is_subscribed() const { return subscribed_; }
    /// How many different numbers have come.
    [[nodiscard]] int count() const { return count_; }
    /// After stop(): how often each number has come.
    [[nodiscard]] const std::map<int, int>& got() const { return got_; }

  private:
    void run() {
        while (!stop_) {
            const auto client = connected(gate_, port_, "subscriber");
            if (!client) {
                continue;
            }
            if (!subscribed_) {
                client->send_subscribe({{.filter = "numbers", .qos = qos_}});
            }
            while (!stop_) {
                const auto packet = client->next(std::chrono::milliseconds(100));
                if (!packet && client->raw().closed()) {
                    break;
                }
                if (packet) {
                    take(*client, *packet);
                }
            }
        }
    }

    void take(PacketClient& client, const Received& packet) {
        switch (packet.type) {
            case PacketType::suback: subscribed_ = true; break;
            case PacketType::publish:
                if (packet.qos == 2) {
                    if (unreleased_.insert(packet.packet_id).second) {
                        note(packet);
                    }
                    client.answer(PacketType::pubrec, packet.packet_id);
                } else {
                    note(packet);
                    client.answer(PacketType::puback, packet.packet_id);
                }
                break;
            case PacketType::pubrel:
                unreleased_.erase(packet.packet_id);
                client.answer(PacketType::pubcomp, packet.packet_id);
                break;
            default: break;
        }
    }
    void note(const Received& packet) {
        if (++got_[std::stoi(packet.payload)] == 1) {
            ++count_;
        }
    }

    const Gate& gate_;
    const std::uint16_t port_;
    const std::uint8_t qos_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> subscribed_ = false;
    std::atomic<int> count_ = 0;
    std::map<int, int> got_;
    std::set<std::uint16_t> unreleased_;
    std::thread thread_;
};

class SubscriberFaults : public testing::TestWithParam<int> {};

TEST_P(SubscriberFaults, kill_9_of_foz_loses_no_message_of_a_kept_session) {
    const auto qos = static_cast<std::uint8_t>(GetParam());
    const std::uint64_t rounds = Dice::rounds(8);
    Dice dice;
    end_to_end::FozUnderTest foz;
    foz.configure("");
    foz.start();
    Gate gate;
    Subscriber subscriber(gate, foz.port(), qos);
    ASSERT_TRUE(support::wait_until([&] { return subscriber.is_subscribed(); }));
    Publisher publisher(gate, foz.port(), qos);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const int enough = subscriber.count() + static_cast<int>(dice.some() / 5) + 1;
        ASSERT_TRUE(support::wait_until([&] { return subscriber.count() >= enough; })) << foz.log();
        gate.open(false);
        foz.kill_9();
        foz.start();
        gate.open(true);
    }
    publisher.stop();
    const int acknowledged = publisher.acknowledged();
    EXPECT_TRUE(support::wait_until([&] { return subscriber.count() >= acknowledged; }))
            << foz.log();
    subscriber.stop();
    int missing = 0;
    int doubled = 0;
    for (int number = 1; number <= acknowledged; ++number) {
        const auto found = subscriber.got().find(number);
        missing += found == subscriber.got().end() ? 1 : 0;
        doubled += found != subscriber.got().end() && found->second > 1 ? 1 : 0;
    }
    EXPECT_EQ(missing, 0) << "of " << acknowledged;
    if (qos == 2) {
        EXPECT_EQ(doubled, 0) << "of " << acknowledged;
    }
    fmt::print("| kill -9 of foz, subscriber with QoS {} | {} | {} | {} | {} |\n", qos, rounds,
            acknowledged, missing, doubled);
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

INSTANTIATE_TEST_SUITE_P(Qos, SubscriberFaults, testing::Values(1, 2));

}  // namespace
}  // namespace foz::faults
