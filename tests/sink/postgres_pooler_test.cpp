// SPDX-License-Identifier: Apache-2.0
// PostgreSQL behind PgBouncer in transaction mode: each transaction may have another session of the
// server, so none may need what another has left there. The tests of every database, once more.
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/pipeline/side_lanes_fixture.h"
#include "tests/sink/postgres_under_test.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::sink {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

class PooledPostgres final : public DatabaseUnderTest {
  public:
    PooledPostgres();

    std::string url() const override {
        return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/contract";
    }
    void execute(const std::string& sql) override { server_->execute(sql); }
    Rows query(const std::string& sql) override { return server_->query(sql); }
    std::string as_text(mapping::ColumnType type, const std::string& column) const override {
        return server_->as_text(type, column);
    }
    std::optional<std::string> short_text_type() const override {
        return server_->short_text_type();
    }
    bool takes_nul_characters() const override { return server_->takes_nul_characters(); }
    void set_read_only(bool read_only) override { server_->set_read_only(read_only); }

  private:
    std::unique_ptr<DatabaseUnderTest> server_ = make_fresh_postgres();
    support::TemporaryDirectory folder_{"foz-pgbouncer"};
    std::uint16_t port_ = support::free_port();
    std::unique_ptr<support::ChildProcess> process_;
};

PooledPostgres::PooledPostgres() {
    const std::filesystem::path configuration = folder_ / "pgbouncer.ini";
    std::ofstream(configuration) << "[databases]\ncontract = host=127.0.0.1 port="
                                 << postgres::running_server().port()
                                 << " user=postgres dbname=contract\n[pgbouncer]\n"
                                 << "listen_addr = 127.0.0.1\nlisten_port = " << port_ << "\n"
                                 << "unix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
                                 // Each transaction on another session, as far as there are some.
                                 << "server_round_robin = 1\nmin_pool_size = 3\n"
                                 << "logfile =\npidfile =\n";
    std::ofstream(folder_ / "log").close();
    support::give_to(folder_.path(), "postgres");
    process_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = {kProgram, configuration.string()},
        .user = "postgres",
        .output = folder_ / "log",
    });
    if (!support::wait_until([&] { return support::accepts_connections(port_); })) {
        throw std::runtime_error("PgBouncer did not start");
    }
}

std::unique_ptr<DatabaseUnderTest> make_pooled_postgres() {
    return std::make_unique<PooledPostgres>();
}

// PgBouncer is tested with where it is installed.
std::vector<MakeDatabase> pooled() {
    return std::filesystem::exists(kProgram) ? std::vector<MakeDatabase>{&make_pooled_postgres}
                                             : std::vector<MakeDatabase>{};
}

}  // namespace

using pipeline::SideLanesTest;
INSTANTIATE_TEST_SUITE_P(PooledPostgres, SinkContract, testing::ValuesIn(pooled()));
INSTANTIATE_TEST_SUITE_P(PooledPostgres, SideLanesTest, testing::ValuesIn(pooled()));

}  // namespace foz::sink
