// SPDX-License-Identifier: Apache-2.0
// What every sink has to keep, once for each kind of database (database_under_test.h).
#include "tests/sink/database_under_test.h"

namespace foz::sink {

using mapping::ColumnType;
using mapping::Value;

namespace {

// What no text may hold, and what means something to somebody.
constexpr std::string_view kSomeBytes("\x00\xFF\x80'\n\\", 6);

std::string without_spaces(std::string text) {
    std::erase(text, ' ');
    return text;
}

}  // namespace

TEST_P(SinkContract, a_new_lane_starts_at_the_beginning_and_the_missing_table_is_created) {
    const auto mapping = readings();
    const Connected found = found_by_next(mapping);
    EXPECT_EQ(found.cursor, Cursor{});
    EXPECT_TRUE(found.ledger.empty());
    EXPECT_EQ(count("readings"), 0U);
}

TEST_P(SinkContract, rows_of_every_type_come_back_as_they_went_in) {
    const auto mapping = mapping_of({{"all", "everything",
        {{"i", "integer"}, {"r", "double"}, {"d", "decimal"}, {"t", "text"}, {"b", "boolean"},
            {"w", "timestamp"}, {"j", "json"}, {"x", "bytes"}},
        {}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({integer(INT64_MIN), real(-0.1), decimal("12345678901234567890.125"),
        text("grüße \\ \t'\" \n€"), boolean(true), timestamp(kLeapDay), json(R"({"a":[1,"ü"]})"),
        bytes(kSomeBytes)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    const auto cell = [&](std::string_view name, ColumnType type) {
        return one_cell("SELECT " + database().as_text(type, quoted(name)) + " FROM " +
                        quoted("everything"));
    };
    EXPECT_EQ(cell("i", ColumnType::integer), std::to_string(INT64_MIN));
    EXPECT_EQ(std::stod(cell("r", ColumnType::real)), -0.1);
    // A database may show a decimal with the zeros of its column's scale.
    EXPECT_EQ(cell("d", ColumnType::decimal).substr(0, 24), "12345678901234567890.125");
    EXPECT_EQ(cell("t", ColumnType::text), "grüße \\ \t'\" \n€");
    EXPECT_EQ(cell("b", ColumnType::boolean), "1");
    EXPECT_EQ(cell("w", ColumnType::timestamp), "2024-02-29 23:59:59.000001");
    EXPECT_EQ(without_spaces(cell("j", ColumnType::json)), R"({"a":[1,"ü"]})");
    EXPECT_EQ(cell("x", ColumnType::bytes), "00FF80270A5C");
}

TEST_P(SinkContract, null_and_missing_cells_are_null) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a")}).add({Value(), real(1)});
    ASSERT_TRUE(batch.write_to(*sink));
    EXPECT_EQ(count("readings"), 2U);
    EXPECT_EQ(one_cell("SELECT temperature FROM readings WHERE device = 'a'"), "NULL");
    EXPECT_EQ(one_cell("SELECT device FROM readings WHERE temperature = 1"), "NULL");
}

TEST_P(SinkContract, an_integer_may_stand_in_a_real_column) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), integer(23)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM readings")), 23.0);
}

TEST_P(SinkContract, the_next_connection_reads_cursor_and_ledger_back) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch(7);
    batch.add({text("a"), real(1)}).add({text("b"), real(2)});
    auto written = sink->write(batch.rows(), 0, 2, {{9, 3}, {5}});
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, std::vector<std::uint64_t>{2});
    sink->close();
    const Connected found = found_by_next(mapping);
    EXPECT_EQ(found.cursor, (Cursor{9, 3}));
    ASSERT_EQ(found.ledger.size(), 1U);
    EXPECT_EQ(found.ledger[0].route, "reading");
    EXPECT_EQ(found.ledger[0].stored, 2U);
    EXPECT_EQ(found.ledger[0].duplicate, 0U);
    EXPECT_EQ(found.ledger[0].dead, 5);
}

TEST_P(SinkContract, the_ledger_adds_up_over_writes_and_takes_dead_letters_back) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    ASSERT_TRUE(sink->write(batch.rows(), 0, 1, {{1, 0}, {2}}));
    ASSERT_TRUE(sink->write(batch.rows(), 0, 1, {{2, 0}, {-3}}));
    ASSERT_TRUE(sink->write(batch.rows(), 0, 0, {{3, 0}, {}}));  // a cursor alone
    const Connected found = found_by_next(mapping);
    EXPECT_EQ(found.cursor, (Cursor{3, 0}));
    ASSERT_EQ(found.ledger.size(), 1U);
    EXPECT_EQ(found.ledger[0].stored, 2U);
    EXPECT_EQ(found.ledger[0].dead, -1);
}

