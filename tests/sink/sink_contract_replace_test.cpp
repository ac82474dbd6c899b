// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about routes with on_duplicate = "replace": the last reading of
// a key is what is stored, and the counts still add up to the rows of the table.
#include "tests/sink/database_under_test.h"

namespace foz::sink {

namespace {

const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"device", "text"}, {"temperature", "double"}, {"at", "received"}};

RouteUnderTest latest(std::string name = "r", std::string table = "latest") {
    return {std::move(name), std::move(table), kColumns, {"device"}, config::OnDuplicate::replace};
}

}  // namespace

TEST_P(SinkContract, the_last_reading_of_a_key_replaces_the_one_before) {
    const auto mapping = mapping_of({latest()});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("b"), real(1), timestamp(kLeapDay)});
    batch.add({text("a"), real(1), timestamp(kLeapDay)});
    batch.add({text("a"), real(2), timestamp(kLeapDay + 1)});
    batch.add({text("a"), real(3), timestamp(kLeapDay + 2)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 2U);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM latest WHERE device = 'a'")), 3);
    BatchUnderTest more(4);
    more.add({text("a"), real(9), timestamp(kLeapDay)});
    more.add({text("c"), real(5), timestamp(kLeapDay)});
    more.add({text("a"), {}, timestamp(kLeapDay + 3)});
    more.add({text("b"), real(1), timestamp(kLeapDay)});  // the same again
    written = more.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 3U);
    EXPECT_EQ(count("latest"), 3U);
    EXPECT_EQ(one_cell("SELECT count(*) FROM latest WHERE device = 'a' AND temperature IS NULL"),
            "1");
    const Connected found = found_by_next(mapping);
    ASSERT_EQ(found.ledger.size(), 1U);
    EXPECT_EQ(found.ledger[0].stored, 3U);
    EXPECT_EQ(found.ledger[0].duplicate, 5U);
    EXPECT_EQ(found.cursor, (Cursor{8, 0}));
}

TEST_P(SinkContract, other_tables_of_the_write_keep_their_own_rule) {
    const auto mapping = mapping_of({latest(), {"h", "history", kColumns, {}},
        {"k", "kept", {{"device", "text"}, {"temperature", "double"}}, {"device"}}, latest("s")});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    for (int i = 0; i < 3; ++i) {
        batch.add({text("a"), real(i), timestamp(kLeapDay)}, 0);
        batch.add({text("a"), real(i), timestamp(kLeapDay)}, 1);
        batch.add({text("a"), real(7)}, 2);
        batch.add({text("a"), real(10 + i), timestamp(kLeapDay)}, 3);
    }
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0] + written->stored[3], 1U);
    EXPECT_EQ(written->duplicate[0] + written->duplicate[3], 5U);
    EXPECT_EQ(written->stored[1], 3U);
    EXPECT_EQ(written->stored[2], 1U);
    EXPECT_EQ(written->duplicate[2], 2U);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM latest")), 12);
    BatchUnderTest other(12);
    other.add({text("a"), real(8)}, 2);
    other.add({text("a"), real(1), timestamp(kLeapDay)}, 0);
    const auto refused = other.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, kKeyConflict) << why(refused);
    EXPECT_EQ(refused.error().row, 0U) << why(refused);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM latest")), 12);
}

TEST_P(SinkContract, a_dead_letter_does_not_replace_what_has_come_since) {
    const auto mapping = mapping_of({latest()});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(2), timestamp(kLeapDay)});
    ASSERT_TRUE(batch.write_to(*sink));
    auto replay = unconnected();
    ASSERT_TRUE(replay->connect({kLane.journal, "dead"}, mapping));
    BatchUnderTest letter;
    letter.add({text("a"), real(1), timestamp(kLeapDay)});
    const auto refused = letter.write_to(*replay);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, kKeyConflict) << why(refused);
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM latest")), 2);
}

TEST_P(SinkContract, what_the_reading_lacks_keeps_the_order_and_its_defaults) {
    database().execute(
            fmt::format("CREATE TABLE latest (time {} NOT NULL, d varchar(20) NOT NULL UNIQUE, "
                        "level integer, place varchar(20) DEFAULT 'attic')",
                    kind().dialect().type_name(mapping::ColumnType::timestamp)));
    auto mapping = mapping_of({{"+/x", "latest", {}, {"time"}, config::OnDuplicate::replace}});
    mapping::Table& table = *mapping.tables()[0];
    table.key = {"d"};
    auto found = unconnected()->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(table, found->tables[0].columns));
    auto sink = connected(mapping);
    const auto row = [&](int level, std::string_view place) {
        return std::vector<mapping::Value>{timestamp(kLeapDay), text("a"), integer(level),
            place.empty() ? mapping::Value() : text(place)};
    };
    BatchUnderTest batch;
    batch.add_cells(row(1, "")).add_cells(row(2, "hall")).add_cells(row(3, ""));
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 2U);
    EXPECT_EQ(one_cell("SELECT level FROM latest"), "3");
    EXPECT_EQ(one_cell("SELECT place FROM latest"), "hall");
}

TEST_P(SinkContract, a_clash_with_another_unique_index_is_refused_and_replaces_nothing) {
    database().execute(
            "CREATE TABLE latest (device varchar(20) NOT NULL UNIQUE, serial integer UNIQUE)");
    const auto mapping = mapping_of({{"r", "latest", {{"device", "text"}, {"serial", "integer"}},
        {"device"}, config::OnDuplicate::replace}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), integer(1)}).add({text("b"), integer(2)}).add({text("a"), integer(3)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
    for (const std::string_view device : {"a", "c"}) {
        BatchUnderTest other(3);
        other.add({text(device), integer(2)});
        const auto refused = other.write_to(*sink);
        ASSERT_FALSE(refused) << device;
        EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    }
    EXPECT_EQ(one_cell("SELECT serial FROM latest WHERE device = 'a'"), "3");
    EXPECT_EQ(count("latest"), 2U);
}

TEST_P(SinkContract, a_table_of_nothing_but_its_key_can_replace_too) {
    const auto mapping = mapping_of(
            {{"r", "seen", {{"device", "text"}}, {"device"}, config::OnDuplicate::replace}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a")}).add({text("a")}).add({text("b")});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

}  // namespace foz::sink
