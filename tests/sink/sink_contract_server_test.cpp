// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about a database which takes no writes, is killed, or freezes.
#include <thread>

#include "tests/sink/database_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::sink {

using namespace std::chrono_literals;

TEST_P(SinkContract, a_database_that_takes_no_writes_is_tried_again_and_loses_nothing) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    database().set_read_only(true);
    auto written = batch.write_to(*sink);
    if (!written) {  // a setting for new transactions may reach a connection late
        EXPECT_TRUE(
            written.error().failure == Failure::retry ||
            written.error().failure == Failure::reconnect
        ) << why(written);
        database().set_read_only(false);
        const bool stored = support::wait_until([&] {
            const bool up = sink->connect(kLane, mapping).has_value();
            return up && batch.write_to(*sink).has_value();
        });
        EXPECT_TRUE(stored);
    }
    database().set_read_only(false);
    EXPECT_EQ(count("readings"), 1U);
}

TEST_P(SinkContract, a_server_that_is_killed_is_found_again_with_what_was_committed) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    ASSERT_TRUE(batch.write_to(*sink));
    database().kill();
    BatchUnderTest second(1);
    second.add({text("b"), real(1)});
    auto written = second.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, Failure::reconnect) << why(written);
    auto refused = sink->connect(kLane, mapping);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().failure, Failure::blocked) << why(refused);
    database().start();
    const bool back = support::wait_until([&] {
        auto found = sink->connect(kLane, mapping);
        return found && found->cursor == Cursor{1, 0};
    });
    ASSERT_TRUE(back);
    ASSERT_TRUE(second.write_to(*sink));
    EXPECT_EQ(count("readings"), 2U);
}

TEST_P(SinkContract, a_server_that_freezes_counts_as_a_lost_connection) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    const auto mapping = readings();
    auto sink = impatient_sink_for(kind(), database().url(), 300ms);
    auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    database().freeze();
    auto written = batch.write_to(*sink);
    auto again = sink->connect(kLane, mapping);
    database().thaw();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, Failure::reconnect) << why(written);
    EXPECT_NE(written.error().message.find("silent for 0.3 s"), std::string::npos) << why(written);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().failure, Failure::blocked) << why(again);
    const bool back = support::wait_until([&] {
        found = sink->connect(kLane, mapping);
        return found.has_value();
    });
    ASSERT_TRUE(back) << why(found);
    EXPECT_EQ(found->cursor, (Cursor{0, 0}));
    written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(count("readings"), 1U);
}

TEST_P(SinkContract, no_wait_for_a_frozen_server_outlasts_the_end_of_foz) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    const auto mapping = readings();
    auto sink = connected(mapping);  // it waits for minutes
    BatchUnderTest batch;
    for (int i = 0; i < 300'000; ++i) {  // more than fits into sockets
        batch.add({text("a device with a long name, so that there is much to send"), real(1)});
    }
    database().freeze();
    std::thread ending([&] { sink->end_waits_at(std::chrono::steady_clock::now() + 50ms); });
    auto written = batch.write_to(*sink);
    ending.join();
    sink->close();
    database().thaw();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, Failure::reconnect) << why(written);
    EXPECT_EQ(found_by_next(mapping).cursor, (Cursor{0, 0}));
    EXPECT_EQ(count("readings"), 0U);
}

}  // namespace foz::sink
