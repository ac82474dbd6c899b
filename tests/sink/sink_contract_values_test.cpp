// SPDX-License-Identifier: Apache-2.0
// The part of the contract that is about values which an existing column cannot hold whole: the row
// is refused, unless the column's owner has chosen that the database rounds.
#include "config/settings_parser.h"
#include "tests/sink/database_under_test.h"

namespace foz::sink {

using mapping::Value;

namespace {

constexpr std::int64_t kSecond = 1'709'251'199'000'000;

struct Attempt {
    std::string column_type;  // in the database
    std::string type;         // in the route
    Value value;
    bool fits = false;
};

/// One row with `attempt.value` in column v of a table made for it.
SinkResult<Written> store(
        DatabaseUnderTest& database, const SinkKind& kind, const Attempt& attempt, bool rounds) {
    database.execute("DROP TABLE IF EXISTS narrow");
    database.execute("CREATE TABLE narrow (v " + attempt.column_type + ")");
    auto mapping = mapping_of({{"r", "narrow", {{"v", attempt.type}}, {}}});
    mapping.tables()[0]->columns[0].rounds = rounds;
    auto sink = sink_for(kind, database.url());
    static int lanes = 0;
    const LaneName lane{"journal-1", "values-" + std::to_string(lanes++)};
    if (auto there = sink->connect(lane, mapping); !there) {
        return pass_on(there);
    }
    BatchUnderTest batch;
    batch.add({attempt.value});
    return batch.write_to(*sink);
}

std::vector<Attempt> attempts_for(std::string_view database) {
    constexpr std::int64_t kOdd = 9'007'199'254'740'993;
    if (database == "SQLite") {
        return {
            {"STRING", "text", text("0012"), false},
            {"STRING", "text", text(" 12 "), false},
            {"STRING", "text", text("1e5"), false},
            {"STRING", "text", text("23.10"), false},
            {"STRING", "text", text("+12"), false},
            {"STRING", "text", text("12345678901234567890"), false},
            {"STRING", "text", text("12"), true},
            {"STRING", "text", text("23.5"), true},
            {"STRING", "text", text("kitchen"), true},
            {"STRING", "text", text("12 kWh"), true},
            {"VARCHAR(20)", "text", text("0012"), true},
            {"REAL", "integer", integer(kOdd), false},
            {"REAL", "integer", integer(kOdd - 1), true},
            {"NUMERIC", "decimal", decimal("123456789012345678901234567890"), false},
            {"NUMERIC", "decimal", decimal("0.12345678901234567890"), false},
            {"NUMERIC", "decimal", decimal("12.50"), true},
            {"NUMERIC", "decimal", decimal("9007199254740993"), true},
            {"REAL", "decimal", decimal("9007199254740993"), false},
        };
    }
    const bool postgres = database == "PostgreSQL";
    const std::string single = postgres ? "real" : "float";
    const std::string seconds = postgres ? "timestamptz(0)" : "datetime";
    const std::string millis = postgres ? "timestamp(3)" : "datetime(3)";
    return {
        {seconds, "timestamp", timestamp(kSecond + 1), false},
        {seconds, "timestamp", timestamp(kSecond), true},
        {millis, "timestamp", timestamp(kSecond + 1), false},
        {millis, "timestamp", timestamp(kSecond + 1000), true},
        {"numeric(4,1)", "decimal", decimal("21.25"), false},
        {"numeric(4,1)", "decimal", decimal("21.50"), true},
        {"numeric(4,1)", "double", real(21.25), false},
        {"numeric(4,1)", "double", real(21.3), true},
        {"numeric(40,30)", "decimal", decimal("0.1234567890123456789012345678901"), false},
        {single, "double", real(21.123456789), false},
        {single, "double", real(21.3), true},
        {single, "integer", integer(16'777'217), false},
        {single, "integer", integer(16'777'216), true},
        {"double precision", "integer", integer(kOdd), false},
        {"double precision", "integer", integer(-kOdd), false},
        {"double precision", "integer", integer(kOdd - 1), true},
        {"double precision", "decimal", decimal("9007199254740993"), false},
    };
}

}  // namespace

TEST_P(SinkContract, a_value_that_its_column_would_change_is_refused_with_the_way_out) {
    for (const Attempt& attempt : attempts_for(kind().dialect().name())) {
        const auto written = store(database(), kind(), attempt, false);
        SCOPED_TRACE(attempt.column_type + " " + attempt.type);
        if (attempt.fits) {
            EXPECT_TRUE(written) << why(written);
            continue;
        }
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
        EXPECT_EQ(written.error().row, 0U);
        EXPECT_NE(written.error().message.find("round = true"), std::string::npos) << why(written);
        EXPECT_NE(written.error().message.find("column v"), std::string::npos) << why(written);
    }
}

TEST_P(SinkContract, a_column_that_rounds_stores_what_the_database_makes_of_the_value) {
    for (const Attempt& attempt : attempts_for(kind().dialect().name())) {
        SCOPED_TRACE(attempt.column_type + " " + attempt.type);
        const auto written = store(database(), kind(), attempt, true);
        EXPECT_TRUE(written) << why(written);
        EXPECT_EQ(count("narrow"), 1U);
    }
}

TEST_P(SinkContract, integers_that_a_double_would_round_keep_their_column_from_being_widened) {
    database().execute("CREATE TABLE readings (time " +
                       std::string(kind().dialect().type_name(mapping::ColumnType::timestamp)) +
                       ", id bigint)");
    database().execute("INSERT INTO readings (id) VALUES (9007199254740993)");
    auto mapping = mapping_of({{"reading", "readings", {}, {}}});
    mapping::Table& table = *mapping.tables()[0];
    auto sink = connected(mapping);
    table.columns.push_back({"id", mapping::ColumnType::real, true});
    ++table.version;
    auto extended = sink->extend(table);
    ASSERT_TRUE(extended) << why(extended);
    EXPECT_EQ(one_cell("SELECT id FROM readings"), "9007199254740993");
    if (kind().scheme == "sqlite") {
        return;  // its columns take both
    }
    ASSERT_EQ(extended->refused.size(), 1U);
    EXPECT_EQ(extended->refused[0].column, "id");
    EXPECT_NE(extended->refused[0].reason.find("2^53"), std::string::npos);
}

TEST_P(SinkContract, a_column_of_whole_seconds_is_warned_of_by_inspect) {
    if (kind().scheme == "sqlite") {
        GTEST_SKIP() << "SQLite stores a time as text";
    }
    const bool postgres = kind().dialect().name() == "PostgreSQL";
    database().execute(std::string("CREATE TABLE seconds (v ") +
                       (postgres ? "timestamp(0)" : "datetime") + ")");
    const auto mapping = mapping_of({{"r", "seconds", {{"v", "timestamp"}}, {}}});
    auto sink = unconnected();
    auto lines = sink->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_NE(lines->at(0).find("fits; warning: column v"), std::string::npos) << lines->at(0);
    EXPECT_NE(lines->at(0).find("ALTER TABLE"), std::string::npos) << lines->at(0);
    mapping.tables()[0]->columns[0].rounds = true;
    lines = sink->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_EQ(lines->at(0).find("warning"), std::string::npos) << lines->at(0);
}

TEST_P(SinkContract, the_time_of_receipt_of_an_inferred_table_may_be_cut_with_a_warning) {
    if (kind().scheme == "sqlite") {
        GTEST_SKIP() << "SQLite stores a time as text";
    }
    const bool postgres = kind().dialect().name() == "PostgreSQL";
    database().execute(std::string("CREATE TABLE readings (time ") +
                       (postgres ? "timestamp(0)" : "datetime") + ")");
    const auto mapping = mapping_of({{"r", "readings", {}, {}}});
    auto lines = unconnected()->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_NE(lines->at(0).find("the time of receipt loses it"), std::string::npos) << lines->at(0);
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({timestamp(kSecond + 1)});
    auto written = batch.write_to(*sink);
    EXPECT_TRUE(written) << why(written);
}

TEST_P(SinkContract, round_in_a_configuration_file_lets_mapping_and_database_round) {
    const std::string_view name = kind().dialect().name();
    const std::string time = name == "PostgreSQL" ? "timestamptz(0)"
                             : name == "SQLite"   ? "TIMESTAMP_TEXT"
                                                  : "datetime";
    const std::string real = name == "PostgreSQL" ? "real" : name == "SQLite" ? "REAL" : "float";
    for (const bool rounds : {false, true}) {
        SCOPED_TRACE(rounds);
        database().execute("DROP TABLE IF EXISTS narrow");
        database().execute(
                "CREATE TABLE narrow (at " + time + ", f " + real + ", id double precision)");
        const std::string round = rounds ? ", round = true" : "";
        const auto settings = config::parse_settings(
                "[database.db]\nurl = \"" + database().url() +
                        "\"\n[[route]]\ntopic = \"r\"\ntable = \"narrow\"\n[route.columns]\n"
                        "at = { field = \"at\", type = \"timestamp\"" +
                        round + " }\nf = { field = \"f\"" + round + " }\nid = { field = \"id\"" +
                        round + " }\n",
                "foz.toml");
        ASSERT_TRUE(settings);
        auto mapping = mapping::Mapping::compile(*settings, "db");
        ASSERT_TRUE(mapping) << mapping.error().message;
        auto sink = unconnected();
        const auto found = sink->connect({"journal-1", rounds ? "rounds" : "exact"}, *mapping);
        ASSERT_TRUE(found) << why(found);
        const auto store = [&](std::string payload) {
            mapping::RowBatch rows;
            const std::size_t size = payload.size();
            payload.resize(size + 64);
            mqtt::Message message;
            message.topic = "r";
            message.payload = std::string_view(payload).substr(0, size);
            mapping->map(message, 0, rows);
            static std::uint64_t next = 0;
            return !rows.rows().empty() && sink->write(rows, 0, 1, {{++next, 0}, {}}).has_value();
        };
        EXPECT_TRUE(store(R"({"at": "2026-01-31T10:00:00Z", "f": 1.5, "id": 7})"));
        EXPECT_EQ(store(R"({"id": 9007199254740993})"), rounds);  // the mapping's to round
        if (name != "SQLite") {                                   // the database's
            EXPECT_EQ(store(R"({"f": 21.123456789})"), rounds);
            EXPECT_EQ(store(R"({"at": "2026-01-31T10:00:00.4Z"})"), rounds);
        }
    }
}

TEST_P(SinkContract, an_id_of_zero_stays_zero) {
    const std::string_view name = kind().dialect().name();
    database().execute(name == "PostgreSQL" ? "CREATE TABLE numbered (id bigserial PRIMARY KEY)"
                       : name == "SQLite"
                               ? "CREATE TABLE numbered (id INTEGER PRIMARY KEY)"
                               : "CREATE TABLE numbered (id bigint AUTO_INCREMENT PRIMARY KEY)");
    const auto mapping = mapping_of({{"r", "numbered", {{"id", "integer"}}, {}}});
    auto sink = connected(mapping);
    BatchUnderTest batch;
    batch.add({integer(0)});
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(one_cell("SELECT id FROM numbered"), "0");
}

}  // namespace foz::sink
