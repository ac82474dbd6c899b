// SPDX-License-Identifier: Apache-2.0
// PUBCOMP and the disk, towards the other broker: a release that a crash forgets would make its
// next message with that packet id look like one that is there.
#include <gtest/gtest.h>

#include "mqtt/encoder.h"
#include "source/source.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/raw_broker.h"

namespace foz::source {
namespace {

using mqtt::PacketType;

TEST(SourceRelease, is_complete_for_the_broker_only_once_it_is_on_disk) {
    support::FaultyFileSystem files;
    const auto journal = journal::local::open_or_fail(files);
    support::RawBroker broker;
    config::Source settings;
    settings.remote.name = "plant";
    settings.remote.url = fmt::format("mqtt://127.0.0.1:{}", broker.port());
    settings.remote.client_id = "foz-plant";
    settings.remote.version = "3.1.1";
    settings.subscribe = {{.topic = "t", .qos = 2}};
    // What else is acknowledged does not wait for the disk, so that it shows what has been sent.
    const intake::LinkIntakeTerms terms{.ack = config::Ack::memory};
    const auto start = [&] {
        auto source = Source::start(settings, {}, {terms, *journal, real_clock()});
        EXPECT_TRUE(source) << source.error().message;
        return source ? *std::move(source) : nullptr;
    };
    auto source = start();
    ASSERT_TRUE(source);
    broker.welcome(false);
    broker.publish(2, 8, "one");
    EXPECT_EQ(broker.expect_id(PacketType::pubrec), 8);
    ASSERT_TRUE(journal::local::eventually(
            [&] { return journal->durable_end() == journal->status().end; }));
    {
        const support::HangingSyncs hanging(files, ".segment");
        std::string together;
        mqtt::append_acknowledgement(together, PacketType::pubrel, 8);
        mqtt::append_publish(together, {.topic = "t", .payload = "two", .packet_id = 9, .qos = 1},
                mqtt::ProtocolVersion::v3_1_1);
        broker.send(together);
        EXPECT_EQ(broker.expect_id(PacketType::puback), 9);
        source.reset();
        while (const auto last = broker.next()) {
            EXPECT_NE(last->type, PacketType::pubcomp);
        }
    }
    source = start();
    ASSERT_TRUE(source);
    broker.welcome(true);
    broker.release(8);
    EXPECT_EQ(broker.expect_id(PacketType::pubcomp), 8);
}

}  // namespace
}  // namespace foz::source
