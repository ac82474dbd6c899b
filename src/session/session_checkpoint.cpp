// SPDX-License-Identifier: Apache-2.0
#include "session/session_checkpoint.h"

#include "base/bytes.h"
#include "session/stored_deliveries.h"
#include "state/stored.h"

namespace foz::session {

namespace {

/// Runs `sql` for each client id.
state::SqliteResult<void> each_bound(state::SqliteConnection& connection, std::string_view sql,
        const std::string& journal_id, std::span<const std::string> client_ids) {
    auto statement = connection.prepare(sql);
    if (!statement) {
        return std::unexpected(std::move(statement.error()));
    }
    for (const std::string& client_id : client_ids) {
        statement->bind(1, journal_id);
        statement->bind(2, client_id);
        if (auto ran = statement->run(); !ran) {
            return ran;
        }
    }
    return {};
}

state::SqliteResult<void> put_sessions(state::SqliteConnection& connection,
        const std::string& journal_id, std::span<const SessionSnapshot> sessions) {
    auto insert = connection.prepare(
            "INSERT OR REPLACE INTO session (journal, client_id, expiry_seconds, unreleased, "
            "contents, connected, since, subscriptions, deliveries, covered) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert) {
        return std::unexpected(std::move(insert.error()));
    }
    std::string packet_ids;
    std::string contents;
    for (const SessionSnapshot& session : sessions) {
        packet_ids.clear();
        contents.clear();
        for (const Unreleased& message : session.unreleased) {
            append_little(packet_ids, message.packet_id);
            append_little(contents, message.content);
        }
        insert->bind(1, journal_id);
        insert->bind(2, session.client_id);
        insert->bind(3, static_cast<std::int64_t>(session.expiry_seconds));
        insert->bind_blob(4, as_bytes(packet_ids));
        insert->bind_blob(5, as_bytes(contents));
        insert->bind(6, static_cast<std::int64_t>(session.presence.connected));
        insert->bind(7, std::int64_t{session.presence.since.time_since_epoch().count()});
        const std::string subscriptions = stored(session.deliveries.subscriptions);
        const std::string deliveries = stored(session.deliveries.queue);
        insert->bind_blob(8, as_bytes(subscriptions));
        insert->bind_blob(9, as_bytes(deliveries));
        insert->bind(10, state::stored(session.deliveries.covered));
        if (auto inserted = insert->run(); !inserted) {
            return inserted;
        }
    }
    return {};
}

state::SqliteResult<void> set_position(state::SqliteConnection& connection,
        const std::string& journal_id, journal::Position position, SystemTime now) {
    auto set = connection.prepare(
            "INSERT OR REPLACE INTO session_checkpoint (journal, position, saved) VALUES (?, ?, "
            "?)");
    if (!set) {
        return std::unexpected(std::move(set.error()));
    }
    set->bind(1, journal_id);
    set->bind(2, state::stored(position));
    set->bind(3, std::int64_t{now.time_since_epoch().count()});
    return set->run();
}

SystemTime time_from(std::int64_t microseconds) {
    return SystemTime(Microseconds(microseconds));
}

/// Without its sessions.
state::SqliteResult<std::optional<SessionCheckpoint>> get_checkpoint(
        state::SqliteConnection& connection, const std::string& journal_id) {
    auto get =
            connection.prepare("SELECT position, saved FROM session_checkpoint WHERE journal = ?");
    if (!get) {
        return std::unexpected(std::move(get.error()));
    }
    get->bind(1, journal_id);
    auto row = get->step();
    if (!row) {
        return std::unexpected(std::move(row.error()));
    }
    if (!*row) {
        return std::nullopt;
    }
    return SessionCheckpoint{
        .position = state::position_from(get->integer(0)),
        .sessions = {},
        .saved = time_from(get->integer(1)),
    };
}

template <class Number>
Number number_at(ByteView bytes, std::size_t index) {
    return load_little<Number>(bytes.data() + index * sizeof(Number));
}

// A checkpoint of a foz that did not note contents has none.
std::vector<Unreleased> unreleased_from(ByteView packet_ids, ByteView contents) {
    std::vector<Unreleased> messages(packet_ids.size() / sizeof(std::uint16_t));
    const bool with_content = contents.size() == messages.size() * sizeof(std::uint32_t);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        messages[i].packet_id = number_at<std::uint16_t>(packet_ids, i);
        messages[i].content = with_content ? number_at<std::uint32_t>(contents, i) : 0;
    }
    return messages;
}

state::SqliteResult<std::vector<SessionSnapshot>> select_sessions(
        state::SqliteConnection& connection, const std::string& journal_id) {
    auto select = connection.prepare(
            "SELECT client_id, expiry_seconds, unreleased, contents, connected, since, "
            "subscriptions, deliveries, covered FROM session WHERE journal = ? ORDER BY client_id");
    if (!select) {
        return std::unexpected(std::move(select.error()));
    }
    select->bind(1, journal_id);
    std::vector<SessionSnapshot> sessions;
    while (true) {
        auto row = select->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return sessions;
        }
        sessions.push_back({
            .client_id = std::string(select->text(0)),
            .expiry_seconds = static_cast<std::uint32_t>(select->integer(1)),
            .unreleased = unreleased_from(select->blob(2), select->blob(3)),
            .presence = {.connected = select->integer(4) != 0,
                .since = time_from(select->integer(5))},
            .deliveries = {.queue = queue_from(select->blob(7)),
                .subscriptions = subscriptions_from(select->blob(6)),
                .covered = state::position_from(select->integer(8))},
        });
    }
}

}  // namespace

