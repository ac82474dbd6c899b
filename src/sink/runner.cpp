// SPDX-License-Identifier: Apache-2.0
#include "sink/runner.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/crc32c.h"
#include "base/log.h"
#include "base/thread.h"
#include "sink/cursor_owner.h"
#include "sink/lane_start.h"
#include "sink/lost_replays.h"
#include "sink/misfits.h"
#include "state/cursor_writers.h"
#include "state/dead_letters.h"
#include "state/lane_history.h"
#include "state/replayed_letters.h"

namespace foz::sink {

namespace {

using namespace std::chrono_literals;

// How long a lane without work sleeps at most: it then commits a cursor that has moved over
// messages that are none of its business.
constexpr auto kIdleWait = 250ms;
constexpr auto kCursorCommitInterval = 1s;

// While a batch waits for more, this many records wake the lane before the batch is due.
constexpr journal::Position kRecordsWorthWaking = 1'000;

// A failure of one table that took so long holds the others back enough; of shorter ones, so many
// in a row.
constexpr auto kLongFailure = 1s;
constexpr int kShortFailures = 3;
constexpr int kSilences = 2;

// The clock is read once for this many messages.
constexpr int kMessagesPerClockReading = 64;

SinkError from_error(const Error& error) {
    return {Failure::retry, "", error.message, {}};
}

LetterWriter letter_writer_for(const RunnerParts& parts, const RunnerOptions& options) {
    state::DeadLetter blank;
    blank.journal = parts.journal.status().id;
    blank.database = options.database;
    blank.lane = options.lane;
    const bool repeats = !options.holds_journal;
    return {parts.journal, parts.state, parts.clock, blank, parts.mapping.route_names(), repeats};
}

std::uint64_t seed_for(const RunnerOptions& options, const Clock& clock) {
    return crc32c(as_bytes(options.database + options.lane)) +
           static_cast<std::uint64_t>(clock.system_now().time_since_epoch().count());
}

std::string text_of(const SinkError& error) {
    return error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code);
}

FillLimits limits_of(const RunnerOptions& options, const std::atomic<journal::Position>& cap) {
    return {
        .lane_index = options.lane_index,
        .lanes = options.lanes,
        .until = options.until,
        .cap = options.cap ? &cap : nullptr,
        .rows_max = options.batch_rows_max,
        .payload_bytes_max = options.batch_payload_bytes_max,
    };
}

}  // namespace

