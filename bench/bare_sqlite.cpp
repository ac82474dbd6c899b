// SPDX-License-Identifier: Apache-2.0
// Baseline: rows into SQLite by one prepared INSERT, 20,000 in a transaction, WAL, synchronous
// FULL, nothing else. bare_sqlite FILE ROWS. The table is WITHOUT ROWID, with primary key (dh,
// device).
#include <chrono>

#include <sqlite3.h>

#include "rows.h"

namespace {

void check(sqlite3* database, int result, const char* what) {
    if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) {
        bench::give_up(what, sqlite3_errmsg(database));
    }
}

void run(sqlite3* database, const char* sql) {
    check(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr), sql);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: bare_sqlite FILE ROWS\n");
        return 2;
    }
    sqlite3* database = nullptr;
    check(database, sqlite3_open(arguments[1], &database), "open");
    const std::size_t rows = std::strtoull(arguments[2], nullptr, 10);
    run(database, "pragma journal_mode = wal");
    run(database, "pragma synchronous = full");
    run(database,
            "create table bare(temp real, dh text, device text, primary key(dh, device)) without "
            "rowid");
    sqlite3_stmt* insert = nullptr;
    check(database,
            sqlite3_prepare_v2(database, "insert into bare values(?, ?, ?)", -1, &insert, nullptr),
            "prepare");
    const bench::Rows all;
    bench::TimeText text;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t done = 0; done < rows;) {
        run(database, "begin");
        for (const std::size_t end = std::min(rows, done + bench::kBatchRows); done < end; ++done) {
            const bench::Row row = all.row(done);
            const std::string_view time = text.of(row.time_us);
            sqlite3_bind_double(insert, 1, row.temperature);
            sqlite3_bind_text(insert, 2, time.data(), static_cast<int>(time.size()), SQLITE_STATIC);
            sqlite3_bind_text(insert, 3, row.device->data(), static_cast<int>(row.device->size()),
                    SQLITE_STATIC);
            check(database, sqlite3_step(insert), "insert");
            sqlite3_reset(insert);
        }
        run(database, "commit");
    }
    bench::print_result(
            rows, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    sqlite3_finalize(insert);
    sqlite3_close(database);
}
