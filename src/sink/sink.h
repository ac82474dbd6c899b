// SPDX-License-Identifier: Apache-2.0
// A sink: the four small things that a database has to know for foz. When, how often, how large and
// what next is the runner's (runner.h), written once. To add a database: one folder that implements
// Sink and Dialect, one line in registry.cpp, and it must pass tests/sink/sink_contract_test.
//
// Exactly once: write() stores the rows, the cursor and the ledger in one transaction of the
// database. Whoever connects next reads the cursor back and goes on from there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "mapping/mapping.h"
#include "mapping/row_batch.h"

namespace foz::sink {

/// What an error of the database means for the batch at hand. Unknown errors are `retry`.
enum class FailureKind : std::uint8_t {
    retry,  // nothing was written; the same may succeed later (disk full, lock time-out, read-only)
    reconnect,  // nothing was written, the connection is unusable (server gone, restarted, shut
                // down)
    refused,    // the data is to blame: without the refused rows the batch would have been written
    blocked,    // a person has to act, and the message says how: a table does not fit
    in_doubt,   // the connection was lost while COMMIT was under way: read the cursor back to know
    schema,     // a table or column is missing or of another type than at connect: connect() again
};

/// The code of a row whose key is taken by another reading.
inline constexpr std::string_view kKeyConflict = "foz-key";
/// The code of a row that a trigger keeps out of its table.
inline constexpr std::string_view kKeptOut = "foz-trigger";

/// A row that is to blame by itself, whatever becomes of the others.
struct RefusedRow {
    std::size_t row = 0;  // index into the written rows
    std::string code;     // as SinkError::code
    std::string message;  // for a person
};

struct SinkError {
    FailureKind failure = FailureKind::retry;
    std::string code;     // SQLSTATE, or the database's own error number; "" if there is none
    std::string message;  // for a person; never payload text at length
    std::optional<std::size_t>
            row;  // refused: index into the written rows of the one to blame, if known
    /// Refused: all that are known to be to blame; `row`, `code` and `message` are the first one's.
    // Initialized, because GCC warns of an aggregate that leaves it out otherwise.
    std::vector<RefusedRow> rows{};  // NOLINT(readability-redundant-member-init)
    /// The table whose statement failed, as Mapping::tables() counts, if the rest of the database
    /// may well be good: it is locked, slow, denied, broken.
    std::optional<std::size_t> table = std::nullopt;
};

template <class T>
using SinkResult = std::expected<T, SinkError>;

/// `return fail(FailureKind::schema, "table {} has just been dropped", name);`: fail() of
/// base/error.h for a SinkError, which gets no code and no row.
template <class... Args>
[[nodiscard]] std::unexpected<SinkError> fail(
        FailureKind failure, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(
            SinkError{failure, "", fmt::format(format, std::forward<Args>(args)...), std::nullopt});
}

/// Passes an error on: pass_on() of base/error.h for a SinkError.
template <class T>
[[nodiscard]] std::unexpected<SinkError> pass_on(SinkResult<T>& failed) {
    return std::unexpected(std::move(failed.error()));
}

/// An error of foz's own files, in the midst of a sink's: the same may succeed later.
[[nodiscard]] inline std::unexpected<SinkError> retry_after(const Error& error) {
    return fail(FailureKind::retry, "{}", error.message);
}

/// "value too long [22001]", for a person.
[[nodiscard]] inline std::string text_of(const SinkError& error) {
    return error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code);
}

/// Where a lane has come to: the next item to be written.
using Cursor = mapping::Origin;

/// Counts of one route in one lane, since the journal began: one row of foz_ledger, whose primary
/// key is (journal, lane, route). Over all lanes received = stored + duplicate + dead + waiting.
struct LedgerLine {
    std::string route;
    std::uint64_t stored = 0;
    std::uint64_t duplicate = 0;
    std::int64_t dead = 0;  // negative in the lane that replays dead letters
};

/// Which cursor: one row of foz_cursor, whose primary key is (journal, lane).
struct LaneName {
    std::string journal;  // the journal's id
    std::string lane;     // "main-0", "replay-...": unique for each reader of the journal into this
                          // database
    /// Who moves the cursor now: kept with it (cursor_owner.h).
    std::string writer{};  // NOLINT(readability-redundant-member-init)
};

/// What shows whose a cursor is: two foz whose journals have one id take no cursor of the other's.
struct CursorMark {
    std::string writer;             // who moved it last; "": a foz that did not say
    std::uint64_t fingerprint = 0;  // of the record before it (journal::Record); 0: not known

    bool operator==(const CursorMark&) const = default;
};

/// What has become of a table.
struct PreparedTable {
    std::vector<mapping::Column> columns;  // that the database has; not those of unknown types
    /// Of an inferred table: what it cannot get, by the database's own final word. Each change was
    /// tried by itself, so that none is refused because of another.
    std::vector<mapping::Refusal> refused;
    /// Why no row can be written into it: it does not fit, or cannot be looked at or made.
    std::optional<SinkError> misfit = std::nullopt;
};

/// What a new connection finds.
struct Connected {
    Cursor cursor;  // {0, 0} when this lane has never written here
    CursorMark mark;
    std::vector<LedgerLine> ledger;
    std::vector<PreparedTable> tables;  // as handed to connect(), in that order
};

/// What one write stores beside the rows, in the same transaction.
struct Commit {
    Cursor cursor;
    std::vector<std::int64_t>
            dead;  // by route: dead letters since the last commit, to be added to the ledger
    /// Called when all is written and only COMMIT is missing: what must be kept elsewhere before
    /// that. On an error nothing is committed. May be empty.
    std::function<SinkResult<void>()> before_commit{};  // NOLINT(readability-redundant-member-init)
    std::uint64_t fingerprint = 0;  // of the record before the cursor; 0: not known
};

