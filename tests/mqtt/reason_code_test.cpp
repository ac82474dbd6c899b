// SPDX-License-Identifier: Apache-2.0
#include "mqtt/reason_code.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "mqtt/packet.h"

namespace foz::mqtt {
namespace {

TEST(ReasonCode, has_a_text_for_each_of_the_43_that_the_specification_defines) {
    std::set<std::string_view> texts;
    int defined = 0;
    for (unsigned code = 0; code < 256; ++code) {
        const std::string_view text = reason_text(static_cast<ReasonCode>(code));
        if (text == "unknown reason code") continue;
        ++defined;
        texts.insert(text);
    }
    EXPECT_EQ(defined, 43);
    EXPECT_EQ(texts.size(), 43);
}

TEST(ReasonCode, is_a_failure_from_0x80_on) {
    EXPECT_FALSE(is_failure(ReasonCode::reauthenticate));
    EXPECT_TRUE(is_failure(ReasonCode::unspecified_error));
}

TEST(ReasonCode, becomes_a_return_code_of_mqtt_3_and_back) {
    for (std::uint8_t code = 0; code <= 5; ++code) {
        const auto reason = reason_from_return_code(code);
        ASSERT_TRUE(reason);
        EXPECT_EQ(connack_return_code(*reason), code);
    }
    EXPECT_EQ(reason_from_return_code(6), std::nullopt);
    EXPECT_EQ(connack_return_code(ReasonCode::banned), 5);
    EXPECT_EQ(connack_return_code(ReasonCode::server_busy), 3);
    EXPECT_EQ(connack_return_code(ReasonCode::malformed_packet), std::nullopt);
}

TEST(PacketName, is_what_the_specification_writes) {
    EXPECT_EQ(packet_name(PacketType::connect), "CONNECT");
    EXPECT_EQ(packet_name(PacketType::auth), "AUTH");
    EXPECT_EQ(packet_name(PacketType{}), "unknown packet");
    EXPECT_EQ(version_name(ProtocolVersion::v3_1_1), "3.1.1");
}

}  // namespace
}  // namespace foz::mqtt
