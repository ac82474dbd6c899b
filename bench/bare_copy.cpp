// SPDX-License-Identifier: Apache-2.0
// Baseline: rows into PostgreSQL by binary COPY, 20,000 in a transaction, one connection, nothing
// else. bare_copy CONNECTION ROWS key|nokey. The table is made anew.
#include <chrono>
#include <cstring>

#include <libpq-fe.h>

#include "base/bytes.h"
#include "rows.h"

namespace {

void run(PGconn* connection, const char* sql, ExecStatusType expected = PGRES_COMMAND_OK) {
    PGresult* const result = PQexec(connection, sql);
    if (PQresultStatus(result) != expected) {
        bench::give_up(sql, PQerrorMessage(connection));
    }
    PQclear(result);
}

void append_row(std::string& to, const bench::Row& row) {
    constexpr std::int64_t kPostgresEpoch = 946'684'800'000'000;  // 2000-01-01
    std::int64_t temperature = 0;
    std::memcpy(&temperature, &row.temperature, sizeof temperature);
    foz::append_big(to, std::int16_t{3});
    foz::append_big(to, std::int32_t{8});
    foz::append_big(to, temperature);
    foz::append_big(to, std::int32_t{8});
    foz::append_big(to, row.time_us - kPostgresEpoch);
    foz::append_big(to, static_cast<std::int32_t>(row.device->size()));
    to.append(*row.device);
}

void copy_batch(PGconn* connection, const std::string& bytes) {
    run(connection, "begin");
    run(connection, "copy bare(temp, dh, device) from stdin (format binary)", PGRES_COPY_IN);
    if (PQputCopyData(connection, bytes.data(), static_cast<int>(bytes.size())) != 1 ||
            PQputCopyEnd(connection, nullptr) != 1) {
        bench::give_up("copy", PQerrorMessage(connection));
    }
    while (PGresult* const result = PQgetResult(connection)) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            bench::give_up("copy", PQerrorMessage(connection));
        }
        PQclear(result);
    }
    run(connection, "commit");
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: bare_copy CONNECTION ROWS key|nokey\n");
        return 2;
    }
    PGconn* const connection = PQconnectdb(arguments[1]);
    if (PQstatus(connection) != CONNECTION_OK) {
        bench::give_up("connect", PQerrorMessage(connection));
    }
    const std::size_t rows = std::strtoull(arguments[2], nullptr, 10);
    run(connection, "set client_min_messages = warning");
    run(connection, "drop table if exists bare");
    run(connection,
            std::strcmp(arguments[3], "key") == 0
                    ? "create table bare(temp double precision, dh timestamptz, device text, "
                      "primary key(dh, device))"
                    : "create table bare(temp double precision, dh timestamptz, device text)");
    const bench::Rows all;
    std::string bytes;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t done = 0; done < rows;) {
        bytes.assign("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
        for (const std::size_t end = std::min(rows, done + bench::kBatchRows); done < end; ++done) {
            append_row(bytes, all.row(done));
        }
        foz::append_big(bytes, std::int16_t{-1});
        copy_batch(connection, bytes);
    }
    bench::print_result(
            rows, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    PQfinish(connection);
}
