// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/deliveries.h"

#include <gtest/gtest.h>

#include "mqtt/encoder.h"

namespace foz::faults {
namespace {

using mqtt::PacketType;
using support::Side;

class DeliveriesOf : public testing::Test {
  protected:
    void publish(std::uint8_t qos, bool again) {
        std::string bytes;
        mqtt::append_publish(bytes,
                {.topic = "t",
                    .payload = R"({"device": "a", "sequence": 7})",
                    .packet_id = 1,
                    .qos = qos,
                    .dup = again},
                mqtt::ProtocolVersion::v3_1_1);
        deliveries_.take(1, Side::server, bytes);
    }
    void say(Side from, PacketType type) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, type, 1);
        deliveries_.take(1, from, bytes);
    }
    /// Begun, and acknowledged.
    [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> count() const {
        const auto count = deliveries_.counts().at("a|7");
        return {count.begun, count.acknowledged};
    }

  private:
    Deliveries deliveries_;
};

using Counted = std::pair<std::uint64_t, std::uint64_t>;

TEST_F(DeliveriesOf, what_is_sent_again_is_the_same_delivery) {
    publish(1, false);
    EXPECT_EQ(count(), Counted(1, 0));
    publish(1, true);
    say(Side::client, PacketType::puback);
    EXPECT_EQ(count(), Counted(1, 1));
    publish(1, true);
    EXPECT_EQ(count(), Counted(2, 1));
}

TEST_F(DeliveriesOf, a_publish_after_its_pubrel_may_be_stored_or_not) {
    publish(2, false);
    say(Side::client, PacketType::pubrec);
    say(Side::server, PacketType::pubrel);
    EXPECT_EQ(count(), Counted(1, 1));
    publish(2, true);
    say(Side::client, PacketType::pubrec);
    EXPECT_EQ(count(), Counted(2, 1));
}

TEST_F(DeliveriesOf, a_publish_after_its_pubcomp_is_another_delivery) {
    publish(2, false);
    say(Side::client, PacketType::pubrec);
    say(Side::server, PacketType::pubrel);
    say(Side::client, PacketType::pubcomp);
    publish(2, true);
    say(Side::client, PacketType::pubrec);
    EXPECT_EQ(count(), Counted(2, 2));
}

}  // namespace
}  // namespace foz::faults
