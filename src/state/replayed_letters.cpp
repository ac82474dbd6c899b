// SPDX-License-Identifier: Apache-2.0
#include "state/replayed_letters.h"

namespace foz::state {

namespace {

constexpr std::string_view kLetter =
        "id, journal, database, lane, position, ordinal, route, reading, topic, client, received, "
        "qos, retain, payload, reason, code, first_seen, user";

struct Replays {
    const std::string& journal;
    const std::string& database;
    std::pair<std::uint64_t, std::uint32_t> cursor;
};

SqliteResult<std::uint64_t> run_for(
        SqliteConnection& connection, const std::string& sql, const Replays& replays) {
    auto ran = connection.run(sql, [&](Statement& statement) {
        statement.bind(1, replays.journal);
        statement.bind(2, replays.database);
        statement.bind(3, static_cast<std::int64_t>(replays.cursor.first));
        statement.bind(4, static_cast<std::int64_t>(replays.cursor.second));
    });
    if (!ran) {
        return std::unexpected(std::move(ran.error()));
    }
    return static_cast<std::uint64_t>(connection.changes());
}

}  // namespace

SqliteResult<void> keep_replayed(SqliteConnection& connection, const std::string& journal,
        const std::string& database, std::pair<std::uint64_t, std::uint32_t> cursor) {
    constexpr std::string_view kStored =
            "FROM dead_letters WHERE journal = ?1 AND database = ?2 AND status = 'replaying' AND "
            "(replay, replay_index) < (?3, ?4)";
    const std::string statements[] = {
        fmt::format("INSERT INTO replayed_letters ({0}, replay, replay_index, stored) SELECT {0}, "
                    "replay, replay_index, CAST((julianday('now') - 2440587.5) * 86400000000 AS "
                    "INTEGER) {1}",
                kLetter, kStored),
        fmt::format("DELETE {}", kStored),
    };
    for (const std::string& sql : statements) {
        if (auto ran = run_for(connection, sql, {journal, database, cursor}); !ran) {
            return std::unexpected(std::move(ran.error()));
        }
    }
    return {};
}

Result<std::uint64_t> return_lost_replays(StateDatabase& state, const std::string& journal,
        const std::string& database, std::pair<std::uint64_t, std::uint32_t> cursor) {
    constexpr std::string_view kLost =
            "FROM replayed_letters WHERE journal = ?1 AND database = ?2 AND (replay, replay_index) "
            ">= (?3, ?4)";
    return state.run("cannot take replayed letters back",
            [&](SqliteConnection& connection) -> SqliteResult<std::uint64_t> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                const Replays replays{journal, database, cursor};
                // One that a lane has saved anew meanwhile waits already.
                auto returned = run_for(connection,
                        fmt::format("INSERT OR IGNORE INTO dead_letters ({0}) SELECT {0} {1}",
                                kLetter, kLost),
                        replays);
                if (!returned) {
                    return returned;
                }
                auto removed = run_for(connection, fmt::format("DELETE {}", kLost), replays);
                if (!removed) {
                    return removed;
                }
                if (auto committed = transaction->commit(); !committed) {
                    return std::unexpected(std::move(committed.error()));
                }
                return *returned;
            });
}

Result<bool> has_replayed(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    return state.run("cannot read replayed letters",
            [&](SqliteConnection& connection) -> SqliteResult<bool> {
                auto select = connection.prepare(
                        "SELECT 1 FROM replayed_letters WHERE journal = ? AND database = ? LIMIT "
                        "1");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal);
                select->bind(2, database);
                return select->step();
            });
}

Result<void> forget_replayed_before(StateDatabase& state, SystemTime time) {
    return state.run("cannot forget replayed letters", [&](SqliteConnection& connection) {
        return connection.run(
                "DELETE FROM replayed_letters WHERE stored < ?", [&](Statement& statement) {
                    statement.bind(1, std::int64_t{time.time_since_epoch().count()});
                });
    });
}

}  // namespace foz::state
