// SPDX-License-Identifier: Apache-2.0
#include "state/cursor_writers.h"

namespace foz::state {

namespace {

constexpr std::string_view kForgetOld =
        "DELETE FROM cursor_writer WHERE database = ?1 AND lane = ?2 AND id NOT IN (SELECT id FROM "
        "cursor_writer WHERE database = ?1 AND lane = ?2 ORDER BY id DESC LIMIT 999)";
constexpr std::string_view kAdd =
        "INSERT INTO cursor_writer (database, lane, writer) VALUES (?1, ?2, "
        "lower(hex(randomblob(16)))) RETURNING writer";

SqliteResult<std::string> add_writer(
        SqliteConnection& connection, const std::string& database, const std::string& lane) {
    const auto bind = [&](Statement& statement) {
        statement.bind(1, database);
        statement.bind(2, lane);
    };
    std::string writer;
    auto done = connection.run(kForgetOld, bind);
    if (done) {
        done = connection.for_each_row(
                kAdd, bind, [&](const Statement& row) { writer = row.text(0); });
    }
    if (!done) {
        return std::unexpected(std::move(done.error()));
    }
    return writer;
}

}  // namespace

Result<std::string> new_cursor_writer(
        StateDatabase& state, const std::string& database, const std::string& lane) {
    using Added = SqliteResult<std::string>;
    return state.run("cannot save a lane's name", [&](SqliteConnection& connection) -> Added {
        auto transaction = Transaction::begin_write(connection);
        if (!transaction) {
            return std::unexpected(std::move(transaction.error()));
        }
        auto writer = add_writer(connection, database, lane);
        if (!writer) {
            return writer;
        }
        if (auto committed = transaction->commit(); !committed) {
            return std::unexpected(std::move(committed.error()));
        }
        return writer;
    });
}

Result<bool> is_cursor_writer(StateDatabase& state, const std::string& writer) {
    return state.run("cannot look up a lane's name",
            [&](SqliteConnection& connection) -> SqliteResult<bool> {
                auto select = connection.prepare("SELECT 1 FROM cursor_writer WHERE writer = ?");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, writer);
                return select->step();
            });
}

}  // namespace foz::state
