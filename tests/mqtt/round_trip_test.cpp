// SPDX-License-Identifier: Apache-2.0
// Random packets of every type, version and direction. FOZ_TEST_SEED repeats a run.
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/mqtt/random_packet.h"
#include "tests/mqtt/reencode.h"
#include "tests/mqtt/wire.h"

namespace foz::mqtt {
namespace {

constexpr int kPackets = 3'000;

std::uint64_t seed() {
    const char* const given = std::getenv("FOZ_TEST_SEED");  // NOLINT(concurrency-mt-unsafe)
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "FOZ_TEST_SEED=" << seed << '\n';
    return seed;
}

TEST(RoundTrip, of_a_packet_gives_the_same_bytes) {
    RandomPackets packets(seed());
    std::set<std::pair<PacketType, ProtocolVersion>> seen;
    for (int i = 0; i < kPackets; ++i) {
        const RandomPacket packet = packets.next();
        const Frame frame = frame_of(packet.bytes, packet.context.version);
        const Decoded<std::string> again = reencode(frame, packet.context);
        ASSERT_TRUE(again) << packet_name(frame.type) << " of "
                           << version_name(packet.context.version) << ": " << again.error().message
                           << "\n"
                           << hex(packet.bytes);
        ASSERT_EQ(hex(*again), hex(packet.bytes));
        seen.emplace(frame.type, packet.context.version);
    }
    EXPECT_EQ(seen.size(), 14 + 14 + 15);
}

TEST(RoundTrip, of_a_body_that_is_cut_short_never_reads_past_its_end) {
    RandomPackets packets(seed());
    for (int i = 0; i < kPackets / 10; ++i) {
        const RandomPacket packet = packets.next();
        Frame frame = frame_of(packet.bytes, packet.context.version);
        const std::string_view body = frame.body;
        for (std::size_t size = 0; size < body.size(); ++size) {
            // A copy of exactly that size, so that the address sanitizer sees a read past it.
            const std::vector<char> cut(
                    body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
            frame.body = std::string_view(cut.data(), cut.size());
            if (const auto result = reencode(frame, packet.context); !result) {
                ASSERT_FALSE(result.error().message.empty());
            }
        }
    }
}

TEST(RoundTrip, of_a_packet_wants_more_after_every_prefix) {
    RandomPackets packets(seed());
    for (int i = 0; i < kPackets / 10; ++i) {
        const RandomPacket packet = packets.next();
        for (std::size_t size = 0; size < packet.bytes.size(); ++size) {
            const auto frame = read_frame(
                    std::string_view(packet.bytes).substr(0, size), packet.context.version);
            ASSERT_TRUE(frame && !*frame) << size << " bytes of " << hex(packet.bytes);
        }
    }
}

TEST(RoundTrip, of_damaged_packets_is_refused_or_stable) {
    const std::uint64_t number = seed();
    RandomPackets packets(number);
    std::mt19937_64 random(number);
    for (int i = 0; i < kPackets; ++i) {
        RandomPacket packet = packets.next();
        for (int changes = 0; changes < 8; ++changes) {
            packet.bytes[random() % packet.bytes.size()] = static_cast<char>(random());
            exercise_codec(packet.bytes, packet.context);
        }
    }
}

}  // namespace
}  // namespace foz::mqtt
