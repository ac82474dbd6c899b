// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres_server.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

#include <libpq-fe.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "tests/support/server_template.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

constexpr const char* kPostgresUser = "postgres";  // the server refuses to run as root

std::filesystem::path program(const char* name) {
    std::vector<std::filesystem::path> versions;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
        if (std::filesystem::exists(entry.path() / "bin" / name)) {
            versions.push_back(entry.path());
        }
    }
    if (versions.empty()) {
        throw std::runtime_error("PostgreSQL is not installed: apt install postgresql");
    }
    return std::ranges::max(versions) / "bin" / name;
}

void make_cluster(const std::filesystem::path& directory) {
    give_to(directory, kPostgresUser);
    run_to_end({program("initdb").string(), "--pgdata", (directory / "data").string(),
                   "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                   "--no-sync"},
            kPostgresUser);
    std::ofstream access(directory / "data" / "pg_hba.conf");
    access << "host all /^guarded 127.0.0.1/32 scram-sha-256\n"
              "host all +guarded 127.0.0.1/32 scram-sha-256\n"
              "local all all trust\n"
              "host all all 127.0.0.1/32 trust\n"
              "host replication all 127.0.0.1/32 trust\n";
}

// PostgreSQL's segment of System V shared memory, by which it knows that another runs on its data;
// nothing: there is none.
class SharedMemory {
  public:
    static std::optional<SharedMemory> of_cluster(const std::filesystem::path& data) {
        std::ifstream file(data / "postmaster.pid");
        std::string line;
        for (int number = 1; number < 7 && std::getline(file, line); ++number) {
        }
        long key = 0;
        int id = -1;
        return file >> key >> id ? std::optional(SharedMemory(id)) : std::nullopt;
    }
    [[nodiscard]] bool is_attached() const {
        shmid_ds status{};
        return ::shmctl(id_, IPC_STAT, &status) == 0 && status.shm_nattch > 0;
    }
    void remove() const { ::shmctl(id_, IPC_RMID, nullptr); }

  private:
    explicit SharedMemory(int id) : id_(id) {}
    int id_;
};

struct PostgresConnection {
    explicit PostgresConnection(const std::string& url) : handle(PQconnectdb(url.c_str())) {}
    ~PostgresConnection() { PQfinish(handle); }
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;
    PGconn* handle;
};

std::string text_of(const PGresult* result) {
    std::string text;
    for (int row = 0; row < PQntuples(result); ++row) {
        text += row > 0 ? "\n" : "";
        for (int column = 0; column < PQnfields(result); ++column) {
            text += column > 0 ? "|" : "";
            text += PQgetisnull(result, row, column) != 0 ? "NULL"
                                                          : PQgetvalue(result, row, column);
        }
    }
    return text;
}

}  // namespace

PostgresServer::PostgresServer() : directory_("foz-postgres"), port_(free_port()) {
    copy_template("postgres", directory_ / "cluster", make_cluster);
    std::filesystem::permissions(data(), std::filesystem::perms::owner_all);
    std::ofstream(directory_ / "log").close();
    give_to(directory_.path(), kPostgresUser);
}

PostgresServer::~PostgresServer() {
    kill_9();
    // Nobody starts on this data again, and there are only some thousands of segments.
    if (const auto memory = SharedMemory::of_cluster(data())) {
        memory->remove();
    }
}

void PostgresServer::start() {
    process_ = std::make_unique<ChildProcess>(ChildOptions{
        .command = {program("postgres").string(), "-D", data().string(), "-p",
            std::to_string(port_), "-c", "listen_addresses=127.0.0.1", "-c",
            "unix_socket_directories=" + directory_.path().string()},
        .user = kPostgresUser,
        .output = directory_ / "log",
        .death_signal = SIGQUIT,  // ends its backends too
    });
    const bool ready =
            wait_until([&] { return !process_->running() || PQping(url().c_str()) == PQPING_OK; });
    if (!ready || !process_->running()) {
        process_.reset();
        throw std::runtime_error("PostgreSQL did not start:\n" + log());
    }
}

void PostgresServer::stop() {
    if (process_) {
        process_->send(SIGINT);
        process_->wait(std::chrono::seconds(20));
        process_.reset();
    }
}

void PostgresServer::kill_9() {
    process_.reset();
    // A process that is gone may still have it for a moment, and a new server would not start.
    if (const auto memory = SharedMemory::of_cluster(data())) {
        (void)wait_until([&] { return !memory->is_attached(); });
    }
}

std::filesystem::path PostgresServer::data() const {
    return directory_ / "cluster/data";
}

std::string PostgresServer::url(std::string_view database) const {
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + std::string(database);
}

std::string PostgresServer::query(std::string_view sql, std::string_view database) {
    const PostgresConnection connection(url(database));
    PGresult* result = PQexec(connection.handle, std::string(sql).c_str());
    const ExecStatusType status = PQresultStatus(result);
    const std::string text = text_of(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(std::string(sql) + ": " + PQerrorMessage(connection.handle));
    }
    return text;
}

void PostgresServer::create_database(std::string_view name) {
    const std::string quoted = '"' + std::string(name) + '"';
    query("DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)");
    query("CREATE DATABASE " + quoted);
}

std::string PostgresServer::log() const {
    return content_of(directory_ / "log");
}

}  // namespace foz::support
