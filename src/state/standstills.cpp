// SPDX-License-Identifier: Apache-2.0
#include "state/standstills.h"

#include "state/stored.h"

namespace foz::state {

namespace {

using Notes = std::vector<StandstillNote>;

SqliteResult<Notes> read_notes(SqliteConnection& connection) {
    Notes notes;
    const auto made = connection.integer_of(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'standstill'");
    if (!made) {
        return std::unexpected(made.error());
    }
    if (*made == 0) {
        return notes;  // of an older foz
    }
    auto read = connection.for_each_row(
            "SELECT journal, database, lane, since, noted, waiting, cause, needs_person FROM "
            "standstill ORDER BY database, lane",
            [](const Statement& /*select*/) {},
            [&](const Statement& row) {
                notes.push_back(StandstillNote{
                    .journal = std::string(row.text(0)),
                    .database = std::string(row.text(1)),
                    .lane = std::string(row.text(2)),
                    .since = SystemTime(Microseconds(row.integer(3))),
                    .noted = SystemTime(Microseconds(row.integer(4))),
                    .waiting = static_cast<std::uint64_t>(row.integer(5)),
                    .cause = std::string(row.text(6)),
                    .needs_person = row.integer(7) != 0,
                });
            });
    if (!read) {
        return std::unexpected(std::move(read.error()));
    }
    return notes;
}

}  // namespace

Result<void> save_standstill(StateDatabase& state, const StandstillNote& note) {
    return state.run("cannot note that a lane stands still", [&](SqliteConnection& connection) {
        return connection.run(
                "INSERT INTO standstill VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (journal, "
                "database, lane) DO UPDATE SET noted = excluded.noted, waiting = excluded.waiting, "
                "cause = excluded.cause, needs_person = excluded.needs_person",
                [&](Statement& statement) {
                    statement.bind(1, note.journal);
                    statement.bind(2, note.database);
                    statement.bind(3, note.lane);
                    statement.bind(4, stored(note.since));
                    statement.bind(5, stored(note.noted));
                    statement.bind(6, static_cast<std::int64_t>(note.waiting));
                    statement.bind(7, note.cause);
                    statement.bind(8, static_cast<std::int64_t>(note.needs_person));
                });
    });
}

Result<void> remove_standstill(StateDatabase& state, const std::string& journal,
        const std::string& database, const std::string& lane) {
    return state.run("cannot note that a lane moves again", [&](SqliteConnection& connection) {
        return connection.run(
                "DELETE FROM standstill WHERE journal = ? AND database = ? AND lane = ?",
                [&](Statement& statement) {
                    statement.bind(1, journal);
                    statement.bind(2, database);
                    statement.bind(3, lane);
                });
    });
}

Result<void> remove_standstills_of_others(StateDatabase& state, const std::string& journal) {
    return state.run("cannot forget lanes of other journals", [&](SqliteConnection& connection) {
        return connection.run("DELETE FROM standstill WHERE journal <> ?",
                [&](Statement& statement) { statement.bind(1, journal); });
    });
}

Result<std::vector<StandstillNote>> read_standstills(const std::filesystem::path& file) {
    auto connection = SqliteConnection::open(file, {.read_only = true});
    auto notes = connection ? read_notes(*connection)
                            : SqliteResult<Notes>(std::unexpected(connection.error()));
    if (!notes) {
        return std::unexpected(to_error(notes.error(),
                fmt::format("{}: cannot read which lanes stand still", file.string())));
    }
    return std::move(*notes);
}

}  // namespace foz::state
