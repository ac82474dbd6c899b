// SPDX-License-Identifier: Apache-2.0
#include "session/outbox.h"

#include <gtest/gtest.h>

#include "tests/mqtt/packet_bytes.h"

namespace foz::session {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;

TEST(Outbox, uses_every_packet_id_again_once_it_is_free) {
    Outbox outbox(3);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    for (std::uint64_t tag = 0; tag < 100; ++tag) {
        ASSERT_TRUE(outbox.has_capacity());
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
        EXPECT_EQ(outbox.acknowledge(PacketType::puback, packet_id, false).progress,
                Outbox::Progress::unknown)
                << packet_id;
    }
}

TEST(Outbox, goes_on_with_the_packet_ids_of_an_earlier_process) {
    Outbox outbox(10);
    outbox.restore(65'027, 65'027);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 1}, 27, true, ProtocolVersion::v5, out);
    EXPECT_EQ(out, mqtt::publish({.topic = "a", .packet_id = 28, .qos = 1, .dup = true}));
}

TEST(Outbox, takes_only_the_acknowledgement_that_a_message_waits_for) {
    Outbox outbox(3);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 1}, 10, false, ProtocolVersion::v5, out);
    outbox.add({.topic = "a", .qos = 2}, 20, false, ProtocolVersion::v5, out);
    using Progress = Outbox::Progress;
    EXPECT_EQ(outbox.acknowledge(PacketType::pubrec, 1, false).progress, Progress::unknown);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubcomp, 1, false).progress, Progress::unknown);
    EXPECT_EQ(outbox.acknowledge(PacketType::puback, 2, false).progress, Progress::unknown);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubcomp, 2, false).progress, Progress::unknown);
    EXPECT_EQ(outbox.size(), 2U);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubrec, 2, false).progress, Progress::waiting);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubrec, 2, false).progress, Progress::unknown);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubcomp, 2, false).tag, 20U);
    EXPECT_EQ(outbox.acknowledge(PacketType::puback, 1, false).tag, 10U);
    EXPECT_EQ(outbox.size(), 0U);
}

TEST(Outbox, a_release_that_is_held_back_stays_so_when_the_broker_says_pubrec_again) {
    Outbox outbox(3, true);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 2}, 20, false, ProtocolVersion::v5, out);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(
                outbox.acknowledge(PacketType::pubrec, 1, false).progress, Outbox::Progress::held);
    }
    out.clear();
    outbox.release(out);
    EXPECT_EQ(out, mqtt::ack(PacketType::pubrel, 1));
}

TEST(Outbox, forgets_what_a_broker_took_over_before_it_lost_the_session) {
    Outbox outbox(3);
    outbox.start_connection(true, 0xFFFF);
    std::string out;
    outbox.add({.topic = "a", .qos = 2}, 10, false, ProtocolVersion::v5, out);
    outbox.add({.topic = "a", .qos = 2}, 20, false, ProtocolVersion::v5, out);
    ASSERT_EQ(outbox.acknowledge(PacketType::pubrec, 1, false).progress, Outbox::Progress::waiting);
    std::vector<std::uint64_t> delivered;
    outbox.drop_received([&](std::uint64_t tag) { delivered.push_back(tag); });
    outbox.start_connection(false, 0xFFFF);
    EXPECT_EQ(delivered, std::vector<std::uint64_t>{10});
    out.clear();
    EXPECT_EQ(outbox.resend(out), 1U);
    EXPECT_EQ(out, mqtt::publish({.topic = "a", .packet_id = 2, .qos = 2}));
}

}  // namespace
}  // namespace foz::session
