// SPDX-License-Identifier: Apache-2.0
// PUBCOMP and the disk: a release that a crash forgets would make the client's next message with
// that packet id look like one that is there.
#include <gtest/gtest.h>

#include "broker/broker.h"
#include "mqtt/encoder.h"
#include "tests/broker/raw_client.h"
#include "tests/journal/local/journal_fixture.h"

namespace foz::broker {
namespace {

const std::string kPing("\xC0\x00", 2);
const std::string kPong("\xD0\x00", 2);

class Release : public testing::TestWithParam<config::Ack> {
  protected:
    void SetUp() override {
        settings_.listeners = {{.name = "test", .address = "127.0.0.1:0"}};
        settings_.reactors = 1;
        settings_.ack = GetParam();
        journal_ = journal::local::open_or_fail(files_);
        auto broker = Broker::start(settings_, *journal_, {}, real_clock());
        ASSERT_TRUE(broker) << broker.error().message;
        broker_ = std::move(*broker);
    }

    static std::string packet(mqtt::PacketType type, std::uint16_t packet_id) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, type, packet_id);
        return bytes;
    }

    support::FaultyFileSystem files_;
    config::Settings settings_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<Broker> broker_;
};

TEST_P(Release, is_complete_for_the_client_only_once_it_is_on_disk) {
    RawClient client(broker_->listeners().front()->port());
    std::string bytes;
    mqtt::Connect connect;
    connect.client_id = "c";
    connect.clean_start = false;
    mqtt::append_connect(bytes, connect);
    client.send(bytes);
    ASSERT_EQ(client.receive(4).size(), 4U);
    bytes.clear();
    mqtt::append_publish(bytes, {.topic = "t", .payload = "1", .packet_id = 5, .qos = 2},
            mqtt::ProtocolVersion::v3_1_1);
    client.send(bytes);
    ASSERT_EQ(client.receive(4), packet(mqtt::PacketType::pubrec, 5));
    {
        const support::HangingSyncs hanging(files_, ".segment");
        client.send(packet(mqtt::PacketType::pubrel, 5) + kPing);
        ASSERT_EQ(client.receive(2), kPong);
        // What the first of the two left to be sent at the end of its turn comes before this.
        client.send(kPing);
        EXPECT_EQ(client.receive(2), kPong);
    }
    EXPECT_EQ(client.receive(4), packet(mqtt::PacketType::pubcomp, 5));
}

INSTANTIATE_TEST_SUITE_P(Broker, Release,
        testing::Values(config::Ack::journal, config::Ack::memory), [](const auto& tested) {
            return tested.param == config::Ack::memory ? "memory" : "journal";
        });

}  // namespace
}  // namespace foz::broker
