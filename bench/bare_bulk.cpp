// SPDX-License-Identifier: Apache-2.0
// Baseline: rows into MariaDB by bulk array binding, 20,000 in a transaction, one connection,
// nothing else. bare_bulk SOCKET USER PASSWORD DATABASE ROWS. The table, with primary key (dh,
// device), is made anew.
#include <array>
#include <chrono>
#include <ctime>

#include <mysql.h>

#include "rows.h"

namespace {

void run(MYSQL* connection, const char* sql) {
    if (mysql_query(connection, sql) != 0) {
        bench::give_up(sql, mysql_error(connection));
    }
}

/// The columns of a batch, as the binding takes them: one array of values or pointers for each.
struct Batch {
    std::vector<double> temperatures;
    std::vector<MYSQL_TIME> times;
    std::vector<MYSQL_TIME*> time_pointers;
    std::vector<const char*> devices;
    std::vector<unsigned long> device_sizes;

    void clear() {
        temperatures.clear();
        times.clear();
        time_pointers.clear();
        devices.clear();
        device_sizes.clear();
    }

    void add(const bench::Row& row) {
        temperatures.push_back(row.temperature);
        times.push_back(time_of(row.time_us));
        devices.push_back(row.device->data());
        device_sizes.push_back(row.device->size());
    }

  private:
    static MYSQL_TIME time_of(std::int64_t time_us) {
        static thread_local std::int64_t day_remembered = -1;
        static thread_local std::tm date{};
        const std::int64_t second = time_us / 1'000'000;
        if (second / 86400 != day_remembered) {
            day_remembered = second / 86400;
            const std::time_t time = day_remembered * 86400;
            gmtime_r(&time, &date);
        }
        MYSQL_TIME time{};
        time.year = static_cast<unsigned>(date.tm_year + 1900);
        time.month = static_cast<unsigned>(date.tm_mon + 1);
        time.day = static_cast<unsigned>(date.tm_mday);
        time.hour = static_cast<unsigned>(second / 3600 % 24);
        time.minute = static_cast<unsigned>(second / 60 % 60);
        time.second = static_cast<unsigned>(second % 60);
        time.second_part = static_cast<unsigned long>(time_us % 1'000'000);
        time.time_type = MYSQL_TIMESTAMP_DATETIME;
        return time;
    }
};

void insert(MYSQL* connection, MYSQL_STMT* statement, Batch& batch) {
    for (MYSQL_TIME& time : batch.times) {
        batch.time_pointers.push_back(&time);
    }
    std::array<MYSQL_BIND, 3> binds{};
    binds[0].buffer_type = MYSQL_TYPE_DOUBLE;
    binds[0].buffer = batch.temperatures.data();
    binds[1].buffer_type = MYSQL_TYPE_DATETIME;
    binds[1].buffer = static_cast<void*>(batch.time_pointers.data());
    binds[2].buffer_type = MYSQL_TYPE_STRING;
    binds[2].buffer = static_cast<void*>(batch.devices.data());
    binds[2].length = batch.device_sizes.data();
    auto size = static_cast<unsigned>(batch.devices.size());
    mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &size);
    if (mysql_stmt_bind_param(statement, binds.data()) != 0 || mysql_stmt_execute(statement) != 0) {
        bench::give_up("insert", mysql_stmt_error(statement));
    }
    run(connection, "commit");
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 6) {
        std::fprintf(stderr, "usage: bare_bulk SOCKET USER PASSWORD DATABASE ROWS\n");
        return 2;
    }
    MYSQL* const connection = mysql_init(nullptr);
    if (mysql_real_connect(connection, nullptr, arguments[2], arguments[3], arguments[4], 0,
                arguments[1], 0) == nullptr) {
        bench::give_up("connect", mysql_error(connection));
    }
    const std::size_t rows = std::strtoull(arguments[5], nullptr, 10);
    run(connection, "drop table if exists bare");
    run(connection,
            "create table bare(temp double, dh datetime(6), device varchar(255), primary key(dh, "
            "device)) engine=InnoDB");
    mysql_autocommit(connection, 0);
    MYSQL_STMT* const statement = mysql_stmt_init(connection);
    if (mysql_stmt_prepare(statement, "insert into bare(temp, dh, device) values(?, ?, ?)", -1UL) !=
            0) {
        bench::give_up("prepare", mysql_stmt_error(statement));
    }
    const bench::Rows all;
    Batch batch;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t done = 0; done < rows;) {
        batch.clear();
        for (const std::size_t end = std::min(rows, done + bench::kBatchRows); done < end; ++done) {
            batch.add(all.row(done));
        }
        insert(connection, statement, batch);
    }
    bench::print_result(
            rows, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    mysql_stmt_close(statement);
    mysql_close(connection);
}
