// SPDX-License-Identifier: Apache-2.0
#include "state/journal_renewal.h"

#include <array>

#include "state/stored.h"

namespace foz::state {

namespace {

constexpr std::array kMoves = {
    "INSERT INTO renewed_letters SELECT ?2, database, route, count(*) FROM dead_letters WHERE "
    "journal = ?1 GROUP BY database, route",
    "UPDATE dead_letters SET journal = ?2 WHERE journal = ?1",
    "UPDATE replayed_letters SET journal = ?2 WHERE journal = ?1",
    "UPDATE session_checkpoint SET journal = ?2 WHERE journal = ?1",
    "UPDATE session SET journal = ?2 WHERE journal = ?1",
    "UPDATE session_end SET journal = ?2 WHERE journal = ?1",
    "UPDATE waiting_message SET journal = ?2 WHERE journal = ?1",
    "UPDATE retained SET journal = ?2 WHERE journal = ?1",
    "UPDATE bridge_progress SET journal = ?2 WHERE journal = ?1",
    "UPDATE lane_layout SET journal = ?2, since = (SELECT r.since FROM journal_renewal r WHERE "
    "r.after = ?2 AND r.database = lane_layout.database) WHERE journal = ?1 AND EXISTS (SELECT 1 "
    "FROM journal_renewal r WHERE r.after = ?2 AND r.database = lane_layout.database)",
    // A person decided about these when he gave the journal another id.
    "DELETE FROM gap WHERE journal = ?1",
    "DELETE FROM standstill WHERE journal = ?1",
    // The lanes begin where the slowest of them was, side lanes too.
    "DELETE FROM side_span WHERE journal = ?1",
};

SqliteResult<void> move_everything(
        SqliteConnection& connection, const std::string& before, const std::string& after) {
    for (const char* sql : kMoves) {
        auto moved = connection.run(sql, [&](Statement& statement) {
            statement.bind(1, before);
            if (std::string_view(sql).contains("?2")) {
                statement.bind(2, after);
            }
        });
        if (!moved) {
            return moved;
        }
    }
    return {};
}

}  // namespace

Result<void> begin_renewal(StateDatabase& state, const Renewal& renewal) {
    return state.run("cannot note the journal's new id",
            [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto insert = connection.prepare("INSERT INTO journal_renewal VALUES (?, ?, ?, ?)");
                if (!insert) {
                    return std::unexpected(std::move(insert.error()));
                }
                // The empty name stands for the state that belongs to no database.
                std::vector<RenewedDatabase> all = renewal.databases;
                all.push_back({"", {}});
                for (const RenewedDatabase& database : all) {
                    insert->bind(1, renewal.after);
                    insert->bind(2, renewal.before);
                    insert->bind(3, database.name);
                    insert->bind(4, stored(database.since));
                    if (auto inserted = insert->run(); !inserted) {
                        return inserted;
                    }
                }
                return transaction->commit();
            });
}

Result<void> finish_renewal(StateDatabase& state, const std::string& journal) {
    return state.run("cannot carry over what was kept under the journal's id before",
            [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto select = connection.prepare(
                        "SELECT before FROM journal_renewal WHERE after = ? AND database = ''");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal);
                auto row = select->step();
                if (!row) {
                    return std::unexpected(std::move(row.error()));
                }
                if (!*row) {
                    return {};
                }
                const std::string before(select->text(0));
                select->reset();
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                if (auto moved = move_everything(connection, before, journal); !moved) {
                    return moved;
                }
                return transaction->commit();
            });
}

Result<std::optional<BeforeRenewal>> load_renewal(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    using Loaded = SqliteResult<std::optional<BeforeRenewal>>;
    return state.run("cannot read the journal's ids", [&](SqliteConnection& connection) -> Loaded {
        const auto bind = [&](Statement& select) {
            select.bind(1, journal);
            select.bind(2, database);
        };
        std::optional<BeforeRenewal> renewal;
        auto read = connection.for_each_row(
                "SELECT since FROM journal_renewal WHERE after = ? AND database = ?", bind,
                [&](const Statement& row) {
                    renewal.emplace().since = position_from(row.integer(0));
                });
        if (read && renewal) {
            read = connection.for_each_row(
                    "SELECT route, letters FROM renewed_letters WHERE journal = ? AND database = ?",
                    bind, [&](const Statement& row) {
                        renewal->letters.push_back({std::string(row.text(0)), row.integer(1)});
                    });
        }
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        return renewal;
    });
}

}  // namespace foz::state