Runner::Runner(RunnerParts parts, RunnerOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      journal_id_(parts_.journal.status().id),
      board_(
          parts_.clock,
          options_.database,
          options_.lane,
          parts_.mapping.routes(),
          {parts_.state,
           parts_.clock,
           journal_id_,
           options_.database,
           options_.lane,
           options_.holds_journal}
      ),
      cap_(options_.cap.value_or(UINT64_MAX)),
      hold_(
          parts_.journal,
          fmt::format("{}/{}", options_.database, options_.lane),
          options_.holds_journal
      ),
      writer_(
          *parts_.sink,
          letter_writer_for(parts_, options_),
          parts_.mapping.routes().size(),
          [this](const Cursor& cursor, const Written& written, const Commit& commit) {
              note_commit(cursor, written, commit);
          },
          [this](const SinkError& error, std::size_t rows) { board_.add_time_limit(error, rows); }
      ),
      backoff_(options_.retry_delay_max, seed_for(options_, parts_.clock)),
      filler_(
          parts_.journal,
          parts_.mapping,
          parts_.clock,
          limits_of(options_, cap_),
          std::move(parts_.on_unrouted)
      ),
      tables_(
          parts_.mapping,
          *parts_.sink,
          parts_.clock,
          fmt::format("database {} ({})", options_.database, options_.lane),
          options_.retry_delay_max
      ),
      sides_(parts_, options_) {
    if (options_.cap) {
        writer_.set_share(std::move(parts_.share));
    }
    maps_ahead_ = std::ranges::none_of(parts_.mapping.tables(), [](const auto& table) {
        return table->inferred;
    });
}

Runner::~Runner() {
    stop(parts_.clock.steady_now());
}

void Runner::start() {
    hold_.start(options_.since);
    thread_ = std::thread([this] { run(); });
}

void Runner::request_stop(SteadyTime deadline) {
    stop_deadline_ = deadline.time_since_epoch().count();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    parts_.sink->end_waits_at(deadline);
    stop_requested_.notify_all();
    parts_.journal.wake_waiters();
}

void Runner::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Runner::stop(SteadyTime deadline) {
    request_stop(deadline);
    join();
}

void Runner::run() {
    set_thread_name(options_.database + ":" + options_.lane);
    // What is stored a little later is in the journal; a device waits for its acknowledgement.
    give_way_to_other_threads();
    while (!must_end()) {
        const SteadyTime began = parts_.clock.steady_now();
        auto advanced = advance();
        if (!advanced && set_aside(began, advanced.error())) {
            continue;
        }
        if (!advanced) {
            note_failure(began, advanced.error());
            if (stopping_) {
                break;  // the journal keeps what could not be written
            }
            pause();
            continue;
        }
        backoff_.reset();
        board_.set_state(RunnerState::running, "");
        if (at_end()) {
            break;
        }
    }
    parts_.sink->close();
    sides_.stop(SteadyTime(SteadyTime::duration(stop_deadline_)));
    const bool finished = options_.until && cursor_.position >= *options_.until;
    board_.set_state(finished ? RunnerState::finished : RunnerState::stopped, status().last_error);
}

bool Runner::must_end() const {
    return stopping_ && parts_.clock.steady_now().time_since_epoch().count() >= stop_deadline_;
}

// All that was asked for is committed.
bool Runner::at_end() const {
    if (cursor_ < Cursor{batch_.end, 0}) {
        return false;
    }
    if (options_.until && batch_.end >= *options_.until) {
        return true;
    }
    return stopping_ && (is_at_cap() || batch_.end >= parts_.journal.durable_end());
}

SinkResult<void> Runner::advance() {
    if (!connected_) {
        if (auto connected = connect(); !connected) {
            return connected;
        }
    }
    auto merged = sides_.merge(cursor_, *parts_.sink);
    if (!merged) {
        return pass_on(merged);
    }
    if (*merged) {
        connected_ = false;  // a table more is to be looked at
        return {};
    }
    tables_.ask_again_for_refused();
    if (!filler_.is_full(batch_)) {
        if (auto filled = fill(); !filled) {
            return filled;
        }
    }
    if (batch_.items.empty()) {
        report_committed();
        return cursor_commit_is_due() ? write() : SinkResult<void>{};
    }
    return write();
}

SinkResult<void> Runner::connect() {
    if (writer_name_.empty()) {
        auto name = state::new_cursor_writer(parts_.state, options_.database, options_.lane);
        if (!name) {
            return std::unexpected(from_error(name.error()));
        }
        writer_name_ = *std::move(name);
    }
    if (auto loaded = sides_.load(); !loaded) {
        return std::unexpected(from_error(loaded.error()));
    }
    // Each further round has a table less for this lane, or is the last.
    bool settled = false;
    while (!settled) {
        auto connected = connect_with_share();
        if (!connected) {
            return pass_on(connected);
        }
        settled = *connected;
    }
    if (auto looked = look_after_replays(); !looked) {
        return looked;
    }
    connected_ = true;
    last_commit_ = parts_.clock.steady_now();
    return {};
}

// False: the lane's share has changed meanwhile.
SinkResult<bool> Runner::connect_with_share() {
    if (!options_.cap) {
        writer_.set_share(sides_.share_of_main());
    }
    auto found = parts_.sink->connect({journal_id_, options_.lane, writer_name_}, parts_.mapping);
    if (!found) {
        return pass_on(found);
    }
    const auto foreign = foreign_owner(parts_.journal, parts_.state, found->cursor, found->mark);
    if (!foreign) {
        return std::unexpected(from_error(foreign.error()));
    }
    if (*foreign) {
        return fail(Failure::refused, "{}", **foreign);
    }
    auto changed = tables_.adopt(found->tables);
    if (!changed) {
        found->tables.at(changed.error().table.value_or(0)).misfit = changed.error();
    }
    if (auto taken_up = take_up(found->cursor, changed.value_or(true)); !taken_up) {
        return pass_on(taken_up);
    }
    const auto share_changed = sides_.main_found_at(cursor_);
    if (!share_changed) {
        return std::unexpected(from_error(share_changed.error()));
    }
    if (*share_changed) {
        return false;
    }
    if (any_misfit(*found)) {
        if (auto aside = set_misfits_aside(*found); !aside) {
            return pass_on(aside);
        }
        return false;
    }
    if (found->mark.writer != writer_name_) {
        if (auto claimed = claim_cursor(*found); !claimed) {
            return pass_on(claimed);
        }
    }
    board_.set_progress(cursor_, found->ledger);
    return true;
}

SinkResult<void> Runner::set_misfits_aside(const Connected& found) {
    for (std::size_t i = 0; i < found.tables.size(); ++i) {
        if (!found.tables[i].misfit) {
            continue;
        }
        const std::string reason = text_of(*found.tables[i].misfit);
        const auto aside = sides_.set_aside(i, cursor_, cursor_.position, reason);
        if (!aside) {
            return std::unexpected(from_error(aside.error()));
        }
        if (!*aside) {
            return std::unexpected(all_misfits(found).value_or(SinkError{}));
        }
    }
    return {};
}

SinkResult<void> Runner::look_after_replays() {
    if (!options_.holds_journal || options_.cap) {
        return {};
    }
    const auto lost =
        take_back_lost_replays(*parts_.sink, parts_.state, journal_id_, options_.database);
    if (!lost) {
        return std::unexpected(lost.error());
    }
    if (*lost > 0) {
        spdlog::error(
            "database {}: {} dead letters that were replayed are not there any more: it has come "
            "back from an older state, or failed over to a server that was behind. They wait "
            "again: foz dead replay",
            options_.database,
            *lost
        );
    }
    const auto forgotten = state::forget_replayed_before(
        parts_.state, parts_.clock.system_now() - options_.replayed_kept
    );
    if (!forgotten) {
        return std::unexpected(from_error(forgotten.error()));
    }
    return {};
}

// Whoever else takes the cursor for his own finds out now, not with the next reading.
SinkResult<void> Runner::claim_cursor(const Connected& found) {
    const auto before = fingerprint_before(parts_.journal, cursor_.position);
    if (!before) {
        return std::unexpected(from_error(before.error()));
    }
    const mapping::RowBatch nothing;
    Commit commit{cursor_, std::vector<std::int64_t>(parts_.mapping.routes().size(), 0)};
    const bool unmoved = cursor_ == found.cursor;
    commit.fingerprint = *before == 0 && unmoved ? found.mark.fingerprint : *before;
    auto written = parts_.sink->write(nothing, 0, 0, commit);
    if (!written) {
        return pass_on(written);
    }
    return {};
}

// After a failure of one table: whether another lane takes it, so that this one can go on.
bool Runner::set_aside(SteadyTime began, const SinkError& error) {
    if (!error.table || stopping_ || !connected_) {
        return false;
    }
    times_blamed_ = blamed_ == error.table ? times_blamed_ + 1 : 1;
    blamed_ = error.table;
    const bool lasting =
        error.failure == Failure::refused ||
        (error.failure == Failure::retry && parts_.clock.steady_now() - began >= kLongFailure);
    const int enough = error.failure == Failure::reconnect ? kSilences : kShortFailures;
    if (!lasting && times_blamed_ < enough) {
        return false;
    }
    const auto aside = sides_.set_aside(*error.table, cursor_, batch_.end, text_of(error));
    if (!aside) {
        spdlog::warn(
            "database {} ({}): a table cannot be set aside: {}",
            options_.database,
            options_.lane,
            aside.error().message
        );
    }
    if (!aside || !*aside) {
        return false;
    }
    blamed_.reset();
    connected_ = false;
    parts_.sink->close();
    return true;
}

void Runner::raise_cap(journal::Position position, bool hurry) {
    {
        const std::lock_guard lock(mutex_);
        cap_ = position;
        hurry_ = hurry;
    }
    stop_requested_.notify_all();
}

SinkResult<void> Runner::take_up(Cursor found, bool map_again) {
    LaneFacts facts;
    facts.found = found;
    facts.since = options_.since;
    facts.first = parts_.journal.status().first;
    facts.end = parts_.journal.durable_end();
    facts.known = hold_.known();
    facts.replays = !options_.holds_journal;
    const LaneStart start = lane_start(facts);
    if (start.blocked) {
        return fail(Failure::refused, "{}", *start.blocked);
    }
    if (start.gap) {
        if (auto reported = report_gap(start.gap->first, start.gap->second); !reported) {
            return reported;
        }
    }
    // The usual case after a lost connection: the mapped batch can go on from the cursor.
    const bool batch_fits = !map_again && filler_.is_open() && start.cursor >= batch_.begin &&
                            start.cursor <= Cursor{batch_.end, 0};
    if (!batch_fits) {
        if (auto opened = map_from(start.cursor); !opened) {
            return opened;
        }
    }
    cursor_ = start.cursor;
    hold_.move_to(cursor_.position);
    auto forgotten = state::forget_from(
        parts_.state,
        journal_id_,
        options_.database,
        options_.lane,
        {cursor_.position, cursor_.ordinal}
    );
    if (!forgotten) {
        return std::unexpected(from_error(forgotten.error()));
    }
    return {};
}

SinkResult<void> Runner::report_gap(journal::Position first, journal::Position past) {
    spdlog::error(
        "database {}: records {} to {} are missing: it needs them and the journal no longer has "
        "them. Going on at {}; foz verify reports this until it is accepted",
        options_.database,
        first,
        past - 1,
        past
    );
    const state::Gap gap{
        journal_id_, options_.database, options_.lane, first, past, parts_.clock.system_now(), false
    };
    if (auto saved = state::save_gap(parts_.state, gap); !saved) {
        return std::unexpected(from_error(saved.error()));
    }
    return {};
}

SinkResult<void> Runner::map_from(Cursor cursor) {
    if (auto opened = filler_.open(cursor.position); !opened) {
        return std::unexpected(from_error(opened.error()));
    }
    const auto before = fingerprint_before(parts_.journal, cursor.position);
    if (!before) {
        return std::unexpected(from_error(before.error()));
    }
    batch_.restart_at(cursor, *before);
    next_.restart_at(cursor, *before);
    return {};
}

// Maps records until the batch is full, old enough, or there is nothing to wait for.
SinkResult<void> Runner::fill() {
    int until_clock_reading = kMessagesPerClockReading;
    bool due = false;
    while (!filler_.is_full(batch_)) {
        const auto taken = filler_.take_next(batch_);
        if (!taken && batch_.items.empty()) {
            return std::unexpected(from_error(taken.error()));
        }
        if (!taken) {
            return {};  // what stands before it is stored, then the error comes again
        }
        if (!*taken) {
            if (batch_.items.empty()) {
                return wait_for_records();
            }
            if (due || stopping_ || is_at_cap()) {
                return {};
            }
            due = !wait_for_more();
            continue;
        }
        if (--until_clock_reading == 0) {
            until_clock_reading = kMessagesPerClockReading;
            if (batch_is_due()) {
                return {};
            }
        }
    }
    return {};
}

bool Runner::batch_is_due() const {
    const SteadyTime now = parts_.clock.steady_now();
    return batch_.items.empty() ? now >= last_commit_ + kCursorCommitInterval
                                : now >= batch_.started + options_.batch_delay;
}

// Sleeps until there is a good piece of work or the batch is due (false), not until the next
// record: the journal becomes durable some thousand times a second, and each time a thread woke up
// for a few records, a reactor or the journal's writer lost its core to it.
bool Runner::wait_for_more() {
    const journal::Position room = options_.batch_rows_max - batch_.items.size();
    const journal::Position piece = std::min(room, kRecordsWorthWaking);
    return parts_.journal.wait_for(batch_.end + piece - 1, batch_.started + options_.batch_delay);
}

SinkResult<void> Runner::wait_for_records() {
    report_committed();
    if (is_at_cap()) {
        std::unique_lock lock(mutex_);
        stop_requested_.wait_for(lock, kIdleWait, [this] {
            return stopping_ || !is_at_cap() || (hurry_ && cursor_commit_is_due());
        });
    } else if (!stopping_) {
        static_cast<void>(parts_.journal.wait_for(batch_.end, parts_.clock.steady_now() + kIdleWait)
        );
    }
    return {};
}

bool Runner::cursor_commit_is_due() const {
    if (cursor_ >= Cursor{batch_.end, 0}) {
        return false;
    }
    return stopping_ || filler_.is_full(batch_) || (hurry_ && is_at_cap()) ||
           parts_.clock.steady_now() - last_commit_ >= kCursorCommitInterval;
}

SinkResult<void> Runner::write() {
    const auto map_again = tables_.extend();
    if (!map_again) {
        return std::unexpected(map_again.error());
    }
    if (*map_again) {
        return map_from(cursor_);
    }
    if (auto written = write_and_map_ahead(); !written) {
        return written;
    }
    std::swap(batch_, next_);
    next_.restart_at({batch_.end, 0}, batch_.fingerprints.at_end());
    return {};
}

// While a full batch is written, the one after it is mapped: there is more to come, and the
// database has a core of its own to work on.
SinkResult<void> Runner::write_and_map_ahead() {
    if (next_.items.empty()) {
        next_.restart_at({batch_.end, 0}, batch_.fingerprints.at_end());
    }
    std::future<Result<void>> mapped;
    if (maps_ahead_ && !stopping_ && filler_.is_full(batch_)) {
        mapped = std::async(std::launch::async, [this] { return filler_.take_all(next_); });
    }
    auto written = writer_.write(batch_.items, cursor_, {batch_.end, 0}, batch_.fingerprints);
    if (mapped.valid()) {
        // An error of the journal comes again when the lane reads on from there.
        [[maybe_unused]] const auto result = mapped.get();
    }
    return written;
}

void Runner::note_commit(const Cursor& cursor, const Written& written, const Commit& commit) {
    cursor_ = cursor;
    last_commit_ = parts_.clock.steady_now();
    hold_.move_forward(cursor.position);
    board_.add_commit(cursor, written, commit);
    blamed_.reset();
    sides_.follow(cursor);
    if (cursor.position > reported_) {
        reported_ = cursor.position;
        sides_.report_main(reported_);
    }
}

// Messages that no route takes need no commit to be done with.
void Runner::report_committed() {
    if (batch_.items.empty() && batch_.end > reported_) {
        reported_ = batch_.end;
        sides_.report_main(reported_);
    }
}

void Runner::note_failure(SteadyTime began, const SinkError& error) {
    // Records that the lane still needed may be gone: connect() finds out and goes on after them.
    const bool overtaken = cursor_.position < parts_.journal.status().first;
    if (error.failure != Failure::retry || overtaken) {
        connected_ = false;
        parts_.sink->close();
    }
    const journal::Position end = parts_.journal.durable_end();
    board_.add_failure(began, error, end > cursor_.position ? end - cursor_.position : 0);
}

void Runner::pause() {
    std::unique_lock lock(mutex_);
    stop_requested_.wait_for(lock, backoff_.next(), [this] { return stopping_.load(); });
}

}  // namespace foz::sink
