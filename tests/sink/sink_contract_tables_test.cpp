// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about tables which are there, or change.
#include "tests/sink/database_under_test.h"

namespace foz::sink {

using mapping::ColumnType;
using mapping::Value;

TEST_P(SinkContract, an_existing_table_with_other_columns_is_used_as_it_is) {
    database().execute(
            "CREATE TABLE readings (id integer DEFAULT 7, device varchar(200), temperature float, "
            "note varchar(20))");
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
    EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
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
    EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
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
            kind().dialect().type_name(ColumnType::timestamp)));
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
    EXPECT_EQ(rows, (Rows{
                        {"a", "attic", "7", std::nullopt},
                        {"b", "attic", "1", std::nullopt},
                        {"c", "hall", "7", std::nullopt},
                        {"d", "attic", "7", "x"},
                    }));
}

TEST_P(SinkContract, a_generated_column_is_refused_to_a_declared_route) {
    database().execute(
            "CREATE TABLE readings (device varchar(20), temperature float GENERATED ALWAYS AS (1) "
            "STORED)");
    const auto mapping = readings();
    auto found = unconnected()->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
    EXPECT_NE(found.error().message.find("temperature"), std::string::npos) << why(found);
    EXPECT_NE(found.error().message.find("generated by the database"), std::string::npos)
            << why(found);
}

