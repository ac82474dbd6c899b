// SPDX-License-Identifier: Apache-2.0
// The journal: the one log in the middle of foz. Everything that arrives is appended to it;
// everything that leaves is a reader of it with a cursor. It knows neither MQTT nor SQL: a record
// is a kind (a small number that the journal only keeps) and bytes.
//
// This is the interface that the rest of foz sees. LocalJournal (local_journal.h) implements it
// with segment files; a replicated log can implement it later.
//
// Bytes on disk: docs/journal_format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "journal/position.h"

namespace foz::journal {

/// In the stored form, before the bytes of each record: its length (u32) and kind (u8).
inline constexpr std::size_t kRecordHeaderBytes = 5;

/// Stands for an append until the journal says where its records are: a log that several machines
/// keep knows that only once it has ordered them. Grows from append to append, whoever appends.
struct Ticket {
    std::uint64_t number = 0;

    /// Beyond all others.
    [[nodiscard]] static constexpr Ticket any() { return {.number = ~std::uint64_t{0}}; }
    auto operator<=>(const Ticket&) const = default;
};

/// How far the journal is on disk: the records of every append up to `ticket` are, at positions
/// below `end`.
struct Durable {
    Ticket ticket;
    Position end;
};

/// Records collected for one append, already in their stored form. One thread.
class RecordBatch {
  public:
    /// Starts a record and returns the buffer to append its bytes to; end_record() finishes it.
    /// Between the two, nothing else of this batch may be called.
    [[nodiscard]] std::string& begin_record(std::uint8_t kind);
    void end_record();

    void add(std::uint8_t kind, ByteView bytes);
    void clear();

    [[nodiscard]] std::uint32_t count() const { return count_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    /// The stored form: for each record its length (u32), kind (u8) and bytes, one after another.
    [[nodiscard]] ByteView stored() const { return as_bytes(bytes_); }

  private:
    std::string bytes_;
    std::size_t open_record_ = 0;  // where in bytes_ the record that is being built starts
    std::uint32_t count_ = 0;
};

/// A record as it is read. `bytes` stays valid until the reader's next call, and is followed by
/// kReadablePadding readable bytes.
struct Record {
    Position position;
    SystemTime appended;  // wall-clock time of the append, to the microsecond
    std::uint8_t kind = 0;
    ByteView bytes;
    /// Tells it from the record that another journal has at this position: a number made of when it
    /// was appended and of the checksum of its append. 1 to 2^63 - 1; always the same for the same
    /// record.
    std::uint64_t fingerprint = 0;
};

/// Reads durable records in order. One thread; holds its segment file open, so that retention
/// cannot take a file away under it.
class Reader {
  public:
    virtual ~Reader() = default;

    /// The next record; nothing when all that is durable has been read (call again later); or an
    /// error: ErrorCode::corrupt says segment, offset and position, and the reader stays where it
    /// is.
    [[nodiscard]] virtual Result<std::optional<Record>> next() = 0;

    /// The position of the record that next() will yield.
    [[nodiscard]] virtual Position position() const = 0;
};

/// Hears of the journal's progress. Called on the journal's writer thread: take note and return,
/// for instance by posting to a reactor.
class Listener {
  public:
    virtual ~Listener() = default;

    /// More is on disk. Called once for each group commit.
    virtual void on_durable(const Durable& durable) = 0;
    /// An append that was refused with ErrorCode::no_space may be tried again.
    virtual void on_space() = 0;
    /// The journal takes nothing any more, until foz is restarted: a sync failed, and what the disk
    /// holds of the records since the last on_durable() is unknown.
    virtual void on_failed(const Error& error) = 0;
};

struct NamedCursor {
    std::string name;
    Position position;  // of the first record that its reader still needs
};

/// What a person, the console or back-pressure wants to know. A snapshot.
struct Status {
    /// A random UUID, made with the journal, or given to it later (new_journal_id.h).
    std::string id;
    Position first;                  // oldest record kept
    Position end;                    // next record to be appended
    Position durable_end;            // every record below is on disk
    std::uint64_t disk_bytes = 0;    // all segments
    std::uint64_t queued_bytes = 0;  // accepted but not yet on disk
    std::uint32_t segments = 0;
    std::optional<Error> stalled;  // why appends are refused at the moment, if they are
};

/// What those see who put records in. Any thread may call any method, here and below.
class Appendable {
  public:
    virtual ~Appendable() = default;

    /// Queues the records of `batch`, all or none: once durable() reports the ticket, all of them
    /// are on disk. Copies the batch; never waits for the disk.
    /// Errors: no_space = the queue, the cap or the disk is full, which is no failure: keep the
    /// batch and try again after on_space(). io = the journal has failed, until foz is restarted.
    /// invalid = over the size limit of one append.
    [[nodiscard]] virtual Result<Ticket> append(const RecordBatch& batch) = 0;
    /// Of the last append, whoever made it.
    [[nodiscard]] virtual Ticket last_ticket() const = 0;
    [[nodiscard]] virtual Durable durable() const = 0;
    /// Where the records of an append end. `ticket` is not beyond durable().
    [[nodiscard]] virtual Position end_of(Ticket ticket) const = 0;
};

/// What those see who take records out.
class Readable {
  public:
    virtual ~Readable() = default;

    [[nodiscard]] virtual Position durable_end() const = 0;

    /// Waits until a record at or after `position` is durable (true), or until `deadline`, or until
    /// wake_waiters() is called (false).
    [[nodiscard]] virtual bool wait_for(Position position, SteadyTime deadline) = 0;
    virtual void wake_waiters() = 0;

    /// A reader whose first record is at `position`. Error: not_found when `position` is older than
    /// the oldest record kept (the message names both) or beyond the end: it will never be there.
    [[nodiscard]] virtual Result<std::unique_ptr<Reader>> read_from(Position position) = 0;

    /// The position of the first record appended at or after `time` (the end, if there is none).
    [[nodiscard]] virtual Result<Position> position_at(SystemTime time) = 0;
};

/// What those see for whom records are kept.
class Retaining {
  public:
    virtual ~Retaining() = default;

    /// Says how far the reader called `name` has come. Records that every named cursor has passed
    /// may be removed. Never moves back. Made durable now and then, not at once: after a crash a
    /// cursor may be found a little behind, never ahead.
    virtual void set_cursor(std::string_view name, Position position) = 0;
    virtual void remove_cursor(std::string_view name) = 0;
    [[nodiscard]] virtual std::vector<NamedCursor> cursors() const = 0;
};

/// What those see who want to know how it is.
class Observable {
  public:
    virtual ~Observable() = default;

    /// `listener` must outlive the journal or be removed first; remove_listener waits for a running
    /// call.
    virtual void add_listener(Listener& listener) = 0;
    virtual void remove_listener(Listener& listener) = 0;

    [[nodiscard]] virtual Status status() const = 0;
};

/// All of it, for who owns the journal or needs several.
class Journal : public Appendable, public Readable, public Retaining, public Observable {};

}  // namespace foz::journal
