// SPDX-License-Identifier: Apache-2.0
// The sink for MariaDB when the server or the network fails it.
#include <atomic>

#include <gtest/gtest.h>
#include <mysql.h>

#include "sink/mariadb/error_number.h"
#include "sink/mariadb/mariadb_sink.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/mariadb_under_test.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/wait_until.h"

namespace foz::sink::mariadb {
namespace {

class MariadbFaults : public testing::Test {
  protected:
    MariadbFaults() : mapping_(mapping_of({{"r", "t", {{"a", "integer"}}, {}}})) {
        server().create_database("faults");
    }

    static support::MariadbServer& server() { return running_server(); }
    static std::string query(std::string_view sql) { return server().query(sql, "faults"); }
    static std::string url_at(std::uint16_t port, const std::string& account = "foz:foz") {
        return "mariadb://" + account + "@127.0.0.1:" + std::to_string(port) + "/faults";
    }
    [[nodiscard]] SinkResult<Connected> connect(Sink& sink) const {
        return sink.connect(kLane, mapping_);
    }
    static BatchUnderTest row_at(std::uint64_t position) {
        return std::move(
                BatchUnderTest(position).add({integer(static_cast<std::int64_t>(position))}));
    }

  private:
    mapping::Mapping mapping_;
};

// Takes "in a transaction" out of the first OK packet that says so. Whether there was one.
bool end_transaction_in(std::string& answer) {
    constexpr std::size_t kHeaderBytes = 4;
    constexpr std::size_t kCountsAt = kHeaderBytes + 1;  // affected rows and last id, a byte each
    constexpr std::size_t kStatusAt = kCountsAt + 2;
    for (std::size_t at = 0; at + kStatusAt < answer.size();) {
        const auto byte = [&](std::size_t index) {
            return static_cast<unsigned char>(answer[at + index]);
        };
        const bool ok = byte(kHeaderBytes) == 0 && byte(kCountsAt) < 0xFB;
        if (ok && (byte(kStatusAt) & SERVER_STATUS_IN_TRANS) != 0) {
            answer[at + kStatusAt] &= static_cast<char>(~SERVER_STATUS_IN_TRANS);
            return true;
        }
        at += kHeaderBytes + byte(0) + (byte(1) << 8U) + (byte(2) << 16U);
    }
    return false;
}

// As a Galera node does that loses its cluster.
TEST_F(MariadbFaults, an_answer_from_outside_of_the_transaction_is_no_success) {
    support::TcpProxy proxy(server().port());
    const auto sink = sink_for(kind(), url_at(proxy.port()));
    ASSERT_TRUE(connect(*sink));
    std::atomic<bool> has_inserted = false;
    std::atomic<bool> has_ended = false;
    proxy.change([&](support::Side from, std::string& bytes) {
        constexpr std::size_t kCommandAt = 4;
        const auto command =
                bytes.size() > kCommandAt ? static_cast<unsigned char>(bytes[kCommandAt]) : 0;
        if (from == support::Side::client) {
            has_inserted =
                    has_inserted || command == COM_STMT_EXECUTE || command == COM_STMT_BULK_EXECUTE;
        } else if (has_inserted && !has_ended) {
            has_ended = end_transaction_in(bytes);
        }
    });
    const auto written = row_at(0).write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_TRUE(has_ended);
    EXPECT_EQ(written.error().failure, FailureKind::reconnect);
    EXPECT_TRUE(written.error().message.contains("has ended the transaction by itself"))
            << why(written);
    proxy.change({});
    const auto again = connect(*sink);
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->cursor, Cursor{});
    ASSERT_TRUE(row_at(0).write_to(*sink));
    EXPECT_EQ(query("SELECT count(*) FROM t"), "1");
}

TEST_F(MariadbFaults, tells_of_a_wrong_password_and_takes_the_right_one) {
    const auto wrong = connect(*sink_for(kind(), url_at(server().port()), "wrong"));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().failure, FailureKind::retry);
    EXPECT_EQ(wrong.error().code, "1045") << why(wrong);
    const auto right = connect(*sink_for(kind(), url_at(server().port(), "foz:wrong"), "foz"));
    EXPECT_TRUE(right) << why(right);
}

TEST_F(MariadbFaults, waits_when_there_are_too_many_connections) {
    query("CREATE OR REPLACE USER crowded@'%' IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1; GRANT "
          "ALL ON faults.* TO crowded@'%'");
    const auto first = sink_for(kind(), url_at(server().port(), "crowded:x"));
    ASSERT_TRUE(connect(*first));
    const auto second = sink_for(kind(), url_at(server().port(), "crowded:x"));
    const auto refused = connect(*second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::retry) << why(refused);
    first->close();
    EXPECT_TRUE(support::wait_until([&] { return connect(*second).has_value(); }));
}

// Without innodb_strict_mode a table may be made whose rows do not fit a page when they are long.
TEST_F(MariadbFaults, refuses_a_row_that_is_too_large_for_its_table) {
    constexpr std::size_t kColumns = 200;
    RouteUnderTest route{"r", "wide", {}, {}};
    std::string columns;
    for (std::size_t i = 0; i < kColumns; ++i) {
        const std::string name = fmt::format("c{}", i);
        route.columns.emplace_back(name, "text");
        columns += fmt::format("{}{} VARCHAR(60)", i == 0 ? "" : ", ", name);
    }
    query("SET SESSION innodb_strict_mode = 0; CREATE TABLE wide (" + columns + ")");
    const mapping::Mapping mapping = mapping_of({route});
    const auto sink = sink_for(kind(), url_at(server().port()));
    const auto connected = sink->connect(kLane, mapping);
    ASSERT_TRUE(connected) << why(connected);
    const std::string long_text(60, 'x');
    const std::vector<mapping::Value> large(kColumns, text(long_text));
    const std::vector<mapping::Value> small(kColumns, text("x"));
    const std::uint64_t position = connected->cursor.position;
    const auto refused = BatchUnderTest(position).add_cells(large).write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    EXPECT_EQ(refused.error().code, "1118") << why(refused);
    const auto stored = BatchUnderTest(position).add_cells(small).write_to(*sink);
    EXPECT_TRUE(stored) << why(stored);
}

TEST(MariadbErrorNumber, blames_only_the_data_for_errors_that_are_the_datas) {
    for (const unsigned data : {1062U, 1118U, 1264U, 1406U, 1366U, 1048U, 4025U}) {
        EXPECT_EQ(failure_of(data), FailureKind::refused) << data;
    }
    for (const unsigned gone : {2006U, 2013U, 1927U, 1290U, 1792U}) {
        EXPECT_EQ(failure_of(gone), FailureKind::reconnect) << gone;
    }
    for (const unsigned passing : {1205U, 1213U, 1040U, 1045U, 1114U, 1021U, 3024U, 0U}) {
        EXPECT_EQ(failure_of(passing), FailureKind::retry) << passing;
    }
    EXPECT_EQ(failure_of(1146), FailureKind::schema);
    EXPECT_EQ(failure_of(1644, "45000"), FailureKind::refused);
    EXPECT_EQ(failure_of(1205, "45000"), FailureKind::refused);
    EXPECT_EQ(failure_of(30'001, "HY000"), FailureKind::refused);
    EXPECT_EQ(failure_of(1644, "T0001"), FailureKind::refused);
    EXPECT_EQ(failure_of(1205, "HY000"), FailureKind::retry);
}

}  // namespace
}  // namespace foz::sink::mariadb