TEST_P(SinkContract, only_the_rows_asked_for_are_written) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    for (const char* device : {"a", "b", "c", "d"}) {
        batch.add({text(device), real(1)});
    }
    ASSERT_TRUE(sink->write(batch.rows(), 1, 3, {{3, 0}, {}}));
    EXPECT_EQ(one_cell("SELECT min(device) FROM readings"), "b");
    EXPECT_EQ(one_cell("SELECT max(device) FROM readings"), "c");
    EXPECT_EQ(count("readings"), 2U);
}

TEST_P(SinkContract, rows_of_several_routes_go_to_their_tables_in_one_transaction) {
    const auto mapping = mapping_of(
            {{"one", "ones", {{"v", "integer"}}, {}}, {"two", "twos", {{"v", "integer"}}, {}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({integer(1)}, 0).add({integer(2)}, 1).add({integer(3)}, 0);
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, (std::vector<std::uint64_t>{2, 1}));
    EXPECT_EQ(count("ones"), 2U);
    EXPECT_EQ(count("twos"), 1U);
}

TEST_P(SinkContract, rows_whose_key_is_there_are_counted_as_duplicates) {
    const auto mapping = readings({"device"});
    auto sink = connected(mapping);
    BatchUnderTest first;
    first.add({text("a"), real(1)}).add({text("b"), real(2)});
    ASSERT_TRUE(first.write_to(*sink));
    BatchUnderTest second(2);
    second.add({text("b"), real(2)}).add({text("c"), real(3)}).add({text("c"), real(3)});
    auto written = second.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, std::vector<std::uint64_t>{1});
    EXPECT_EQ(written->duplicate, std::vector<std::uint64_t>{2});
    EXPECT_EQ(count("readings"), 3U);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM readings WHERE device = 'b'")), 2.0);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM readings WHERE device = 'c'")), 3.0);
    EXPECT_EQ(found_by_next(mapping).ledger.at(0).duplicate, 2U);
}

TEST_P(SinkContract, duplicates_are_counted_for_each_route_within_a_write_and_across_writes) {
    const std::vector<std::pair<std::string, std::string>> columns = {
        {"id", "text"}, {"v", "text"}};
    const auto mapping = mapping_of(
            {{"a", "t", columns, {"id"}}, {"b", "t", columns, {"id"}}, {"c", "free", columns, {}}});
    auto sink = connected(mapping);
    ASSERT_TRUE(BatchUnderTest().add({text("x"), text("first")}).write_to(*sink));
    BatchUnderTest batch(1);
    batch.add({text("y"), text("b")}, 1)
            .add({text("y"), text("b")}, 0)
            .add({text("x"), text("first")}, 1);
    batch.add({text("z"), text("a")}, 0)
            .add({text("z"), text("a")}, 1)
            .add({text("z"), text("a")}, 0);
    batch.add({text("Z"), text("capital")}, 0).add({text("z "), text("space")}, 0);
    batch.add({text("z"), text("c")}, 2).add({text("z"), text("c")}, 2);
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, (std::vector<std::uint64_t>{3, 1, 2}));
    EXPECT_EQ(written->duplicate, (std::vector<std::uint64_t>{2, 2, 0}));
    EXPECT_EQ(count("t"), 5U);
    EXPECT_EQ(count("free"), 2U);
    const auto ledger_of = [&](const std::string& route) {
        return database().query(
                "SELECT stored, duplicate, dead FROM foz_ledger WHERE route = '" + route + "'");
    };
    using Rows = DatabaseUnderTest::Rows;
    EXPECT_EQ(ledger_of("a"), (Rows{{"4", "2", "0"}}));
    EXPECT_EQ(ledger_of("b"), (Rows{{"1", "2", "0"}}));
    EXPECT_EQ(ledger_of("c"), (Rows{{"2", "0", "0"}}));
}

