// SPDX-License-Identifier: Apache-2.0
// What makes QoS 2 exactly once across a crash of foz: PUBRELs that wait, and packet ids that the
// next process gives again.
#include <gtest/gtest.h>

#include "mqtt/encoder.h"
#include "session/outbox.h"

namespace foz::session {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;

std::string release(std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, PacketType::pubrel, packet_id);
    return bytes;
}

/// What it sends for a message.
std::string add(Outbox& outbox, std::uint8_t qos, std::uint64_t tag, bool again = false) {
    std::string out;
    outbox.add({.topic = "a", .qos = qos}, tag, again, ProtocolVersion::v5, out);
    return out;
}

std::string released(Outbox& outbox) {
    std::string out;
    outbox.release(out);
    return out;
}

std::string resent(Outbox& outbox) {
    std::string out;
    outbox.start_connection(true, 0xFFFF);
    outbox.resend(out);
    return out;
}

TEST(OutboxRestart, holds_back_pubrel_until_all_before_it_is_received) {
    Outbox outbox(10, true);
    (void)resent(outbox);
    add(outbox, 2, 10);
    add(outbox, 1, 11);
    add(outbox, 2, 12);
    EXPECT_EQ(outbox.first_tag_not_received(), 10U);
    EXPECT_EQ(outbox.acknowledge(PacketType::pubrec, 3, false).progress, Outbox::Progress::held);
    EXPECT_EQ(released(outbox), "")
            << "the next process will send 1 and 2 again, and 3 behind them";
    EXPECT_EQ(outbox.acknowledge(PacketType::pubrec, 1, false).progress, Outbox::Progress::held);
    EXPECT_EQ(outbox.received(), 1U);
    EXPECT_EQ(outbox.first_tag_not_received(), 11U);
    EXPECT_EQ(released(outbox), release(1));
    (void)outbox.acknowledge(PacketType::puback, 2, false);
    EXPECT_EQ(outbox.first_tag_not_received(), std::nullopt);
    EXPECT_EQ(released(outbox), release(3));
    EXPECT_EQ(released(outbox), "");
    EXPECT_EQ(outbox.oldest(), 0U) << "PUBCOMP is still to come";
    (void)outbox.acknowledge(PacketType::pubcomp, 1, false);
    (void)outbox.acknowledge(PacketType::pubcomp, 3, false);
    EXPECT_TRUE(outbox.empty());
}

TEST(OutboxRestart, does_not_publish_again_what_waits_for_its_release) {
    Outbox outbox(10, true);
    (void)resent(outbox);
    add(outbox, 2, 10);
    (void)outbox.acknowledge(PacketType::pubrec, 1, false);
    EXPECT_EQ(resent(outbox), "");
    EXPECT_EQ(released(outbox), release(1));
    EXPECT_EQ(resent(outbox), release(1));
}

TEST(OutboxRestart, ends_the_exchanges_of_the_process_before_and_goes_on_with_its_packet_ids) {
    Outbox outbox(10, true);
    outbox.restore(64'998, 65'001);
    EXPECT_EQ(resent(outbox), release(64'999) + release(65'000) + release(1));
    std::string same;
    mqtt::append_publish(
            same, {.topic = "a", .packet_id = 2, .qos = 2, .dup = true}, ProtocolVersion::v5);
    EXPECT_EQ(add(outbox, 2, 10, true), same);
    for (const int packet_id : {64'999, 65'000, 1}) {
        EXPECT_EQ(outbox.acknowledge(
                                PacketType::pubcomp, static_cast<std::uint16_t>(packet_id), false)
                          .progress,
                Outbox::Progress::delivered);
    }
    EXPECT_EQ(outbox.oldest(), 65'001U);
}

TEST(OutboxRestart, keeps_the_place_of_a_message_that_is_not_sent) {
    Outbox outbox(10, true);
    outbox.restore(5, 5);
    (void)resent(outbox);
    std::string out;
    outbox.skip(10, true, out);
    EXPECT_EQ(out, release(6)) << "the process before may have sent it";
    out.clear();
    outbox.skip(11, false, out);
    EXPECT_EQ(out, "");
    EXPECT_EQ(outbox.next_sequence(), 7U);
    EXPECT_EQ(outbox.received(), 7U);
    (void)outbox.acknowledge(PacketType::pubcomp, 6, false);
    EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace foz::session
