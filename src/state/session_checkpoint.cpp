// SPDX-License-Identifier: Apache-2.0
#include "state/session_checkpoint.h"

#include "base/bytes.h"

namespace foz::state {

namespace {

SqliteResult<void> delete_sessions(SqliteConnection& connection, const std::string& journal_id) {
    auto remove = connection.prepare("DELETE FROM session WHERE journal = ?");
    if (!remove) {
        return std::unexpected(std::move(remove.error()));
    }
    remove->bind(1, journal_id);
    return remove->run();
}

SqliteResult<void> insert_sessions(
    SqliteConnection& connection,
    const std::string& journal_id,
    std::span<const SessionSnapshot> sessions
) {
    auto insert = connection.prepare("INSERT INTO session VALUES (?, ?, ?, ?)");
    if (!insert) {
        return std::unexpected(std::move(insert.error()));
    }
    std::string packet_ids;
    for (const SessionSnapshot& session : sessions) {
        packet_ids.clear();
        for (const std::uint16_t id : session.unreleased) {
            append_little(packet_ids, id);
        }
        insert->bind(1, journal_id);
        insert->bind(2, session.client_id);
        insert->bind(3, static_cast<std::int64_t>(session.expiry_seconds));
        insert->bind_blob(4, as_bytes(packet_ids));
        if (auto inserted = insert->run(); !inserted) {
            return inserted;
        }
    }
    return {};
}

SqliteResult<void> set_position(
    SqliteConnection& connection, const std::string& journal_id, std::uint64_t position
) {
    auto set = connection.prepare("INSERT OR REPLACE INTO session_checkpoint VALUES (?, ?)");
    if (!set) {
        return std::unexpected(std::move(set.error()));
    }
    set->bind(1, journal_id);
    set->bind(2, static_cast<std::int64_t>(position));
    return set->run();
}

SqliteResult<std::optional<std::uint64_t>> get_position(
    SqliteConnection& connection, const std::string& journal_id
) {
    auto get = connection.prepare("SELECT position FROM session_checkpoint WHERE journal = ?");
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
    return static_cast<std::uint64_t>(get->integer(0));
}

std::vector<std::uint16_t> packet_ids_from(ByteView bytes) {
    std::vector<std::uint16_t> ids(bytes.size() / sizeof(std::uint16_t));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = load_little<std::uint16_t>(bytes.data() + i * sizeof(std::uint16_t));
    }
    return ids;
}

SqliteResult<std::vector<SessionSnapshot>> select_sessions(
    SqliteConnection& connection, const std::string& journal_id
) {
    auto select = connection.prepare(
        "SELECT client_id, expiry_seconds, unreleased FROM session WHERE journal = ?"
    );
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
        sessions.push_back(
            {std::string(select->text(0)),
             static_cast<std::uint32_t>(select->integer(1)),
             packet_ids_from(select->blob(2))}
        );
    }
}

}  // namespace

Result<void> save_sessions(
    StateDatabase& state,
    const std::string& journal_id,
    std::uint64_t position,
    std::span<const SessionSnapshot> sessions
) {
    return state.run(
        "cannot save the sessions",
        [&](SqliteConnection& connection) -> SqliteResult<void> {
            auto transaction = Transaction::begin_write(connection);
            if (!transaction) {
                return std::unexpected(std::move(transaction.error()));
            }
            if (auto deleted = delete_sessions(connection, journal_id); !deleted) {
                return deleted;
            }
            if (auto inserted = insert_sessions(connection, journal_id, sessions); !inserted) {
                return inserted;
            }
            if (auto set = set_position(connection, journal_id, position); !set) {
                return set;
            }
            return transaction->commit();
        }
    );
}

Result<std::optional<SessionCheckpoint>> load_sessions(
    StateDatabase& state, const std::string& journal_id
) {
    using Loaded = SqliteResult<std::optional<SessionCheckpoint>>;
    return state.run("cannot read the sessions", [&](SqliteConnection& connection) -> Loaded {
        auto transaction = Transaction::begin_read(connection);
        if (!transaction) {
            return std::unexpected(std::move(transaction.error()));
        }
        auto position = get_position(connection, journal_id);
        if (!position) {
            return std::unexpected(std::move(position.error()));
        }
        if (!*position) {
            return std::nullopt;
        }
        auto sessions = select_sessions(connection, journal_id);
        if (!sessions) {
            return std::unexpected(std::move(sessions.error()));
        }
        return SessionCheckpoint{**position, std::move(*sessions)};
    });
}

}  // namespace foz::state
