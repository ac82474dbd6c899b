// SPDX-License-Identifier: Apache-2.0
#include "state/state_database.h"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foz::state {

namespace {

// One entry for each version of the schema: the SQL that makes it from the version before. What has
// been released is never changed; a change is a new entry.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    route TEXT NOT NULL,
    reading INTEGER NOT NULL,
    topic TEXT NOT NULL,
    client TEXT NOT NULL,
    received INTEGER NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    payload BLOB NOT NULL,
    reason TEXT NOT NULL,
    code TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'replaying', 'discarded')),
    replay INTEGER,
    replay_index INTEGER,
    UNIQUE (journal, database, lane, position, ordinal)
);
CREATE INDEX dead_letters_by_route ON dead_letters (database, route, status);

CREATE TABLE session_checkpoint (
    journal TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE session (
    journal TEXT NOT NULL,
    client_id TEXT NOT NULL,
    expiry_seconds INTEGER NOT NULL,
    unreleased BLOB NOT NULL,
    PRIMARY KEY (journal, client_id)
) WITHOUT ROWID;

CREATE TABLE lane_layout (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lanes INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (journal, database)
) WITHOUT ROWID;
CREATE TABLE gap (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    first INTEGER NOT NULL,
    past INTEGER NOT NULL,
    noticed INTEGER NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (journal, database, lane, first, past)
) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE bridge_progress (
    journal TEXT NOT NULL,
    bridge TEXT NOT NULL,
    position INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    released INTEGER NOT NULL,
    ahead INTEGER NOT NULL,
    terms TEXT NOT NULL,
    PRIMARY KEY (journal, bridge)
) WITHOUT ROWID;
)sql",
    "ALTER TABLE session ADD COLUMN contents BLOB NOT NULL DEFAULT x''",
    R"sql(
CREATE TABLE cursor_writer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    writer TEXT NOT NULL UNIQUE
);
CREATE INDEX cursor_writer_by_lane ON cursor_writer (database, lane, id);
CREATE TABLE journal_renewal (
    after TEXT NOT NULL,
    before TEXT NOT NULL,
    database TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (after, database)
) WITHOUT ROWID;
CREATE TABLE replayed_letters (
    id INTEGER PRIMARY KEY,
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    route TEXT NOT NULL,
    reading INTEGER NOT NULL,
    topic TEXT NOT NULL,
    client TEXT NOT NULL,
    received INTEGER NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    payload BLOB NOT NULL,
    reason TEXT NOT NULL,
    code TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    replay INTEGER NOT NULL,
    replay_index INTEGER NOT NULL,
    stored INTEGER NOT NULL
);
CREATE INDEX replayed_letters_by_replay ON replayed_letters (journal, database, replay, replay_index);
CREATE TABLE renewed_letters (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    route TEXT NOT NULL,
    letters INTEGER NOT NULL,
    PRIMARY KEY (journal, database, route)
) WITHOUT ROWID;
CREATE TABLE standstill (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    since INTEGER NOT NULL,
    noted INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    cause TEXT NOT NULL,
    needs_person INTEGER NOT NULL,
    PRIMARY KEY (journal, database, lane)
) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE side_span (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lane TEXT NOT NULL,
    table_name TEXT NOT NULL,
    side TEXT NOT NULL,
    begin_position INTEGER NOT NULL,
    begin_ordinal INTEGER NOT NULL,
    past INTEGER,
    PRIMARY KEY (journal, database, lane, table_name, begin_position, begin_ordinal)
) WITHOUT ROWID;
ALTER TABLE session ADD COLUMN connected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_checkpoint ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;
CREATE TABLE session_end (
    journal TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (journal, client_id)
) WITHOUT ROWID;
)sql",
    "ALTER TABLE dead_letters ADD COLUMN user TEXT NOT NULL DEFAULT ''; ALTER TABLE "
    "replayed_letters ADD COLUMN user TEXT NOT NULL DEFAULT ''",
    R"sql(