TEST_P(SinkContract, two_that_write_the_same_lane_do_not_write_twice) {
    const auto mapping = readings();
    auto one = connected(mapping);
    auto other = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    ASSERT_TRUE(batch.write_to(*one));
    const auto second = batch.write_to(*other);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().failure, FailureKind::reconnect) << why(second);
    EXPECT_EQ(count("readings"), 1U);
}

TEST_P(SinkContract, a_refused_row_leaves_nothing_and_the_cursor_where_it_was) {
    database().execute("CREATE TABLE readings (device varchar(200), temperature float NOT NULL)");
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest good;
    good.add({text("a"), real(1)});
    ASSERT_TRUE(good.write_to(*sink));
    BatchUnderTest batch(1);
    batch.add({text("b"), real(1)}).add({text("c"), Value()}).add({text("d"), real(1)});
    auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
    EXPECT_TRUE(!written.error().row || written.error().row == 1U);
    EXPECT_FALSE(written.error().code.empty());
    EXPECT_EQ(count("readings"), 1U);
    // The connection goes on working, and the rest can be written.
    ASSERT_TRUE(sink->write(batch.rows(), 0, 1, {{2, 0}, {}}));
    auto alone = sink->write(batch.rows(), 1, 2, {{3, 0}, {}});
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().failure, FailureKind::refused);
    ASSERT_TRUE(sink->write(batch.rows(), 2, 3, {{4, 0}, {1}}));
    const Connected found = found_by_next(mapping);
    EXPECT_EQ(found.cursor, (Cursor{4, 0}));
    EXPECT_EQ(found.ledger.at(0).stored, 3U);
    EXPECT_EQ(found.ledger.at(0).dead, 1);
}

TEST_P(SinkContract, a_null_in_the_key_is_refused) {
    const auto mapping = readings({"device"});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({Value(), real(1)});
    auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
}

TEST_P(SinkContract, text_that_is_too_long_is_refused) {
    const auto type = database().short_text_type();
    if (!type) {
        GTEST_SKIP() << "this kind of database does not limit text";
    }
    database().execute("CREATE TABLE readings (device " + *type + ", temperature float)");
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("12345"), real(1)}).add({text("123456"), real(1)});
    auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
    EXPECT_EQ(count("readings"), 0U);
}

TEST_P(SinkContract, a_nul_character_is_stored_or_refused_alone) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text(std::string_view("a\0b", 3)), real(1)});
    auto written = batch.write_to(*sink);
    if (database().takes_nul_characters()) {
        ASSERT_TRUE(written) << why(written);
        EXPECT_EQ(count("readings"), 1U);
    } else {
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
    }
}

TEST_P(SinkContract, no_name_and_no_value_becomes_sql) {
    const std::string evil = R"(x'); DROP TABLE "readings"; -- \ ` ")";
    const auto mapping = mapping_of({{"reading", "readings", {{"device", "text"}}, {}},
        {"evil'route\"`", "ev\"il`'; DROP TABLE readings; --", {{"c\"o`l'; --", "text"}}, {}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text(evil)}, 0).add({text(evil)}, 1);
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(one_cell("SELECT device FROM readings"), evil);
    EXPECT_EQ(count("ev\"il`'; DROP TABLE readings; --"), 1U);
    const Connected found = found_by_next(mapping);
    EXPECT_EQ(found.ledger.size(), 2U);
}

TEST_P(SinkContract, lanes_and_journals_do_not_touch_each_others_cursors) {
    const auto mapping = readings();
    auto one = connected(mapping);
    auto other = unconnected();
    ASSERT_TRUE(other->connect({"journal-1", "main-1"}, mapping));
    auto third = unconnected();
    ASSERT_TRUE(third->connect({"journal-2", "main-0"}, mapping));
    BatchUnderTest batch(5);
    batch.add({text("a"), real(1)});
    ASSERT_TRUE(batch.write_to(*one));
    ASSERT_TRUE(other->write(batch.rows(), 0, 1, {{8, 0}, {}}));
    EXPECT_EQ(found_by_next(mapping).cursor, (Cursor{6, 0}));
    auto found = third->connect({"journal-2", "main-0"}, mapping);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->cursor, Cursor{});
}

