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
    EXPECT_EQ(out, mqtt::publish({.topic = "a", .packet_id = 28, .qos = 1, .dup = true}));
}

}  // namespace
}  // namespace foz::session