CREATE TABLE route_start (
    journal TEXT NOT NULL,
    database TEXT NOT NULL,
    lanes INTEGER NOT NULL,
    lane TEXT NOT NULL,
    route TEXT NOT NULL,
    table_name TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (journal, database, lanes, lane, route)
) WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE session ADD COLUMN subscriptions BLOB NOT NULL DEFAULT x'';
ALTER TABLE session ADD COLUMN deliveries BLOB NOT NULL DEFAULT x'';
ALTER TABLE session ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;
CREATE TABLE retained (
    journal TEXT NOT NULL,
    topic TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (journal, topic)
) WITHOUT ROWID;
CREATE TABLE waiting_message (
    journal TEXT NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (journal, position)
) WITHOUT ROWID;
)sql",
};
constexpr auto kSchemaVersion = static_cast<std::int64_t>(kMigrations.size());

bool may_only_be_read(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    return ::access(file.c_str(), F_OK) == 0 &&
           (::access(file.c_str(), W_OK) != 0 || ::access(folder.c_str(), W_OK) != 0);
}

// SQLite's other two files are there while a foz has it open, and after a crash.
bool has_write_ahead_log(const std::filesystem::path& file) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(file.string() + "-wal", ignored);
    return !ignored && size > 0;
}

// Dead letters are what devices have sent: as the journal, only for its owner and group. SQLite
// makes its other files like this one. An error shows when the file is opened. One that is there is
// not opened here: closing it would undo SQLite's locks.
void keep_from_others(const std::filesystem::path& file) {
    constexpr mode_t kOwnerAndGroup = 0640;
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0) {
        if ((status.st_mode & S_IRWXO) != 0) {
            (void)::chmod(file.c_str(), status.st_mode & kOwnerAndGroup);
        }
        return;
    }
    const int descriptor =
            ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerAndGroup);
    if (descriptor >= 0) {
        ::close(descriptor);
    }
}

}  // namespace

Result<std::unique_ptr<StateDatabase>> StateDatabase::open(const std::filesystem::path& file) {
    const bool read_only = may_only_be_read(file);
    if (!read_only) {
        keep_from_others(file);
    }
    auto connection =
            SqliteConnection::open(file, {.read_only = read_only,
                                             .unchanging = read_only && !has_write_ahead_log(file),
                                             .gives_space_back = true});
    if (!connection) {
        return std::unexpected(
                to_error(connection.error(), fmt::format("cannot open {}", file.string())));
    }
    std::unique_ptr<StateDatabase> state(new StateDatabase(file, std::move(*connection)));
    if (auto migrated = state->migrate(read_only); !migrated) {
        return pass_on(migrated);
    }
    return state;
}

Result<void> StateDatabase::migrate(bool read_only) {
    auto version = run("cannot read the schema version", [](SqliteConnection& connection) {
        return connection.integer_of("PRAGMA user_version");
    });
    if (!version) {
        return pass_on(version);
    }
    if (*version > kSchemaVersion) {
        return fail(ErrorCode::unsupported,
                "{} was made by a newer foz (its schema is version {}, this foz knows {}); use "
                "that foz, or another data folder",
                file_.string(), *version, kSchemaVersion);
    }
    if (*version == kSchemaVersion) {
        return {};
    }
    if (read_only) {
        return fail(ErrorCode::unsupported,
                "{} was made by an older foz and may only be read here: run this as foz's user, or "
                "let the present foz run once",
                file_.string());
    }
    return run("cannot bring its tables up to date",
            [](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                // Read again: another process may have migrated while this one waited for the lock.
                auto current = connection.integer_of("PRAGMA user_version");
                if (!current) {
                    return std::unexpected(std::move(current.error()));
                }
                for (std::int64_t next = *current; next < kSchemaVersion; ++next) {
                    const std::string sql = fmt::format("{}; PRAGMA user_version = {}",
                            kMigrations[static_cast<std::size_t>(next)], next + 1);
                    if (auto made = connection.execute(sql); !made) {
                        return made;
                    }
                }
                return transaction->commit();
            });
}

Error StateDatabase::describe(std::string_view doing, const SqliteError& error) const {
    return to_error(error, fmt::format("{}: {}", file_.string(), doing));
}

}  // namespace foz::state
