// SPDX-License-Identifier: Apache-2.0
// What the sink for MariaDB does beyond the contract that all sinks keep (sink_contract_test.cpp):
// both with bulk binding and in the way that MySQL 8 needs.
#include "sink/mariadb/mariadb_sink.h"

#include <gtest/gtest.h>

#include "sink/mariadb/url.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/mariadb_under_test.h"

namespace foz::sink::mariadb {
namespace {

class MariadbSinkTest : public testing::TestWithParam<bool> {
  protected:
    MariadbSinkTest() { server().create_database("sinks"); }

    static support::MariadbServer& server() { return running_server(); }
    static std::string query(std::string_view sql) { return server().query(sql, "sinks"); }
    static std::unique_ptr<Sink> make() {
        const SinkOptions options{.url = server().url("sinks"), .password = ""};
        return std::move(*(GetParam() ? kind().make(options) : make_without_bulk(options)));
    }
    std::unique_ptr<Sink> connected(const std::vector<RouteUnderTest>& routes) {
        mapping_.emplace(mapping_of(routes));
        auto sink = make();
        const auto result = sink->connect(kLane, *mapping_);
        EXPECT_TRUE(result) << why(result);
        return sink;
    }
    std::string refusal(const std::vector<RouteUnderTest>& routes) {
        mapping_.emplace(mapping_of(routes));
        const auto result = make()->connect(kLane, *mapping_);
        return result || result.error().failure != FailureKind::blocked ? ""
                                                                        : result.error().message;
    }

