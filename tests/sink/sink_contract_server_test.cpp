// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about a database which takes no writes, is killed, or freezes.
#include <thread>

#include "tests/sink/database_under_test.h"
#include "tests/support/tcp_proxy.h"
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
        EXPECT_TRUE(written.error().failure == FailureKind::retry ||
                    written.error().failure == FailureKind::reconnect)
                << why(written);
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

TEST_P(SinkContract, a_server_that_stops_or_is_killed_is_found_again_with_what_was_committed) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest first;
    first.add({text("0"), real(1)});
    ASSERT_TRUE(first.write_to(*sink));
    for (std::uint64_t position = 1; position <= 2; ++position) {
        position == 1 ? database().stop() : database().kill();
        const std::string device = std::to_string(position);
        BatchUnderTest batch(position);
        batch.add({text(device), real(1)});
        const auto lost = batch.write_to(*sink);
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().failure, FailureKind::reconnect) << why(lost);
        const auto refused = sink->connect(kLane, mapping);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().failure, FailureKind::retry) << why(refused);
        database().start();
        const bool back = support::wait_until([&] {
            const auto found = sink->connect(kLane, mapping);
            return found && found->cursor == Cursor{position, 0};
        });
        ASSERT_TRUE(back);
        const auto written = batch.write_to(*sink);
        ASSERT_TRUE(written) << why(written);
    }
    EXPECT_EQ(count("readings"), 3U);
}

TEST_P(SinkContract, the_cursor_says_whether_a_commit_that_was_cut_off_has_happened) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    support::TcpProxy proxy(database().port());
    const auto mapping = readings();
    const auto sink = sink_for(kind(), database().url_at(proxy.port()));
    for (const auto when :
            {support::CutWhen::before_forwarding, support::CutWhen::after_forwarding}) {
        const auto before = sink->connect(kLane, mapping);
        ASSERT_TRUE(before) << why(before);
        const std::uint64_t position = before->cursor.position;
        proxy.cut_on(database().commit_bytes(), when);
        BatchUnderTest batch(position);
        batch.add({text("a"), real(1)});
        const auto cut = batch.write_to(*sink);
        ASSERT_FALSE(cut);
        EXPECT_EQ(cut.error().failure, FailureKind::in_doubt) << why(cut);
        const std::uint64_t arrived = when == support::CutWhen::after_forwarding ? 1 : 0;
        ASSERT_TRUE(support::wait_until([&] { return !database().has_foz(); }));
        const auto after = sink->connect(kLane, mapping);
        ASSERT_TRUE(after) << why(after);
        EXPECT_EQ(after->cursor.position, position + arrived);
        EXPECT_EQ(count("readings"), arrived);
    }
    EXPECT_EQ(proxy.cuts(), 2U);
}

TEST_P(SinkContract, the_cursor_says_whether_a_commit_without_an_answer_has_happened) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    support::TcpProxy proxy(database().port());
    const auto mapping = readings();
    const auto sink = impatient_sink_for(kind(), database().url_at(proxy.port()), 300ms);
    ASSERT_TRUE(sink->connect(kLane, mapping));
    proxy.cut_on(database().commit_bytes(), support::CutWhen::never);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    const auto silent = batch.write_to(*sink);
    proxy.black_hole(false);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().failure, FailureKind::in_doubt) << why(silent);
    const auto after = sink->connect(kLane, mapping);
    ASSERT_TRUE(after) << why(after);
    EXPECT_EQ(after->cursor.position, 1U);
    EXPECT_EQ(count("readings"), 1U);
    EXPECT_EQ(proxy.cuts(), 1U);
}

TEST_P(SinkContract, a_connection_lost_before_commit_is_made_again_and_nothing_is_in_doubt) {
    if (!database().is_server()) {
        GTEST_SKIP() << "not a server";
    }
    support::TcpProxy proxy(database().port());
    const auto mapping = readings();
    const auto sink = sink_for(kind(), database().url_at(proxy.port()));
    ASSERT_TRUE(sink->connect(kLane, mapping));
    proxy.cut_on("UPDATE foz_cursor", support::CutWhen::before_forwarding);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    const auto cut = batch.write_to(*sink);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().failure, FailureKind::reconnect) << why(cut);
    ASSERT_TRUE(sink->connect(kLane, mapping));
    ASSERT_TRUE(batch.write_to(*sink));
    EXPECT_EQ(count("readings"), 1U);
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
    EXPECT_EQ(written.error().failure, FailureKind::reconnect) << why(written);
    EXPECT_NE(written.error().message.find("silent for 0.3 s"), std::string::npos) << why(written);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().failure, FailureKind::blocked) << why(again);
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
    EXPECT_EQ(written.error().failure, FailureKind::reconnect) << why(written);
    EXPECT_EQ(found_by_next(mapping).cursor, (Cursor{0, 0}));
    EXPECT_EQ(count("readings"), 0U);
}

}  // namespace foz::sink
