// SPDX-License-Identifier: Apache-2.0
// A bridge whose journal is full because of it: the other broker was away. Both sides then have
// more to say than fits anywhere, and only the bridge itself can make room.
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "delivery/session_recovery.h"
#include "tests/bridge/bridge_rig.h"
#include "tests/support/position.h"
#include "tests/support/raw_broker.h"
#include "tests/support/wait_until.h"

namespace foz::bridge {
namespace {

using foz::mqtt::PacketType;
using support::wait_until;

constexpr std::uint64_t kCap = 4 << 20;
constexpr std::uint16_t kMessages = 100;  // of each QoS, from the other broker
constexpr std::size_t kPayloadBytes = 64 << 10;

/// Number `id` and so many bytes.
std::string payload(std::uint16_t id) {
    std::string text = fmt::format("{}:", id);
    text.resize(kPayloadBytes, 'x');
    return text;
}

/// The other broker: keeps messages of QoS 1 until they are acknowledged.
class FullJournal : public testing::Test {
  protected:
    void SetUp() override {
        rig_.settings().remote.version = "3.1.1";
        rig_.replace_journal({.size_max = kCap, .retain_bytes = 0});
        rig_.start();
        reader_ = rig_.journal().read_from(at(0)).value();
        broker_.welcome(false);
        ASSERT_TRUE(rig_.connected());
        ASSERT_TRUE(rig_.fill_journal("out/a"));
        for (std::uint16_t id = 1; id <= kMessages; ++id) {
            kept_.insert(id);
        }
    }
    void send_kept(bool also_qos_0) {
        for (const std::uint16_t id : std::set(kept_)) {
            if (also_qos_0) {
                broker_.publish({.topic = "in/zero", .payload = payload(id)});
            }
            broker_.publish({.topic = "in/one", .payload = payload(id), .packet_id = id, .qos = 1});
        }
    }
    /// Acknowledges, and takes acknowledgements, until there is no more of either; false: foz has
    /// closed the connection.
    bool exchange() {
        const auto over = real_clock().steady_now() + std::chrono::seconds(30);
        while (!kept_.empty() || rig_.status().behind > 0) {
            if (real_clock().steady_now() > over) {
                throw std::runtime_error("no end within 30 s");
            }
            read_journal();
            if (broker_.is_silent(std::chrono::milliseconds(10))) {
                continue;
            }
            const auto packet = broker_.next();
            if (!packet) {
                return false;
            }
            const char* const body = packet->body.data();
            if (packet->type == PacketType::publish) {
                const std::size_t topic_bytes = load_big<std::uint16_t>(body);
                broker_.acknowledge(
                        PacketType::puback, load_big<std::uint16_t>(body + 2 + topic_bytes));
            } else if (packet->type == PacketType::puback) {
                kept_.erase(load_big<std::uint16_t>(body));
            }
        }
        read_journal();
        return true;
    }
    /// As a database does that is never behind, and with sessions that are saved all the time.
    void read_journal() {
        while (const auto record = reader_->next().value()) {
            if (record->kind == static_cast<std::uint8_t>(foz::mqtt::RecordKind::message)) {
                const auto message = foz::mqtt::decode_message(record->bytes).value();
                const auto number = message.payload.substr(0, message.payload.find(':'));
                numbers_[std::string(message.topic)].emplace(number);
            }
        }
        rig_.journal().set_cursor("database", reader_->position());
        rig_.journal().set_cursor(session::kSessionCursor, reader_->position());
    }

    support::RawBroker broker_;
    BridgeRig rig_{{"out/# out 1", "in/# in 1"}, broker_.port()};
    std::set<std::uint16_t> kept_;
    std::unique_ptr<journal::Reader> reader_;
    std::map<std::string, std::set<std::string>> numbers_;  // of the journal, by topic
};

TEST_F(FullJournal, is_emptied_by_a_bridge_that_is_sent_more_than_it_can_keep) {
    send_kept(true);
    while (!exchange()) {
        broker_.welcome(true, false);
        send_kept(false);
    }
    EXPECT_TRUE(kept_.empty());
    EXPECT_EQ(rig_.status().behind, 0U);
    EXPECT_FALSE(rig_.journal().status().stalled);
    EXPECT_EQ(numbers_["in/one"].size(), kMessages);
    EXPECT_GT(rig_.status().dropped, 0U);
    EXPECT_EQ(numbers_["in/zero"].size() + rig_.status().dropped, kMessages);
}

}  // namespace
}  // namespace foz::bridge
