// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runner.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/crc32c.h"
#include "base/log.h"
#include "base/thread.h"
#include "pipeline/cursor_position.h"
#include "sink/misfits.h"
#include "state/dead_letters.h"

namespace foz::pipeline {

namespace {

using namespace std::chrono_literals;

// How long a lane without work sleeps at most: it then commits a cursor that has moved over
// messages that are none of its business.
constexpr auto kIdleWait = 250ms;
constexpr auto kCursorCommitInterval = 1s;

// While a batch waits for more, this many records wake the lane before the batch is due.
constexpr std::uint64_t kRecordsWorthWaking = 1'000;

// The clock is read once for this many messages.
constexpr int kMessagesPerClockReading = 64;

DeadLetterWriter dead_letter_writer_for(
        const RunnerDependencies& dependencies, const RunnerOptions& options) {
    state::DeadLetter blank;
    blank.journal = dependencies.journal.status().id;
    blank.database = options.database;
    blank.lane = options.lane;
    const bool repeats = !options.holds_journal;
    return {dependencies.journal, dependencies.state, dependencies.clock, blank,
        dependencies.mapping.route_names(), repeats};
}

std::uint64_t seed_for(const RunnerOptions& options, const Clock& clock) {
    return crc32c(as_bytes(options.database + options.lane)) +
           static_cast<std::uint64_t>(clock.system_now().time_since_epoch().count());
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

Runner::Runner(RunnerDependencies dependencies, RunnerOptions options)
    : dependencies_(std::move(dependencies)),
      options_(std::move(options)),
      journal_id_(dependencies_.journal.status().id),
      board_(dependencies_.clock, options_.database, options_.lane, dependencies_.mapping.routes(),
              {dependencies_.state, dependencies_.clock, journal_id_, options_.database,
                  options_.lane, options_.holds_journal}),
      cap_(options_.cap.value_or(journal::Position::beyond_all())),
      hold_(dependencies_.journal, fmt::format("{}/{}", options_.database, options_.lane),
              options_.holds_journal),
      writer_(
              *dependencies_.sink, dead_letter_writer_for(dependencies_, options_),
              dependencies_.mapping.routes().size(),
              [this](const sink::Cursor& cursor, const sink::Written& written,
                      const sink::Commit& commit) { note_commit(cursor, written, commit); },
              [this](const sink::SinkError& error, std::size_t rows) {
                  board_.add_time_limit(error, rows);
              }),
      claim_(dependencies_, options_, hold_),
      backoff_(options_.retry_delay_max, seed_for(options_, dependencies_.clock)),
      filler_(dependencies_.journal, dependencies_.mapping, dependencies_.clock,
              limits_of(options_, cap_), std::move(dependencies_.on_unrouted)),
      tables_(dependencies_.mapping, *dependencies_.sink, dependencies_.clock,
              fmt::format("database {} ({})", options_.database, options_.lane),
              options_.retry_delay_max),
      sides_(dependencies_, options_) {
    if (options_.cap) {
        writer_.set_share(std::move(dependencies_.share));
    }
    maps_ahead_ = std::ranges::none_of(
            dependencies_.mapping.tables(), [](const auto& table) { return table->inferred; });
}

Runner::~Runner() {
    stop(dependencies_.clock.steady_now());
}

void Runner::start() {
    hold_.start(options_.since);
    thread_ = std::thread([this] { run(); });
}

void Runner::request_stop(SteadyTime deadline) {
    stop_deadline_ = deadline.time_since_epoch().count();
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    dependencies_.sink->end_waits_at(deadline);
    stop_requested_.notify_all();
    dependencies_.journal.wake_waiters();
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
    // cursor_ is what the database has; batch_ begins there, and is kept over a failure, so that
    // what was mapped once is not mapped again. connected_ is false after whatever may have moved
    // the cursor without this lane knowing.
    while (!must_end()) {
        const SteadyTime began = dependencies_.clock.steady_now();
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
    dependencies_.sink->close();
    sides_.stop(SteadyTime(SteadyTime::duration(stop_deadline_)));
    const bool finished = options_.until && position_of(cursor_) >= *options_.until;
    board_.set_state(finished ? RunnerState::finished : RunnerState::stopped, status().last_error);
}

bool Runner::must_end() const {
    return stopping_ &&
           dependencies_.clock.steady_now().time_since_epoch().count() >= stop_deadline_;
}

// All that was asked for is committed.
bool Runner::at_end() const {
    if (cursor_ < cursor_at(batch_.end)) {
        return false;
    }
    if (options_.until && batch_.end >= *options_.until) {
        return true;
    }
    return stopping_ && (is_at_cap() || batch_.end >= dependencies_.journal.durable_end());
}

sink::SinkResult<void> Runner::advance() {
    if (!connected_) {
        if (auto connected = connect(); !connected) {
            return connected;
        }
    }
    auto merged = sides_.merge(cursor_, *dependencies_.sink);
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
        return cursor_commit_is_due() ? write() : sink::SinkResult<void>{};
    }
    return write();
}

sink::SinkResult<void> Runner::connect() {
    if (auto loaded = sides_.load(); !loaded) {
        return sink::retry_after(loaded.error());
    }
    // Each further round has a table less for this lane, or is the last.
    bool shared_out = false;
    while (!shared_out) {
        auto connected = connect_with_share();
        if (!connected) {
            return pass_on(connected);
        }
        shared_out = *connected;
    }
    if (auto looked = claim_.look_after_replays(); !looked) {
        return looked;
    }
    connected_ = true;
    last_commit_ = dependencies_.clock.steady_now();
    return {};
}

// False: the lane's share has changed meanwhile.
sink::SinkResult<bool> Runner::connect_with_share() {
    if (!options_.cap) {
        writer_.set_share(sides_.share_of_main());
    }
    auto name = claim_.name();
    if (!name) {
        return pass_on(name);
    }
    auto found = dependencies_.sink->connect(*name, dependencies_.mapping);
    if (!found) {
        return pass_on(found);
    }
    auto start = claim_.start_from(*found);
    if (!start) {
        return pass_on(start);
    }
    auto changed = tables_.adopt(found->tables);
    if (!changed) {
        found->tables.at(changed.error().table.value_or(0)).misfit = changed.error();
    }
    if (auto taken_up = take_up(*start, changed.value_or(true)); !taken_up) {
        return pass_on(taken_up);
    }
    const auto share_changed = sides_.main_found_at(cursor_);
    if (!share_changed) {
        return sink::retry_after(share_changed.error());
    }
    if (*share_changed) {
        return false;
    }
    if (sink::any_misfit(*found)) {
        if (auto aside = set_misfits_aside(*found); !aside) {
            return pass_on(aside);
        }
        return false;
    }
    // Last: from the claim on any other writer of this lane is refused, so nothing may stand
    // against it any more.
    if (auto claimed = claim_.claim(*found, *start); !claimed) {
        return pass_on(claimed);
    }
    if (auto noted = claim_.note_routes(position_of(cursor_)); !noted) {
        return pass_on(noted);
    }
    board_.set_progress(cursor_, found->ledger);
    return true;
}

sink::SinkResult<void> Runner::set_misfits_aside(const sink::Connected& found) {
    for (std::size_t i = 0; i < found.tables.size(); ++i) {
        const auto& misfit = found.tables[i].misfit;
        if (!misfit) {
            continue;
        }
        const std::string reason = text_of(*misfit);
        const auto aside = sides_.set_aside(i, cursor_, position_of(cursor_), reason);
        if (!aside) {
            return sink::retry_after(aside.error());
        }
        if (!*aside) {
            return std::unexpected(sink::all_misfits(found).value_or(sink::SinkError{}));
        }
    }
    return {};
}

// After a failure of one table: whether another lane takes it, so that this one can go on.
bool Runner::set_aside(SteadyTime began, const sink::SinkError& error) {
    if (stopping_ || !connected_ || !error.table ||
            !blame_.is_enough(error, dependencies_.clock.steady_now() - began)) {
        return false;
    }
    const auto aside = sides_.set_aside(*error.table, cursor_, batch_.end, text_of(error));
    if (!aside) {
        spdlog::warn("database {} ({}): a table cannot be set aside: {}", options_.database,
                options_.lane, aside.error().message);
    }
    if (!aside || !*aside) {
        return false;
    }
    blame_.clear();
    connected_ = false;
    dependencies_.sink->close();
    return true;
}

void Runner::raise_cap(journal::Position position, bool hurry) {
    {
        const MutexLock lock(mutex_);
        cap_ = position;
        hurry_ = hurry;
    }
    stop_requested_.notify_all();
}

sink::SinkResult<void> Runner::take_up(const LaneClaim::Start& start, bool map_again) {
    // The usual case after a lost connection: the mapped batch can go on from the cursor.
    const bool batch_fits = !map_again && filler_.is_open() && start.cursor >= batch_.begin &&
                            start.cursor <= cursor_at(batch_.end);
    cursor_ = start.cursor;
    before_cursor_ = start.fingerprint;
    return batch_fits ? sink::SinkResult<void>{} : map_from_cursor();
}

sink::SinkResult<void> Runner::map_from_cursor() {
    if (auto opened = filler_.open(position_of(cursor_)); !opened) {
        return sink::retry_after(opened.error());
    }
    batch_.restart_at(cursor_, before_cursor_);
    next_.restart_at(cursor_, before_cursor_);
    return {};
}

// Maps records until the batch is full, old enough, or there is nothing to wait for.
sink::SinkResult<void> Runner::fill() {
    int until_clock_reading = kMessagesPerClockReading;
    bool due = false;
    while (!filler_.is_full(batch_)) {
        const auto taken = filler_.take_next(batch_);
        if (!taken && batch_.items.empty()) {
            return sink::retry_after(taken.error());
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
    const SteadyTime now = dependencies_.clock.steady_now();
    return batch_.items.empty() ? now >= last_commit_ + kCursorCommitInterval
                                : now >= batch_.started + options_.batch_delay;
}

// Sleeps until there is a good piece of work or the batch is due (false), not until the next
// record: the journal becomes durable some thousand times a second, and each time a thread woke up
// for a few records, a reactor or the journal's writer lost its core to it.
bool Runner::wait_for_more() {
    const std::uint64_t room = options_.batch_rows_max - batch_.items.size();
    const std::uint64_t piece = std::min(room, kRecordsWorthWaking);
    return dependencies_.journal.wait_for(
            batch_.end.advanced_by(piece - 1), batch_.started + options_.batch_delay);
}

sink::SinkResult<void> Runner::wait_for_records() {
    report_committed();
    if (is_at_cap()) {
        const MutexLock lock(mutex_);
        stop_requested_.wait_for(mutex_, kIdleWait,
                [this] { return stopping_ || !is_at_cap() || (hurry_ && cursor_commit_is_due()); });
    } else if (!stopping_) {
        static_cast<void>(dependencies_.journal.wait_for(
                batch_.end, dependencies_.clock.steady_now() + kIdleWait));
    }
    return {};
}

bool Runner::cursor_commit_is_due() const {
    if (cursor_ >= cursor_at(batch_.end)) {
        return false;
    }
    return stopping_ || filler_.is_full(batch_) || (hurry_ && is_at_cap()) ||
           dependencies_.clock.steady_now() - last_commit_ >= kCursorCommitInterval;
}

sink::SinkResult<void> Runner::write() {
    const auto map_again = tables_.extend();
    if (!map_again) {
        return std::unexpected(map_again.error());
    }
    if (*map_again) {
        return map_from_cursor();
    }
    if (auto written = write_and_map_ahead(); !written) {
        return written;
    }
    std::swap(batch_, next_);
    next_.restart_at(cursor_at(batch_.end), batch_.fingerprints.at_end());
    return {};
}

// While a full batch is written, the one after it is mapped: there is more to come, and the
// database has a core of its own to work on.
sink::SinkResult<void> Runner::write_and_map_ahead() {
    if (next_.items.empty()) {
        next_.restart_at(cursor_at(batch_.end), batch_.fingerprints.at_end());
    }
    std::future<Result<void>> mapped;
    if (maps_ahead_ && !stopping_ && filler_.is_full(batch_)) {
        mapped = std::async(std::launch::async, [this] { return filler_.take_all(next_); });
    }
    auto written = writer_.write(batch_.items, cursor_, cursor_at(batch_.end), batch_.fingerprints);
    if (mapped.valid()) {
        // An error of the journal comes again when the lane reads on from there.
        [[maybe_unused]] const auto result = mapped.get();
    }
    return written;
}

void Runner::note_commit(
        const sink::Cursor& cursor, const sink::Written& written, const sink::Commit& commit) {
    cursor_ = cursor;
    before_cursor_ = commit.fingerprint;
    last_commit_ = dependencies_.clock.steady_now();
    const journal::Position done = position_of(cursor);
    hold_.move_forward(done);
    board_.add_commit(cursor, written, commit);
    blame_.clear();
    sides_.follow(cursor);
    if (done > reported_) {
        reported_ = done;
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

void Runner::note_failure(SteadyTime began, const sink::SinkError& error) {
    // Records that the lane still needed may be gone: connect() finds out and goes on after them.
    const journal::Position done = position_of(cursor_);
    const bool overtaken = done < dependencies_.journal.status().first;
    if (error.failure != sink::FailureKind::retry || overtaken) {
        connected_ = false;
        dependencies_.sink->close();
    }
    const journal::Position end = dependencies_.journal.durable_end();
    board_.add_failure(began, error, journal::records_between(done, end));
}

void Runner::pause() {
    const MutexLock lock(mutex_);
    stop_requested_.wait_for(mutex_, backoff_.next(), [this] { return stopping_.load(); });
}

}  // namespace foz::pipeline