struct Written {
    std::vector<std::uint64_t> stored;     // by route
    std::vector<std::uint64_t> duplicate;  // by route
};

/// What one lane has left in a database.
struct LaneState {
    std::string lane;
    Cursor cursor;
    CursorMark mark;
    std::vector<LedgerLine> ledger;
};

/// What the lanes of another journal, of another foz or of one before, have stored by one route.
struct ForeignTotal {
    std::string journal;
    std::string route;
    std::uint64_t stored = 0;
};

/// What a database holds, all seen in one snapshot, so that it adds up while foz is writing.
struct Audit {
    std::vector<LaneState> lanes;  // every lane of the journal, by name
    std::vector<std::uint64_t>
            rows;  // count(*) of each table asked for, in that order; 0 if it is not there
    std::vector<ForeignTotal> foreign;  // by journal and route, as far as anything was stored
};

/// One connection to one database, for one lane. One thread. No call waits for ever: a server that
/// is silent for SinkOptions::answer_timeout counts as a lost connection.
class Sink {
  public:
    virtual ~Sink() = default;

    /// Connects; creates foz_cursor and foz_ledger and the tables that are missing; compares the
    /// ones that are there with what the routes want (an inferred table's missing columns are
    /// added); reads cursor and ledger. Tables that are elsewhere are not looked at. A table that
    /// does not fit has a misfit, whose message names both sides; then nothing can be written until
    /// connect() is called once more, with that table elsewhere. When none fits, that is the error;
    /// FailureKind::blocked.
    [[nodiscard]] virtual SinkResult<Connected> connect(
            const LaneName& lane, const mapping::Mapping& mapping) = 0;

    /// Connects, reads the catalogue, and changes nothing: for `foz check --connect`. A line for
    /// each table of `mapping`: "table temperature: will be created", "table temperature: fits".
    /// FailureKind::blocked: tables do not fit, the message names them all with both sides.
    [[nodiscard]] virtual SinkResult<std::vector<std::string>> inspect(
            const mapping::Mapping& mapping) = 0;

    /// Makes the inferred `table` in the database have the columns that the mapping now wants, as
    /// far as the database allows. What it refuses must not be in the next rows.
    [[nodiscard]] virtual SinkResult<PreparedTable> extend(const mapping::Table& table) = 0;

    /// Writes rows [first, last) of `batch` and `commit` in one transaction, if the cursor is still
    /// where this connection saw it, and by whom; FailureKind::reconnect if it is not. A row whose
    /// key is there already is compared with the stored one (sink/key_conflict.h): when it is the
    /// same reading, it is a duplicate: not stored, counted; when it is another,
    /// FailureKind::refused with kKeyConflict. If the table `replaces` (sink/key_conflict.h), the
    /// last row of a key is what is stored then, and every row that found its key there counts as a
    /// duplicate. Any other violation, and a row that the database leaves out although the
    /// statement succeeds: FailureKind::refused. Then nothing is written. Rows that are certainly
    /// to blame are in SinkError::rows: they are not tried again.
    [[nodiscard]] virtual SinkResult<Written> write(const mapping::RowBatch& batch,
            std::size_t first, std::size_t last, const Commit& commit) = 0;

    /// For `foz verify` and `foz dead`: the lanes of `journal` and the rows of `tables`, read in
    /// one transaction that sees one snapshot. Connects first if it has to; creates nothing (no
    /// foz_cursor: no lanes).
    [[nodiscard]] virtual SinkResult<Audit> audit(const std::string& journal,
            std::span<const std::unique_ptr<mapping::Table>> tables) = 0;

    /// Ends the connection at once; connect() may follow.
    virtual void close() = 0;

    /// Any thread. From `deadline` on no call waits for a server's answer: what is under way then
    /// fails, as when the connection is lost. Only an attempt to connect may take its time-out
    /// still.
    virtual void end_waits_at(SteadyTime deadline) = 0;
};

/// The SQL that a database of this kind would be sent, for `foz explain` and for the sinks
/// themselves. Pure: needs no connection. Identifiers are quoted, so that no name can become SQL.
class Dialect {
  public:
    virtual ~Dialect() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;  // "PostgreSQL"
    [[nodiscard]] virtual std::string quoted(std::string_view identifier) const = 0;
    [[nodiscard]] virtual std::string_view type_name(mapping::ColumnType type) const = 0;
    [[nodiscard]] virtual std::string create_table(const mapping::Table& table) const = 0;
    [[nodiscard]] virtual std::string insert(const mapping::Table& table) const = 0;
    /// A value as a literal, for display only: foz itself never puts values into SQL text.
    [[nodiscard]] virtual std::string literal(const mapping::Value& value) const = 0;
};

struct SinkOptions {
    std::string url;
    std::string password;  // from password_file; "" if there is none
    std::chrono::milliseconds connect_timeout{10'000};
    /// How long the server may be silent in the middle of a statement.
    std::chrono::milliseconds answer_timeout{120'000};
};

/// The sinks that foz knows, by the scheme of their URL.
struct SinkKind {
    std::string_view scheme;  // "postgresql"
    const Dialect& (*dialect)();
    Result<std::unique_ptr<Sink>> (*make)(
            const SinkOptions& options);  // checks the URL; does not connect
};

[[nodiscard]] std::span<const SinkKind> sink_kinds();

/// Error: invalid, listing the schemes that are known.
[[nodiscard]] Result<const SinkKind*> sink_kind_for(std::string_view url);

}  // namespace foz::sink