  private:
    std::optional<mapping::Mapping> mapping_;
};

TEST_P(MariadbSinkTest, writes_every_type_into_an_existing_table) {
    query("CREATE TABLE t (i1 tinyint, u4 int unsigned, i8 bigint, f4 float, f8 double, n "
          "decimal(65,30), t text, v varchar(5), b boolean, d datetime(6), ts timestamp(6) NULL, j "
          "json) DEFAULT CHARSET utf8mb4");
    auto sink = connected({{"r", "t",
        {{"i1", "integer"}, {"u4", "integer"}, {"i8", "integer"}, {"f4", "double"},
            {"f8", "double"}, {"n", "decimal"}, {"t", "text"}, {"v", "text"}, {"b", "boolean"},
            {"d", "timestamp"}, {"ts", "timestamp"}, {"j", "json"}},
        {}}});
    BatchUnderTest batch;
    batch.add({});
    batch.add({integer(-128), integer(4294967295), integer(INT64_MIN), real(1.5), real(0.1),
        decimal("12345678901234567890123456789012345.12500"), text("água"), text("águas"),
        boolean(true), timestamp(-1), timestamp(1'000'001), json("{\"a\": 1}")});
    batch.add({});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, std::vector<std::uint64_t>{3});
    EXPECT_EQ(query("SET time_zone = '+00:00'; SELECT * FROM t WHERE i1 IS NOT NULL"),
            "-128|4294967295|-9223372036854775808|1.5|0.1|12345678901234567890123456789012345."
            "125000000000000000000000000000|água|águas|1|1969-12-31 23:59:59.999999|1970-01-01 "
            "00:00:01.000001|{\"a\": 1}");
}

TEST_P(MariadbSinkTest, writes_more_rows_than_fit_into_one_statement_or_packet) {
    server().query("SET GLOBAL max_allowed_packet = 1048576", "");
    auto sink = connected({{"r", "t", {{"id", "integer"}, {"v", "text"}}, {"id"}}});
    const std::string filler(500, 'x');
    BatchUnderTest batch;
    for (int i = 0; i < 10'000; ++i) {
        batch.add({integer(i), text(filler)});
    }
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(
            query("SELECT count(*), min(id), max(id), min(length(v)) FROM t"), "10000|0|9999|500");
    const std::string huge(2 << 20, 'x');
    expect_refused(BatchUnderTest(10'000).add({integer(-1), text(huge)}).write_to(*sink), 0,
            "max_allowed_packet");
    server().query("SET GLOBAL max_allowed_packet = 16777216", "");
}

TEST_P(MariadbSinkTest, refuses_the_row_whose_value_does_not_fit_its_column) {
    query("CREATE TABLE t (i int, v varchar(3), n decimal(4,1), s smallint NOT NULL, CHECK (i <> "
          "13)) DEFAULT CHARSET utf8mb4");
    auto sink = connected({{"r", "t",
        {{"i", "integer"}, {"v", "text"}, {"n", "decimal"}, {"s", "integer"}}, {}}});
    const auto after_two = [] {
        BatchUnderTest batch;
        batch.add({integer(1), text("abc"), decimal("1"), integer(1)});
        batch.add({integer(2), text("çãé"), decimal("999.9"), integer(1)});
        return batch;
    };
    expect_refused(after_two().add({integer(3'000'000'000), {}, {}, integer(1)}).write_to(*sink), 2,
            "3000000000 is out of range");
    expect_refused(after_two().add({{}, text("abcd"), {}, integer(1)}).write_to(*sink), 2,
            "varchar(3): 4 characters");
    expect_refused(after_two().add({{}, {}, {}, {}}).write_to(*sink), 2, "may not be null");
    for (const auto& row :
            {BatchUnderTest().add({{}, {}, decimal("12345"), integer(1)}).write_to(*sink),
                after_two().add({integer(13), {}, {}, integer(1)}).write_to(*sink)}) {
        ASSERT_FALSE(row);
        EXPECT_EQ(row.error().failure, FailureKind::refused) << why(row);
    }
    EXPECT_EQ(query("SELECT count(*) FROM t"), "0");
    const auto good = after_two().write_to(*sink);
    EXPECT_TRUE(good) << why(good);
    EXPECT_EQ(query("SELECT * FROM t ORDER BY i"), "1|abc|1.0|1\n2|çãé|999.9|1");
}

TEST_P(MariadbSinkTest, names_all_rows_that_a_trigger_or_a_constraint_refuses) {
    query("CREATE TABLE t (i int, CHECK (i <> 13))");
    query("CREATE TRIGGER picky BEFORE INSERT ON t FOR EACH ROW IF new.i = 7 THEN SIGNAL SQLSTATE "
          "'45000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'no sevens'; END IF");
    auto sink = connected({{"r", "t", {{"i", "integer"}}, {}}});
    BatchUnderTest batch;
    for (int i = 0; i < 200; ++i) {
        batch.add({integer(i == 150 || i == 5 ? 13 : i == 66 ? 7 : 100 + i)});
    }
    const auto refused = batch.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    std::vector<std::size_t> rows;
    for (const RefusedRow& row : refused.error().rows) {
        rows.push_back(row.row);
    }
    EXPECT_EQ(rows, (std::vector<std::size_t>{5, 66, 150})) << why(refused);
    EXPECT_EQ(query("SELECT count(*) FROM t"), "0");
    BatchUnderTest good;
    good.add({integer(1)}).add({integer(2)});
    const auto stored = good.write_to(*sink);
    EXPECT_TRUE(stored) << why(stored);
    EXPECT_EQ(query("SELECT count(*) FROM t"), "2");
}

TEST_P(MariadbSinkTest, refuses_a_row_that_violates_another_unique_index_than_the_key) {
    query("CREATE TABLE t (id bigint PRIMARY KEY, serial varchar(9) UNIQUE)");
    auto sink = connected({{"r", "t", {{"id", "integer"}, {"serial", "text"}}, {"id"}}});
    ASSERT_TRUE(BatchUnderTest().add({integer(1), text("x")}).write_to(*sink));
    const auto duplicate = BatchUnderTest(1).add({integer(1), text("x")}).write_to(*sink);
    ASSERT_TRUE(duplicate) << why(duplicate);
    EXPECT_EQ(duplicate->duplicate[0], 1U);
    const auto other = BatchUnderTest(2).add({integer(1), text("y")}).write_to(*sink);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, kKeyConflict);
    const auto refused = BatchUnderTest(2)
                                 .add({integer(3), text("z")})
                                 .add({integer(2), text("x")})
                                 .write_to(*sink);
    expect_refused(refused, 1, "Duplicate entry 'x' for key 'serial'");
    EXPECT_EQ(query("SELECT * FROM t"), "1|x");
}

TEST_P(MariadbSinkTest, tells_readings_apart_that_a_collation_does_not) {
    query("CREATE TABLE t (id varchar(9) PRIMARY KEY, v varchar(9)) CHARACTER SET utf8mb4 COLLATE "
          "utf8mb4_general_ci");
    auto sink = connected({{"r", "t", {{"id", "text"}, {"v", "text"}}, {"id"}}});
    const auto written = BatchUnderTest()
                                 .add({text("a"), text("x")})
                                 .add({text("a"), text("x")})
                                 .add({text("A"), text("x")})
                                 .add({text("a"), text("X")})
                                 .add({text("a"), text("x ")})
                                 .write_to(*sink);
    ASSERT_FALSE(written);
    // Rows go in by key, and "A" comes before "a".
    ASSERT_EQ(written.error().rows.size(), 4U) << why(written);
    EXPECT_EQ(written.error().rows[0].message,
            "another reading has this key: (id) = (\"a\"): stored id = \"A\", this reading id = "
            "\"a\"");
}

TEST_P(MariadbSinkTest, a_text_with_any_bytes_is_compared_and_shown) {
    auto sink = connected({{"r", "t", {{"id", "text"}, {"v", "text"}, {"w", "text"}}, {"id"}}});
    const std::string_view odd("a;b:\0'\\%c", 9);
    const auto written = BatchUnderTest()
                                 .add({text("a"), text(odd), {}})
                                 .add({text("a"), text(odd), {}})
                                 .add({text("a"), text("1:2;3"), text("w")})
                                 .write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message,
            "another reading has this key: (id) = (\"a\"): stored v = \"a;b:?'\\%c\", w = NULL, "
            "this reading v = \"1:2;3\", w = \"w\"");
}

TEST_P(MariadbSinkTest, counts_duplicates_in_a_table_that_numbers_its_rows) {
    query("CREATE TABLE t (n int AUTO_INCREMENT PRIMARY KEY, id bigint, UNIQUE (id))");
    auto sink = connected({{"r", "t", {{"id", "integer"}}, {"id"}}});
    const auto written =
            BatchUnderTest().add({integer(7)}).add({integer(7)}).add({integer(8)}).write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

TEST_P(MariadbSinkTest, says_why_a_key_does_not_tell_readings_apart) {
    query("CREATE TABLE t (at datetime(3) NOT NULL, id varchar(9) COLLATE utf8mb4_general_ci NOT "
          "NULL, PRIMARY KEY (at, id))");
    const auto lines = make()->inspect(
            mapping_of({{"r", "t", {{"at", "timestamp"}, {"id", "text"}}, {"at", "id"}}}));
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_TRUE(lines->front().ends_with(
            "; warning: the key's column at is datetime(3) and cuts the fraction of a second, so "
            "that readings of one second have the same key; ALTER TABLE `t` MODIFY `at` "
            "datetime(6) NOT NULL; the key's column id has the collation utf8mb4_general_ci, which "
            "takes different names for the same; ALTER TABLE `t` MODIFY `id` varchar(9) CHARACTER "
            "SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL"))
            << lines->front();
}

TEST_P(MariadbSinkTest, an_index_over_the_beginning_of_a_column_is_no_unique_index_over_it) {
    query("CREATE TABLE t (id varchar(90), v int, UNIQUE (id(5)))");
    EXPECT_NE(refusal({{"r", "t", {{"id", "text"}, {"v", "integer"}}, {"id"}}})
                      .find("no unique index over it"),
            std::string::npos);
}

TEST_P(MariadbSinkTest, names_both_sides_when_a_table_does_not_fit) {
    query("CREATE TABLE t (a int, b point, d text NOT NULL)");
    query("CREATE TABLE m (a int) ENGINE=MyISAM");
    EXPECT_EQ(refusal({{"r", "t", {{"a", "text"}, {"d", "text"}}, {}}}),
            "table t: column a is int(11) in the database, but the route writes text");
    EXPECT_EQ(refusal({{"r", "t", {{"b", "text"}, {"d", "text"}}, {}}}),
            "table t: column b is point in the database, but the route writes text: foz does not "
            "know that type; take it out of the route, or have a column of type text that a "
            "trigger reads");
    EXPECT_EQ(refusal({{"r", "t", {{"e", "text"}, {"d", "text"}}, {}}}),
            "table t: the table has no column e, which the route writes");
    EXPECT_EQ(refusal({{"r", "t", {{"a", "integer"}}, {}}}),
            "table t: column d is NOT NULL without a default, but no route fills it");
    EXPECT_NE(refusal({{"r", "t", {{"d", "text"}}, {"d"}}}).find("no unique index over it"),
            std::string::npos);
    EXPECT_NE(
            refusal({{"r", "m", {{"a", "integer"}}, {}}}).find("MyISAM, which has no transactions"),
            std::string::npos);
}

TEST_P(MariadbSinkTest, notices_that_a_table_was_dropped_or_changed_under_it) {
    const std::vector<RouteUnderTest> routes = {{"r", "t", {{"a", "double"}}, {}}};
    query("CREATE TABLE t (a double)");
    auto sink = connected(routes);
    for (const char* change : {
             "ALTER TABLE t MODIFY a int",  // would round what it is given
             "ALTER TABLE t MODIFY a date",
             "ALTER TABLE t RENAME COLUMN a TO b",
             "DROP TABLE t",
         }) {
        query("DROP TABLE IF EXISTS t; CREATE TABLE t (a double)");
        const auto mapping = mapping_of(routes);
        const auto again = sink->connect(kLane, mapping);
        ASSERT_TRUE(again) << why(again);
        query(change);
        const auto written = BatchUnderTest().add({real(1.5)}).write_to(*sink);
        ASSERT_FALSE(written) << change;
        EXPECT_EQ(written.error().failure, FailureKind::schema) << change << why(written);
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, MariadbSinkTest, testing::Bool(),
        [](const auto& way) { return way.param ? "bulk" : "question_marks"; });

TEST(MariadbUrl, has_the_parts_of_an_address) {
    const auto url = parse_url("mariadb://a%40b:p%2F%3A@[::1]:3307/my%20db?socket=/run/x%20y");
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(url->user, "a@b");
    EXPECT_EQ(url->password, "p/:");
    ASSERT_EQ(url->hosts.size(), 1U);
    EXPECT_EQ(url->hosts[0].name, "::1");
    EXPECT_EQ(url->hosts[0].port, 3307);
    EXPECT_EQ(url->database, "my db");
    EXPECT_EQ(url->socket, "/run/x y");
    EXPECT_EQ(parse_url("mysql://db/mqtt")->hosts[0].port, 3306);
    const auto several = parse_url(
            "mysql://u@a:3307,[::1],b/mqtt?ssl-mode=VERIFY_CA&ssl-ca=/a%20b&ssl-cert=/c&ssl-key=/"
            "k");
    ASSERT_TRUE(several) << several.error().message;
    ASSERT_EQ(several->hosts.size(), 3U);
    EXPECT_EQ(several->hosts[0].name, "a");
    EXPECT_EQ(several->hosts[0].port, 3307);
    EXPECT_EQ(several->hosts[1].name, "::1");
    EXPECT_EQ(several->hosts[2].name, "b");
    EXPECT_EQ(several->hosts[2].port, 3306);
    EXPECT_EQ(several->ssl_mode, SslMode::verify_identity);
    EXPECT_EQ(several->ssl_ca, "/a b");
    for (const char* wrong : {
             "mysql:db",
             "mysql://db",
             "mysql://db:x/y",
             "mysql://db:0/y",
             "mysql://db:99999/y",
             "mysql://a%2@db/y",
             "mysql://db/y?sockt=1",
             "mysql://[::1/y",
             "mysql://a,b:x/y",
             "mysql://a,b/y?socket=/s",
             "mysql://a/y?ssl-mode=on",
             "mysql://a/y?ssl-cert=/c",
             "mysql://a/y?ssl-mode=disabled&ssl-ca=/c",
         }) {
        EXPECT_FALSE(parse_url(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace foz::sink::mariadb
