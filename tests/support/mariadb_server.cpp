// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mariadb_server.h"

#include <fstream>
#include <stdexcept>
#include <utility>

#include <mysql.h>
#include <unistd.h>

#include "tests/support/server_template.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

constexpr const char* kMariaDbUser = "mysql";

// The database in which the tests' user is made when the server starts for the first time.
constexpr const char* kFirstStatements =
        "CREATE DATABASE IF NOT EXISTS foz;\n"
        "CREATE USER IF NOT EXISTS foz@'%' IDENTIFIED BY 'foz';\n"
        "GRANT ALL ON *.* TO foz@'%' WITH GRANT OPTION;\n"
        "REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM foz@'%';\n";  // with them read_only would not
                                                                 // bind it

void make_data(const std::filesystem::path& directory) {
    give_to(directory, kMariaDbUser);
    std::vector<std::string> command = {"/usr/bin/mariadb-install-db", "--no-defaults",
        "--datadir=" + (directory / "data").string(), "--tmpdir=" + directory.string(),
        "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
        "--innodb-log-file-size=16M"};
    if (::geteuid() == 0) {
        command.emplace_back("--user=mysql");
    }
    run_to_end(std::move(command));
}

struct MariaDbConnection {
    MariaDbConnection(const std::filesystem::path& socket, const std::string& database)
        : handle(mysql_init(nullptr)) {
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
        connected = mysql_real_connect(handle, nullptr, "root", nullptr, database.c_str(), 0,
                            socket.c_str(), CLIENT_MULTI_STATEMENTS) != nullptr;
    }
    ~MariaDbConnection() { mysql_close(handle); }
    MariaDbConnection(const MariaDbConnection&) = delete;
    MariaDbConnection& operator=(const MariaDbConnection&) = delete;
    MYSQL* handle;
    bool connected;
};

std::string text_of(MYSQL_RES* rows) {
    std::string text;
    const unsigned columns = mysql_num_fields(rows);
    bool first = true;
    while (MYSQL_ROW row = mysql_fetch_row(rows)) {
        text += std::exchange(first, false) ? "" : "\n";
        const unsigned long* lengths = mysql_fetch_lengths(rows);
        for (unsigned column = 0; column < columns; ++column) {
            text += column > 0 ? "|" : "";
            text += row[column] == nullptr ? "NULL" : std::string(row[column], lengths[column]);
        }
    }
    return text;
}

}  // namespace

MariadbServer::MariadbServer(std::vector<std::string> options)
    : options_(std::move(options)), directory_("foz-mariadb"), port_(free_port()) {
    copy_template("mariadb", directory_ / "files", make_data);
    std::ofstream(directory_ / "first.sql") << kFirstStatements;
    std::ofstream(directory_ / "log").close();
    give_to(directory_.path(), kMariaDbUser);
}

MariadbServer::~MariadbServer() = default;

void MariadbServer::start() {
    std::vector<std::string> command = {
        "/usr/sbin/mariadbd",
        "--no-defaults",
        "--datadir=" + (directory_ / "files/data").string(),
        // In /tmp, each server that starts removes the temporary tables of all others.
        "--tmpdir=" + directory_.path().string(),
        "--port=" + std::to_string(port_),
        "--bind-address=127.0.0.1",
        "--socket=" + socket().string(),
        "--pid-file=" + (directory_ / "pid").string(),
        "--init-file=" + (directory_ / "first.sql").string(),
        "--skip-name-resolve",
        "--innodb-log-file-size=16M",
        "--max-allowed-packet=16M",
    };
    command.insert(command.end(), options_.begin(), options_.end());
    process_ = std::make_unique<ChildProcess>(ChildOptions{
        .command = std::move(command), .user = kMariaDbUser, .output = directory_ / "log"});
    const bool ready = wait_until(
            [&] { return !process_->running() || MariaDbConnection(socket(), "foz").connected; },
            std::chrono::seconds(60));
    if (!ready || !process_->running()) {
        process_.reset();
        throw std::runtime_error("MariaDB did not start:\n" + log());
    }
}

void MariadbServer::stop() {
    if (process_) {
        process_->send(SIGTERM);
        process_->wait(std::chrono::seconds(30));
        process_.reset();
    }
}

void MariadbServer::kill_9() {
    process_.reset();
}

std::string MariadbServer::url(std::string_view database) const {
    return "mariadb://foz:foz@127.0.0.1:" + std::to_string(port_) + "/" + std::string(database);
}

std::string MariadbServer::query(std::string_view sql, std::string_view database) {
    const MariaDbConnection connection(socket(), std::string(database));
    std::string text;
    int more = mysql_real_query(connection.handle, sql.data(), sql.size());
    while (more == 0) {
        text.clear();
        if (MYSQL_RES* rows = mysql_store_result(connection.handle)) {
            text = text_of(rows);
            mysql_free_result(rows);
        }
        more = mysql_next_result(connection.handle);
    }
    if (mysql_errno(connection.handle) != 0) {
        throw std::runtime_error(std::string(sql) + ": " + mysql_error(connection.handle));
    }
    return text;
}

void MariadbServer::create_database(std::string_view name) {
    const std::string quoted = '`' + std::string(name) + '`';
    query("DROP DATABASE IF EXISTS " + quoted, "");
    query("CREATE DATABASE " + quoted, "");
}

std::string MariadbServer::log() const {
    return content_of(directory_ / "log");
}

}  // namespace foz::support