SessionChanges changes_between(
        std::span<const SessionSnapshot> before, std::span<const SessionSnapshot> after) {
    SessionChanges changes;
    auto old = before.begin();
    for (const SessionSnapshot& session : after) {
        for (; old != before.end() && old->client_id < session.client_id; ++old) {
            changes.gone.push_back(old->client_id);
        }
        const bool was_there = old != before.end() && old->client_id == session.client_id;
        if (!was_there || *old != session) changes.changed.push_back(session);
        if (was_there) ++old;
    }
    for (; old != before.end(); ++old) {
        changes.gone.push_back(old->client_id);
    }
    return changes;
}

Result<void> save_sessions(state::StateDatabase& state, const std::string& journal_id,
        journal::Position position, const SessionChanges& changes, SystemTime now) {
    return state.run("cannot save the sessions",
            [&](state::SqliteConnection& connection) -> state::SqliteResult<void> {
                auto transaction = state::Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                if (auto removed = each_bound(connection,
                            "DELETE FROM session WHERE journal = ? AND client_id = ?", journal_id,
                            changes.gone);
                        !removed) {
                    return removed;
                }
                if (auto put = put_sessions(connection, journal_id, changes.changed); !put) {
                    return put;
                }
                if (auto set = set_position(connection, journal_id, position, now); !set) {
                    return set;
                }
                return transaction->commit();
            });
}

Result<std::optional<SessionCheckpoint>> load_sessions(
        state::StateDatabase& state, const std::string& journal_id) {
    using Loaded = state::SqliteResult<std::optional<SessionCheckpoint>>;
    return state.run(
            "cannot read the sessions", [&](state::SqliteConnection& connection) -> Loaded {
                auto transaction = state::Transaction::begin_read(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto checkpoint = get_checkpoint(connection, journal_id);
                if (!checkpoint || !*checkpoint) {
                    return checkpoint;
                }
                auto sessions = select_sessions(connection, journal_id);
                if (!sessions) {
                    return std::unexpected(std::move(sessions.error()));
                }
                (*checkpoint)->sessions = *std::move(sessions);
                return checkpoint;
            });
}

Result<void> request_session_end(
        state::StateDatabase& state, const std::string& journal_id, const std::string& client_id) {
    return state.run("cannot note a session's end", [&](state::SqliteConnection& connection) {
        return each_bound(connection,
                "INSERT OR IGNORE INTO session_end (journal, client_id) VALUES (?, ?)", journal_id,
                std::span(&client_id, 1));
    });
}

Result<std::vector<std::string>> load_session_ends(
        state::StateDatabase& state, const std::string& journal_id) {
    using Loaded = state::SqliteResult<std::vector<std::string>>;
    return state.run("cannot read whose sessions are to end",
            [&](state::SqliteConnection& connection) -> Loaded {
                auto select =
                        connection.prepare("SELECT client_id FROM session_end WHERE journal = ?");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal_id);
                std::vector<std::string> client_ids;
                while (true) {
                    auto row = select->step();
                    if (!row) {
                        return std::unexpected(std::move(row.error()));
                    }
                    if (!*row) {
                        return client_ids;
                    }
                    client_ids.emplace_back(select->text(0));
                }
            });
}

Result<void> forget_session_ends(state::StateDatabase& state, const std::string& journal_id,
        std::span<const std::string> client_ids) {
    return state.run("cannot forget a session's end", [&](state::SqliteConnection& connection) {
        return each_bound(connection, "DELETE FROM session_end WHERE journal = ? AND client_id = ?",
                journal_id, client_ids);
    });
}

}  // namespace foz::session
