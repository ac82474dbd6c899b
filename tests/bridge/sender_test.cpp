// SPDX-License-Identifier: Apache-2.0
// The half of a bridge that sends, when the journal cannot be read for a while.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "bridge/bridge_cursor.h"
#include "state/dead_letters.h"
#include "tests/bridge/bridge_rig.h"
#include "tests/support/failing_opens.h"
#include "tests/support/position.h"
#include "tests/support/raw_broker.h"
#include "tests/support/wait_until.h"

namespace foz::bridge {
namespace {

using foz::mqtt::PacketType;
using support::wait_until;

class SenderTest : public testing::Test {
  protected:
    void SetUp() override {
        rig_.settings().remote.version = "3.1.1";
        rig_.replace_journal({.tail_bytes = 0, .files = &files_});  // all is read from files
    }
    void start() {
        rig_.start();
        broker_.welcome(false, false);
        ASSERT_TRUE(rig_.connected());
    }
    /// The topic of the next message out, which is acknowledged.
    std::string next_topic() {
        const std::string body = broker_.expect(PacketType::publish);
        const std::size_t size = load_big<std::uint16_t>(body.data());
        broker_.acknowledge(PacketType::puback, load_big<std::uint16_t>(body.data() + 2 + size));
        return body.substr(2, size);
    }

    support::FailingOpens files_;
    support::RawBroker broker_;
    BridgeRig rig_{{"# out 1 out/"}, broker_.port()};
};

TEST_F(SenderTest, goes_on_by_itself_when_the_journal_can_be_read_again) {
    start();
    const std::string half_a_segment(600 << 10, 'x');
    rig_.publish("out/1", half_a_segment);
    EXPECT_EQ(next_topic(), "1");
    ASSERT_TRUE(rig_.catches_up());
    files_.fail(true);
    rig_.publish("out/2", half_a_segment);
    ASSERT_TRUE(wait_until([&] { return files_.failures() > 0; }));
    files_.fail(false);
    EXPECT_EQ(next_topic(), "2");
    EXPECT_TRUE(rig_.catches_up());
}

TEST_F(SenderTest, keeps_a_message_that_it_can_neither_send_nor_read_for_its_dead_letter) {
    start();
    files_.fail(true);
    rig_.publish("out/", "without a topic");
    ASSERT_TRUE(wait_until([&] { return files_.failures() > 0; }));
    EXPECT_EQ(rig_.status().behind, 1U);
    files_.fail(false);
    EXPECT_TRUE(rig_.catches_up());
    std::vector<std::string> kept;
    const auto read = state::for_each_letter(rig_.state(), {}, [&](const auto& letter) {
        kept.emplace_back(letter.payload);
        return true;
    });
    ASSERT_TRUE(read);
    EXPECT_EQ(kept, std::vector<std::string>{"without a topic"});
}

// What is not durable may not be there after a crash, and its positions mean other records then.
TEST_F(SenderTest, begins_where_the_journal_is_durable) {
    rig_.replace_journal({.size_max = 2 << 20, .retain_bytes = 0});
    rig_.journal().set_cursor("a database that is away", at(0));
    ASSERT_TRUE(rig_.fill_journal("out/1"));
    const journal::Status status = rig_.journal().status();
    ASSERT_LT(status.durable_end, status.end);
    start();
    for (const journal::NamedCursor& cursor : rig_.journal().cursors()) {
        if (cursor.name == BridgeCursor::name_for("test")) {
            EXPECT_EQ(cursor.position, status.durable_end);
        }
    }
}

}  // namespace
}  // namespace foz::bridge
