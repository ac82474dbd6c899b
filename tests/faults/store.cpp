// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/store.h"

#include <array>
#include <cstdio>
#include <stdexcept>

#include "tests/support/mariadb_server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temporary_directory.h"

namespace foz::faults {
namespace {

template <class Server>
class ServerStore final : public Store {
  public:
    ServerStore() { server_.start(); }
    [[nodiscard]] std::string url() const override { return server_.url(); }
    [[nodiscard]] std::uint16_t port() const override { return server_.port(); }
    [[nodiscard]] std::string query(const std::string& sql) override { return server_.query(sql); }
    void kill_9() override { server_.kill_9(); }
    void stop() override { server_.stop(); }
    void start() override { server_.start(); }
    void freeze() override { server_.freeze(); }
    void thaw() override { server_.thaw(); }

  private:
    Server server_;
};

/// Asked through the sqlite3 program, so that foz's own code does not judge itself.
class SqliteStore final : public Store {
  public:
    [[nodiscard]] std::string url() const override { return "sqlite:" + file(); }
    [[nodiscard]] std::uint16_t port() const override { return 0; }
    [[nodiscard]] std::string query(const std::string& sql) override {
        const std::string command = "sqlite3 -cmd '.timeout 20000' " + file() + " \"" + sql + "\"";
        FILE* const pipe = ::popen(command.c_str(), "r");
        if (pipe == nullptr) {
            throw std::runtime_error("cannot run sqlite3");
        }
        std::string output;
        std::array<char, 65536> buffer{};
        while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
            output.append(buffer.data(), count);
        }
        if (::pclose(pipe) != 0) {
            throw std::runtime_error("sqlite3 refuses: " + sql);
        }
        if (output.ends_with('\n')) {
            output.pop_back();
        }
        return output;
    }
    void kill_9() override {}
    void stop() override {}
    void start() override {}
    void freeze() override {}
    void thaw() override {}

  private:
    [[nodiscard]] std::string file() const { return (directory_ / "store.sqlite").string(); }
    support::TemporaryDirectory directory_;
};

}  // namespace

std::string name_of(StoreKind kind) {
    switch (kind) {
        case StoreKind::sqlite: return "SQLite";
        case StoreKind::postgres: return "PostgreSQL";
        case StoreKind::mariadb: return "MariaDB";
    }
    return "";
}

std::unique_ptr<Store> make_store(StoreKind kind) {
    switch (kind) {
        case StoreKind::sqlite: return std::make_unique<SqliteStore>();
        case StoreKind::postgres: return std::make_unique<ServerStore<support::PostgresServer>>();
        case StoreKind::mariadb: return std::make_unique<ServerStore<support::MariadbServer>>();
    }
    return nullptr;
}

}  // namespace foz::faults