TEST_P(SinkContract, a_field_called_like_a_generated_column_is_rejected_and_others_are_stored) {
    database().execute(
            fmt::format("CREATE TABLE readings (time {} NOT NULL, level integer, twice integer "
                        "GENERATED ALWAYS AS (level * 2) STORED)",
                    kind().dialect().type_name(ColumnType::timestamp)));
    auto mapping = mapping_of({{"reading", "readings", {}, {}}});
    mapping::Table& table = *mapping.tables()[0];
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(table, found->tables[0].columns, found->tables[0].refused));
    EXPECT_FALSE(table.index_of("twice"));
    table.columns.push_back({.name = "twice", .type = ColumnType::integer});
    ++table.version;
    auto extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    ASSERT_EQ(extended->refused.size(), 1U);
    EXPECT_EQ(extended->refused[0].column, "twice");
    EXPECT_NE(extended->refused[0].reason.find("generated by the database"), std::string::npos);
    found = sink->connect(kLane, mapping);  // the mapping has it still
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(table, found->tables[0].columns, found->tables[0].refused));
    EXPECT_FALSE(table.index_of("twice"));
    extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    BatchUnderTest batch;
    batch.add({timestamp(kLeapDay), integer(4)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(one_cell("SELECT twice FROM readings"), "8");
}

TEST_P(SinkContract, a_table_whose_name_differs_in_capitals_is_hinted_at) {
    database().execute("CREATE TABLE messwerte (device varchar(20))");
    const auto mapping = mapping_of({{"r", "Messwerte", {{"Device", "text"}}, {}}});
    const auto lines = unconnected()->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    const bool is_another = lines->front().find("will be created") != std::string::npos;
    const bool hinted = lines->front().find("table = \"messwerte\"") != std::string::npos;
    EXPECT_EQ(is_another, hinted) << lines->front();
    EXPECT_EQ(is_another, kind().dialect().name() != "SQLite") << lines->front();
}

TEST_P(SinkContract, capitals_in_a_column_s_name_are_as_the_database_has_it) {
    database().execute("CREATE TABLE readings (Device varchar(20) NOT NULL UNIQUE, Level float)");
    const bool counts =
            kind().dialect().name() == "PostgreSQL";  // which made small letters of them
    const auto mapping =
            mapping_of({{"r", "readings", {{"DEVICE", "text"}, {"level", "double"}}, {"DEVICE"}}});
    auto sink = unconnected();
    const auto found = sink->connect(kLane, mapping);
    if (counts) {
        ASSERT_FALSE(found);
        EXPECT_NE(found.error().message.find(
                          "no column DEVICE, which the route writes; it has device"),
                std::string::npos)
                << why(found);
        return;
    }
    ASSERT_TRUE(found) << why(found);
    BatchUnderTest batch;
    batch.add({text("a"), real(1)}).add({text("a"), real(1)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

TEST_P(SinkContract, an_inferred_route_takes_the_capitals_of_its_first_columns_from_the_table) {
    database().execute(fmt::format("CREATE TABLE readings ({} {}, {} integer)", quoted("Time"),
            kind().dialect().type_name(ColumnType::timestamp), quoted("Level")));
    auto mapping = mapping_of({{"reading", "readings", {}, {}}});
    const mapping::Table& table = *mapping.tables()[0];
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(table, found->tables[0].columns, found->tables[0].refused));
    auto extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    EXPECT_EQ(table.columns.size(), 2U);
    BatchUnderTest batch;
    batch.add({timestamp(kLeapDay), integer(4)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(one_cell("SELECT count(*) FROM readings WHERE " + quoted("Level") + " = 4"), "1");
}

TEST_P(SinkContract, the_field_that_fills_a_column_is_known_to_the_next_process_and_lane) {
    const auto fresh = [] { return mapping_of({{"r", "readings", {}, {}}}); };
    const auto map = [](mapping::Mapping& mapping, std::string payload, mapping::RowBatch& rows) {
        const std::size_t size = payload.size();
        payload.resize(size + 64);
        mqtt::Message message;
        message.topic = "r";
        message.payload = std::string_view(payload).substr(0, size);
        mapping.map(message, 0, rows);
    };
    auto mapping = fresh();
    auto sink = connected(mapping);
    mapping::RowBatch rows;
    map(mapping, R"({"Temp": 1.5, "a": {"b.c": 2}})", rows);
    ASSERT_EQ(rows.rows().size(), 1U);
    auto extended = sink->extend(*mapping.tables()[0]);
    ASSERT_TRUE(extended) << why(extended);
    auto written = sink->write(rows, 0, 1, {{1, 0}, {}});
    ASSERT_TRUE(written) << why(written);
    // Another process, which has seen nothing.
    auto other = fresh();
    mapping::Table& table = *other.tables()[0];
    auto next = unconnected();
    auto found = next->connect({"journal-1", "main-1"}, other);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(other.adopt_columns(table, found->tables[0].columns, found->tables[0].refused));
    mapping::RowBatch others;
    map(other, R"({"temp": 7.5})", others);
    ASSERT_EQ(others.rejections().size(), 1U);
    EXPECT_NE(others.rejections()[0].reason.find("\"Temp\""), std::string::npos)
            << others.rejections()[0].reason;
    map(other, R"({"a_b-c": 3})", others);
    EXPECT_EQ(others.rejections().size(), 2U);
    map(other, R"({"Temp": 2.5})", others);
    EXPECT_EQ(others.rows().size(), 1U);
    // A lane that took the other field before it heard of that.
    auto late = fresh();
    mapping::RowBatch lates;
    map(late, R"({"temp": 9.5})", lates);
    EXPECT_EQ(lates.rows().size(), 1U);
    auto third = unconnected();
    ASSERT_TRUE(third->connect({"journal-1", "main-2"}, late));
    extended = third->extend(*late.tables()[0]);
    ASSERT_TRUE(extended) << why(extended);
    auto changed = late.adopt_columns(*late.tables()[0], extended->columns, extended->refused);
    ASSERT_TRUE(changed);
    EXPECT_TRUE(*changed);
    lates.clear();
    map(late, R"({"temp": 9.5})", lates);
    EXPECT_EQ(lates.rejections().size(), 1U);
    // The table is made anew: nobody owns its columns.
    database().execute("DROP TABLE " + quoted("readings"));
    auto anew = fresh();
    auto last = connected(anew);
    mapping::RowBatch again;
    map(anew, R"({"temp": 1})", again);
    EXPECT_EQ(again.rows().size(), 1U);
    extended = last->extend(*anew.tables()[0]);
    ASSERT_TRUE(extended) << why(extended);
    EXPECT_EQ(one_cell("SELECT field FROM foz_columns WHERE column_name = 'temp'"), "temp");
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
    EXPECT_EQ(written.error().failure, FailureKind::schema) << why(written);
    auto again = sink->connect(kLane, mapping);
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->cursor, (Cursor{1, 0}));
    written = second.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(count("readings"), 1U);
}

}  // namespace foz::sink
