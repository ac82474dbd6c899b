// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about tables which are there, or change.
#include "tests/sink/database_under_test.h"

namespace foz::sink {

using mapping::ColumnType;
using mapping::Value;

TEST_P(SinkContract, an_existing_table_with_other_columns_is_used_as_it_is) {
    database().execute(
        "CREATE TABLE readings (id integer DEFAULT 7, device varchar(200), temperature float, note "
        "varchar(20))"
    );
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1.5)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(one_cell("SELECT id FROM readings"), "7");
    EXPECT_EQ(std::stod(one_cell("SELECT temperature FROM readings")), 1.5);
}

TEST_P(SinkContract, a_table_that_does_not_fit_is_refused_naming_both_sides) {
    database().execute("CREATE TABLE readings (device varchar(200))");
    const auto mapping = readings();
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, Failure::refused) << why(found);
    EXPECT_NE(found.error().message.find("temperature"), std::string::npos)
        << found.error().message;
    EXPECT_NE(found.error().message.find("readings"), std::string::npos) << found.error().message;
}

TEST_P(SinkContract, a_key_without_a_unique_index_is_refused_at_connect) {
    database().execute("CREATE TABLE readings (device varchar(200), temperature float)");
    const auto mapping = readings({"device"});
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, Failure::refused) << why(found);
    database().execute("CREATE UNIQUE INDEX one_device ON readings (device)");
    auto now = sink->connect(kLane, mapping);
    EXPECT_TRUE(now) << why(now);
}

TEST_P(SinkContract, inspect_changes_nothing_and_says_what_would_be_done) {
    const auto mapping = readings();
    auto sink = unconnected();
    auto lines = sink->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    ASSERT_EQ(lines->size(), 1U);
    EXPECT_NE(lines->at(0).find("readings"), std::string::npos) << lines->at(0);
    EXPECT_ANY_THROW(database().execute("SELECT count(*) FROM readings"));
    EXPECT_ANY_THROW(database().execute("SELECT count(*) FROM foz_cursor"));
}

TEST_P(SinkContract, an_inferred_table_grows_with_the_payload) {
    auto mapping = mapping_of({{"reading", "readings", {}, {}}});
    mapping::Table& table = *mapping.tables()[0];
    ASSERT_TRUE(table.inferred);
    auto sink = connected(mapping);
    table.columns.push_back({"level", ColumnType::integer, true});
    ++table.version;
    auto extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    const auto row = [&](BatchUnderTest& batch, std::initializer_list<Value> last) {
        std::vector<Value> cells(table.columns.size() - last.size());
        cells.insert(cells.end(), last);
        cells[0] = timestamp(kLeapDay);
        batch.add_cells(cells);
    };
    BatchUnderTest first;
    row(first, {integer(1)});
    auto written = first.write_to(*sink);
    ASSERT_TRUE(written) << why(written);

    table.columns.back().type = ColumnType::real;  // widened
    table.columns.push_back({"name", ColumnType::text, true});
    ++table.version;
    extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    extended = sink->extend(table);  // another lane may have been first
    ASSERT_TRUE(extended) << why(extended);
    BatchUnderTest second(1);
    row(second, {real(2.5), text("x")});
    written = second.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(std::stod(one_cell("SELECT max(level) FROM readings")), 2.5);
    EXPECT_EQ(one_cell("SELECT count(*) FROM readings WHERE name = 'x'"), "1");
}

TEST_P(SinkContract, what_a_reading_lacks_is_left_to_the_defaults_of_the_table) {
    database().execute(fmt::format(
        "CREATE TABLE readings (time {} NOT NULL, device varchar(20), place varchar(20) "
        "DEFAULT 'attic', level integer NOT NULL DEFAULT 7, note varchar(20))",
        kind().dialect().type_name(ColumnType::timestamp)
    ));
    auto mapping = mapping_of({{"reading", "readings", {}, {}}});
    const mapping::Table& table = *mapping.tables()[0];
    const Connected found = found_by_next(mapping);
    ASSERT_EQ(found.tables.size(), 1U);
    for (const mapping::Column& column : found.tables[0].columns) {
        EXPECT_EQ(column.has_default, column.name == "place" || column.name == "level")
            << column.name;
    }
    auto adopted = mapping.adopt_columns(table, found.tables[0].columns);
    ASSERT_TRUE(adopted) << adopted.error().message;
    auto sink = connected(mapping);

    BatchUnderTest batch;
    const auto add = [&](std::initializer_list<std::pair<std::string_view, Value>> cells) {
        std::vector<Value> row(table.columns.size());
        for (const auto& [name, value] : cells) {
            row[table.index_of(name).value()] = value;
        }
        batch.add_cells(row);
    };
    add({{"device", text("a")}, {"time", timestamp(kLeapDay)}});
    add({{"device", text("b")}, {"time", timestamp(kLeapDay)}, {"level", integer(1)}});
    add({{"device", text("c")}, {"time", timestamp(kLeapDay)}, {"place", text("hall")}});
    add({{"device", text("d")}, {"time", timestamp(kLeapDay)}, {"note", text("x")}});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, std::vector<std::uint64_t>{4});
    const auto rows =
        database().query("SELECT device, place, level, note FROM readings ORDER BY device");
    using Rows = DatabaseUnderTest::Rows;
    EXPECT_EQ(
        rows,
        (Rows{
            {"a", "attic", "7", std::nullopt},
            {"b", "attic", "1", std::nullopt},
            {"c", "hall", "7", std::nullopt},
            {"d", "attic", "7", "x"},
        })
    );
}

TEST_P(SinkContract, a_table_dropped_under_it_is_a_failure_of_the_schema) {
    const auto mapping = readings();
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    ASSERT_TRUE(batch.write_to(*sink));
    database().execute("DROP TABLE readings");
    BatchUnderTest second(1);
    second.add({text("b"), real(2)});
    auto written = second.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, Failure::schema) << why(written);
    auto again = sink->connect(kLane, mapping);
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->cursor, (Cursor{1, 0}));
    written = second.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(count("readings"), 1U);
}

}  // namespace foz::sink