TEST_P(SinkContract, an_audit_sees_all_lanes_and_counts_the_rows) {
    const auto mapping = readings();
    auto before = unconnected()->audit(kLane.journal, mapping.tables());
    ASSERT_TRUE(before) << why(before);
    EXPECT_TRUE(before->lanes.empty());
    EXPECT_EQ(before->rows, std::vector<std::uint64_t>{0});

    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)}).add({text("b"), real(1)});
    ASSERT_TRUE(batch.write_to(*sink));
    auto other = unconnected();
    ASSERT_TRUE(other->connect({kLane.journal, "replay-7"}, mapping));
    ASSERT_TRUE(other->write(batch.rows(), 0, 1, {{9, 0}, {4}}));

    auto audit = unconnected()->audit(kLane.journal, mapping.tables());
    ASSERT_TRUE(audit) << why(audit);
    EXPECT_EQ(audit->rows, std::vector<std::uint64_t>{3});
    ASSERT_EQ(audit->lanes.size(), 2U);
    EXPECT_EQ(audit->lanes[0].lane, "main-0");
    EXPECT_EQ(audit->lanes[0].cursor, (Cursor{2, 0}));
    ASSERT_EQ(audit->lanes[1].ledger.size(), 1U);
    EXPECT_EQ(audit->lanes[1].ledger[0].stored, 1U);
    EXPECT_EQ(audit->lanes[1].ledger[0].dead, 4);
}

TEST_P(SinkContract, rows_are_not_stored_without_their_cursor) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    database().execute("DROP TABLE foz_cursor");
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    const auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().failure, FailureKind::refused) << why(written);
    EXPECT_EQ(count("readings"), 0U);
}

TEST_P(SinkContract, a_cursor_that_another_has_claimed_is_not_moved) {
    const mapping::Mapping mapping = readings();
    const LaneName first{.journal = "journal-1", .lane = "claimed", .writer = "first"};
    const LaneName second{.journal = "journal-1", .lane = "claimed", .writer = "second"};
    const mapping::RowBatch nothing;
    const auto one = unconnected();
    ASSERT_TRUE(one->connect(first, mapping));
    Commit commit{.cursor = {4, 0}, .dead = {0}, .before_commit = {}, .fingerprint = 77};
    ASSERT_TRUE(one->write(nothing, 0, 0, commit));

    const auto other = unconnected();
    const auto found = other->connect(second, mapping);
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(found->mark, (CursorMark{.writer = "first", .fingerprint = 77}));
    ASSERT_TRUE(other->write(nothing, 0, 0, commit));

    BatchUnderTest batch(4);
    batch.add({text("a"), real(1)});
    const auto written = batch.write_to(*one);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::reconnect) << why(written);
    EXPECT_EQ(count("readings"), 0U);
}

TEST_P(SinkContract, the_cursor_table_of_an_older_foz_gets_what_it_lacks) {
    const mapping::Mapping mapping = readings();
    connected(mapping)->close();
    for (const char* column : {"writer", "fingerprint"}) {
        database().execute(std::string("ALTER TABLE foz_cursor DROP COLUMN ") + column);
    }
    const auto before = unconnected();
    const auto audit = before->audit("journal-1", {});
    ASSERT_TRUE(audit) << why(audit);
    ASSERT_EQ(audit->lanes.size(), 1U);
    EXPECT_EQ(audit->lanes[0].mark, CursorMark{});
    EXPECT_EQ(found_by_next(mapping).mark, CursorMark{});
    EXPECT_EQ(one_cell("SELECT fingerprint FROM foz_cursor"), "0");
}

TEST_P(SinkContract, the_cursor_does_not_move_without_the_rows) {
    database().execute("CREATE TABLE readings (device varchar(200), temperature float NOT NULL)");
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest good;
    good.add({text("a"), real(1)});
    ASSERT_TRUE(good.write_to(*sink));
    BatchUnderTest refused(1);
    refused.add({text("b"), Value()});
    ASSERT_FALSE(refused.write_to(*sink));
    sink->close();
    EXPECT_EQ(found_by_next(mapping).cursor, good.commit().cursor);
}

}  // namespace foz::sink
