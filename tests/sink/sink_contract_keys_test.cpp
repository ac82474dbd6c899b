// SPDX-License-Identifier: Apache-2.0
// What every sink makes of a row whose key is taken.
#include <fmt/format.h>

#include "tests/sink/database_under_test.h"

namespace foz::sink {

using mapping::Value;

TEST_P(SinkContract, another_reading_with_the_key_of_a_stored_one_is_refused_with_both_values) {
    const auto mapping = readings({"device"});
    auto sink = connected(mapping);
    ASSERT_TRUE(BatchUnderTest().add({text("a"), real(21.5)}).write_to(*sink));
    const auto written = BatchUnderTest(1).add({text("a"), real(40)}).write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::refused);
    EXPECT_EQ(written.error().code, kKeyConflict);
    EXPECT_EQ(written.error().row, 0U);
    EXPECT_EQ(written.error().message,
            "another reading has this key: (device) = (\"a\"): stored temperature = 21.5, this "
            "reading temperature = 40");
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM readings")), 21.5);
    EXPECT_EQ(found_by_next(mapping).cursor, (Cursor{1, 0}));
}

TEST_P(SinkContract, bytes_make_a_key_and_are_compared_and_shown) {
    const auto mapping = mapping_of({{"all", "frames", {{"k", "bytes"}, {"v", "bytes"}}, {"k"}}});
    auto sink = connected(mapping);
    const std::string_view key("\x00\x01", 2);
    ASSERT_TRUE(BatchUnderTest().add({bytes(key), bytes("\xFF\x01")}).write_to(*sink));
    const auto same = BatchUnderTest(1).add({bytes(key), bytes("\xFF\x01")}).write_to(*sink);
    ASSERT_TRUE(same) << why(same);
    EXPECT_EQ(same->duplicate[0], 1U);
    const auto other = BatchUnderTest(2).add({bytes(key), bytes("\xFF\x02")}).write_to(*sink);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().message,
            "another reading has this key: (k) = (\\x0001): stored v = \\xff01, this reading v = "
            "\\xff02");
}

TEST_P(SinkContract, all_rows_whose_keys_are_taken_are_named_at_once_and_the_rest_can_be_written) {
    const auto mapping = readings({"device"});
    auto sink = connected(mapping);
    ASSERT_TRUE(BatchUnderTest().add({text("a"), real(1)}).write_to(*sink));
    BatchUnderTest batch(1);
    batch.add({text("b"), real(1)}).add({text("a"), real(2)}).add({text("c"), real(1.5)});
    batch.add({text("a"), real(1)}).add({text("c"), Value()}).add({text("a"), real(3)});
    const auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    ASSERT_EQ(written.error().rows.size(), 3U) << why(written);
    EXPECT_EQ(written.error().rows[0].row, 1U);
    EXPECT_EQ(written.error().row, 1U);
    EXPECT_EQ(written.error().message, written.error().rows[0].message);
    EXPECT_EQ(written.error().rows[1].row, 4U);
    EXPECT_EQ(written.error().rows[1].message,
            "another reading has this key: (device) = (\"c\"): stored temperature = 1.5, this "
            "reading temperature = NULL");
    EXPECT_EQ(written.error().rows[2].row, 5U);
    EXPECT_EQ(written.error().rows[2].code, kKeyConflict);
    EXPECT_EQ(count("readings"), 1U);
    ASSERT_TRUE(sink->write(batch.rows(), 2, 4, {{5, 0}, {}}));
    EXPECT_EQ(count("readings"), 2U);
}

