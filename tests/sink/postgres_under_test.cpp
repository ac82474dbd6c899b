// SPDX-License-Identifier: Apache-2.0
#include "tests/sink/postgres_under_test.h"

#include <stdexcept>

#include <libpq-fe.h>

#include "tests/pipeline/side_lanes_fixture.h"
#include "tests/sink/database_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::sink {
namespace postgres {

support::PostgresServer& running_server() {
    static support::PostgresServer server;
    if (!server.running()) {
        server.start();
    }
    return server;
}

}  // namespace postgres

namespace {

using mapping::ColumnType;

class PostgresUnderTest final : public DatabaseUnderTest {
  public:
    PostgresUnderTest() { postgres::running_server().create_database("contract"); }
    ~PostgresUnderTest() override {
        if (!is_read_only_) {
            return;
        }
        try {
            set_read_only(false);
        } catch (const std::exception& problem) {
            ADD_FAILURE() << problem.what();
        }
    }

    std::string url() const override { return postgres::running_server().url("contract"); }
    void execute(const std::string& sql) override {
        postgres::running_server().query(sql, "contract");
    }
    Rows query(const std::string& sql) override;
    std::string as_text(ColumnType type, const std::string& quoted_column) const override;
    std::optional<std::string> short_text_type() const override { return "varchar(5)"; }
    bool takes_nul_characters() const override { return false; }
    void set_read_only(bool read_only) override;
    bool is_server() const override { return true; }
    std::uint16_t port() const override { return postgres::running_server().port(); }
    std::string url_at(std::uint16_t port) const override {
        return "postgresql://postgres@127.0.0.1:" + std::to_string(port) + "/contract";
    }
    std::string commit_bytes() const override { return std::string("COMMIT\0", 7); }
    bool has_foz() override {
        return query("SELECT FROM pg_stat_activity WHERE application_name = 'foz'").size() > 0;
    }
    void stop() override { postgres::running_server().stop(); }
    void start() override { (void)postgres::running_server(); }
    void kill() override { postgres::running_server().kill_9(); }
    void freeze() override { postgres::running_server().freeze(); }
    void thaw() override { postgres::running_server().thaw(); }

  private:
    bool is_read_only_ = false;
};

DatabaseUnderTest::Rows PostgresUnderTest::query(const std::string& sql) {
    PGconn* connection = PQconnectdb(url().c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const std::string problem =
            PQresultStatus(result) == PGRES_TUPLES_OK ? "" : PQerrorMessage(connection);
    Rows rows;
    for (int row = 0; row < PQntuples(result); ++row) {
        auto& cells = rows.emplace_back();
        for (int column = 0; column < PQnfields(result); ++column) {
            if (PQgetisnull(result, row, column) != 0) {
                cells.emplace_back(std::nullopt);
            } else {
                cells.emplace_back(PQgetvalue(result, row, column));
            }
        }
    }
    PQclear(result);
    PQfinish(connection);
    if (!problem.empty()) {
        throw std::runtime_error(sql + ": " + problem);
    }
    return rows;
}

std::string PostgresUnderTest::as_text(ColumnType type, const std::string& quoted_column) const {
    switch (type) {
        case ColumnType::timestamp:
            return "to_char(" + quoted_column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')";
        case ColumnType::boolean: return quoted_column + "::int::text";
        case ColumnType::bytes: return "upper(encode(" + quoted_column + ", 'hex'))";
        default: return quoted_column + "::text";
    }
}

void PostgresUnderTest::set_read_only(bool read_only) {
    if (!postgres::running_server().running()) {
        return;
    }
    const std::string value = read_only ? "on" : "off";
    PGconn* connection = PQconnectdb(url().c_str());
    PQclear(PQexec(connection, "SET default_transaction_read_only = off"));
    PQclear(PQexec(
            connection, ("ALTER SYSTEM SET default_transaction_read_only = " + value).c_str()));
    PQclear(PQexec(connection, "SELECT pg_reload_conf()"));
    PQfinish(connection);
    const bool changed = support::wait_until(
            [&] { return query("SHOW default_transaction_read_only") == Rows{{value}}; });
    if (!changed) {
        throw std::runtime_error("default_transaction_read_only did not change");
    }
    is_read_only_ = read_only;
}

}  // namespace

std::unique_ptr<DatabaseUnderTest> make_fresh_postgres() {
    return std::make_unique<PostgresUnderTest>();
}

using pipeline::SideLanesTest;
INSTANTIATE_TEST_SUITE_P(Postgres, SinkContract, testing::Values(&make_fresh_postgres));
INSTANTIATE_TEST_SUITE_P(Postgres, SideLanesTest, testing::Values(&make_fresh_postgres));

}  // namespace foz::sink
