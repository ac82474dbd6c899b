// SPDX-License-Identifier: Apache-2.0
#include "tests/sink/mariadb_under_test.h"

#include <stdexcept>

#include <mysql.h>

#include "tests/pipeline/side_lanes_fixture.h"
#include "tests/sink/database_under_test.h"

namespace foz::sink {
namespace mariadb {

support::MariadbServer& running_server() {
    static support::MariadbServer server;
    if (!server.running()) {
        server.start();
    }
    return server;
}

}  // namespace mariadb

namespace {

using mapping::ColumnType;

class MariadbUnderTest final : public DatabaseUnderTest {
  public:
    MariadbUnderTest() { mariadb::running_server().create_database("contract"); }
    ~MariadbUnderTest() override {
        if (mariadb::running_server().running()) {
            set_read_only(false);
        }
    }

    std::string url() const override { return mariadb::running_server().url("contract"); }
    void execute(const std::string& sql) override {
        mariadb::running_server().query("SET sql_mode = 'ANSI_QUOTES'; " + sql, "contract");
    }
    Rows query(const std::string& sql) override;
    std::string as_text(ColumnType type, const std::string& quoted_column) const override;
    std::optional<std::string> short_text_type() const override { return "varchar(5)"; }
    bool takes_nul_characters() const override { return true; }
    void set_read_only(bool read_only) override {
        mariadb::running_server().query(
                read_only ? "SET GLOBAL read_only = 1" : "SET GLOBAL read_only = 0", "");
    }
    bool is_server() const override { return true; }
    std::uint16_t port() const override { return mariadb::running_server().port(); }
    std::string url_at(std::uint16_t port) const override {
        return "mariadb://foz:foz@127.0.0.1:" + std::to_string(port) + "/contract";
    }
    std::string commit_bytes() const override { return "\3COMMIT"; }
    bool has_foz() override {
        return !query("SELECT 1 FROM information_schema.processlist WHERE user = 'foz'").empty();
    }
    void stop() override { mariadb::running_server().stop(); }
    void start() override { (void)mariadb::running_server(); }
    void kill() override { mariadb::running_server().kill_9(); }
    void freeze() override { mariadb::running_server().freeze(); }
    void thaw() override { mariadb::running_server().thaw(); }
};

DatabaseUnderTest::Rows MariadbUnderTest::query(const std::string& sql) {
    MYSQL* connection = mysql_init(nullptr);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const std::string socket = mariadb::running_server().socket();
    Rows rows;
    const bool asked =
            mysql_real_connect(connection, nullptr, "root", nullptr, "contract", 0, socket.c_str(),
                    0) != nullptr &&
            mysql_query(connection, "SET sql_mode = 'ANSI_QUOTES', time_zone = '+00:00'") == 0 &&
            mysql_query(connection, sql.c_str()) == 0;
    MYSQL_RES* result = asked ? mysql_store_result(connection) : nullptr;
    const std::string problem = result == nullptr ? sql + ": " + mysql_error(connection) : "";
    while (MYSQL_ROW row = result != nullptr ? mysql_fetch_row(result) : nullptr) {
        const unsigned long* lengths = mysql_fetch_lengths(result);
        auto& cells = rows.emplace_back();
        for (unsigned column = 0; column < mysql_num_fields(result); ++column) {
            if (row[column] == nullptr) {
                cells.emplace_back(std::nullopt);
            } else {
                cells.emplace_back(std::string(row[column], lengths[column]));
            }
        }
    }
    mysql_free_result(result);
    mysql_close(connection);
    if (!problem.empty()) {
        throw std::runtime_error(problem);
    }
    return rows;
}

std::string MariadbUnderTest::as_text(ColumnType type, const std::string& quoted_column) const {
    switch (type) {
        case ColumnType::timestamp:
            return "DATE_FORMAT(" + quoted_column + ", '%Y-%m-%d %H:%i:%s.%f')";
        case ColumnType::bytes: return "HEX(" + quoted_column + ")";
        // DECIMAL(65,30) shows all of its 30 places.
        case ColumnType::decimal:
            return "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(" + quoted_column +
                   " AS CHAR)))";
        default: return "CAST(" + quoted_column + " AS CHAR)";
    }
}

std::unique_ptr<DatabaseUnderTest> make_fresh_mariadb() {
    return std::make_unique<MariadbUnderTest>();
}

}  // namespace

using pipeline::SideLanesTest;
INSTANTIATE_TEST_SUITE_P(Mariadb, SinkContract, testing::Values(&make_fresh_mariadb));
INSTANTIATE_TEST_SUITE_P(Mariadb, SideLanesTest, testing::Values(&make_fresh_mariadb));

}  // namespace foz::sink