TEST_P(SinkContract, a_reading_that_comes_again_later_is_a_duplicate) {
    const auto mapping = mapping_of({{"reading", "readings",
        {{"device", "text"}, {"t", "double"}, {"at", "received"}}, {"device"}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1), timestamp(kLeapDay)});
    batch.add({text("a"), real(1), timestamp(kLeapDay + 7)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

TEST_P(SinkContract, a_time_of_receipt_in_the_key_tells_readings_apart) {
    const auto mapping =
            mapping_of({{"reading", "readings", {{"t", "double"}, {"at", "received"}}, {"at"}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({real(1), timestamp(kLeapDay)}).add({real(1), timestamp(kLeapDay + 1)});
    batch.add({real(1), timestamp(kLeapDay)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

TEST_P(SinkContract, cells_of_every_type_are_compared) {
    const auto mapping = mapping_of({{"all", "everything",
        {{"i", "integer"}, {"r", "double"}, {"d", "decimal"}, {"t", "text"}, {"b", "boolean"},
            {"w", "timestamp"}, {"j", "json"}},
        {"i"}}});
    const std::vector<Value> cells = {integer(1), real(-0.1), decimal("12.125"),
        text("grüße '\"\\;:%"), boolean(true), timestamp(kLeapDay), json(R"({"a":[1,"ü"]})")};
    const std::vector<Value> others = {integer(1), real(-0.2), decimal("12.126"),
        text("Grüße '\"\\;:%"), boolean(false), timestamp(kLeapDay + 1), json(R"({"a":[2,"ü"]})")};
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add_cells(cells).add_cells(cells);
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->duplicate[0], 1U);
    for (std::size_t i = 1; i < cells.size(); ++i) {
        for (const Value& other : {others[i], Value()}) {
            std::vector<Value> changed = cells;
            changed[i] = other;
            written = BatchUnderTest(2).add_cells(changed).write_to(*sink);
            ASSERT_FALSE(written) << "column " << i;
            EXPECT_EQ(written.error().code, kKeyConflict) << why(written);
        }
    }
}

TEST_P(SinkContract, a_key_that_takes_capitals_for_small_letters_is_warned_of) {
    if (kind().scheme != "sqlite") {
        GTEST_SKIP() << "tested with the database's own collations";
    }
    database().execute("CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, v REAL)");
    const auto mapping = mapping_of({{"r", "t", {{"id", "text"}, {"v", "double"}}, {"id"}}});
    const auto lines = unconnected()->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_TRUE(lines->front().starts_with(
            "table t: fits; warning: the key's column id has the collation NOCASE, which takes "
            "different names for the same"))
            << lines->front();
    auto sink = connected(mapping);
    const auto written =
            BatchUnderTest().add({text("a"), real(1)}).add({text("A"), real(1)}).write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, kKeyConflict) << why(written);
}

TEST_P(SinkContract, what_a_column_rounds_is_no_difference) {
    for (const std::string type : {"float", "real"}) {
        const std::string table = "t_" + type;
        database().execute(
                fmt::format("CREATE TABLE {} (device varchar(9) PRIMARY KEY, t {})", table, type));
        const auto mapping =
                mapping_of({{"r", table, {{"device", "text"}, {"t", "double"}}, {"device"}}});
        auto sink = unconnected();
        ASSERT_TRUE(sink->connect({kLane.journal, table}, mapping));
        BatchUnderTest batch;
        batch.add({text("a"), real(21.3)}).add({text("a"), real(21.3)});
        const auto written = batch.write_to(*sink);
        ASSERT_TRUE(written) << why(written);
        EXPECT_EQ(written->duplicate[0], 1U);
    }
}

TEST_P(SinkContract, payload_text_in_the_message_is_short) {
    const auto mapping = mapping_of({{"r", "t", {{"device", "text"}, {"v", "text"}}, {"device"}}});
    auto sink = connected(mapping);
    const std::string long_text(100'000, 'x');
    const std::string longer_text = long_text + "y";
    BatchUnderTest batch;
    batch.add({text("a"), text(long_text)}).add({text("a"), text(longer_text)});
    const auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, kKeyConflict) << why(written);
    EXPECT_LT(written.error().message.size(), 400U);
}

TEST_P(SinkContract, thousands_of_duplicates_are_counted) {
    const auto mapping = readings({"device"});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    std::vector<std::string> devices;
    devices.reserve(3'000);
    for (int i = 0; i < 3'000; ++i) {
        devices.push_back("device " + std::to_string(i));
    }
    for (int i = 0; i < 3'000; ++i) {
        batch.add({text(devices[static_cast<std::size_t>(i)]), real(i)});
    }
    ASSERT_TRUE(batch.write_to(*sink));
    const auto again = batch.write_to(*sink);
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->duplicate[0], 3'000U);
    EXPECT_EQ(again->stored[0], 0U);
}

}  // namespace foz::sink
