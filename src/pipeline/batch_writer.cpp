// SPDX-License-Identifier: Apache-2.0
#include "pipeline/batch_writer.h"

#include <algorithm>

#include "pipeline/cursor_position.h"
#include "pipeline/time_limit.h"

namespace foz::pipeline {

namespace {

template <class Items>
std::size_t first_from(const Items& items, sink::Cursor cursor) {
    const auto found = std::ranges::lower_bound(
            items, cursor, {}, [](const auto& item) { return item.origin; });
    return static_cast<std::size_t>(found - items.begin());
}

std::span<const mapping::Rejection> between(
        std::span<const mapping::Rejection> rejections, sink::Cursor begin, sink::Cursor end) {
    const std::size_t first = first_from(rejections, begin);
    const std::size_t past = std::max(first, first_from(rejections, end));
    return rejections.subspan(first, past - first);
}

// While a database refuses row after row and names but one at a time, each attempt writes no more
// rows than this: all of them are written again for the next one.
constexpr std::size_t kDensePart = 128;

// After a write that took too long, twice as many rows are tried after this many that did not.
constexpr int kSuccessesForMore = 16;
constexpr std::size_t kRowsEnough = 1'000'000;  // no batch is larger: the limit is forgotten

}  // namespace

sink::SinkResult<void> BatchWriter::write(const mapping::RowBatch& batch, sink::Cursor begin,
        sink::Cursor end, const Fingerprints& fingerprints) {
    fingerprints_ = &fingerprints;
    if (begin < letters_until_) {
        if (auto forgotten = letters_.forget_from(begin); !forgotten) {
            return forgotten;
        }
    }
    letters_until_ = begin;
    refused_rows_.clear();
    known_rejections_.clear();
    looked_up_until_ = begin;
    committed_ = begin;
    const auto rows = batch.rows();
    std::size_t first = first_from(rows, begin);
    const std::size_t past = first_from(rows, end);
    std::size_t size = std::max<std::size_t>(past - first, 1);
    // Invariant: the database's cursor is at committed_, all rows before `first` are stored or
    // dead, and refused_rows_ has only rows from `first` on. Each turn commits a part, halves what
    // is tried, or finds a refused row: it ends.
    while (true) {
        while (first < past && refused_rows_.contains(first)) {
            ++first;  // committed with the next part, which may have no rows
        }
        const std::size_t last = first + std::min({size, past - first, rows_max_.value_or(size)});
        const Part part{first, last, last == past ? end : rows[last].origin};
        auto written = write_part(batch, part);
        if (written) {
            take_more_rows();
            if (last == past) {
                return {};
            }
            first = last;
            size = 2 * std::min(size, past);
            continue;
        }
        if (take_fewer_rows(written.error())) {
            continue;  // with the same rows: nothing of them was committed
        }
        if (written.error().failure != sink::FailureKind::refused) {
            return written;
        }
        auto next = next_size(batch, part, written.error());
        if (!next) {
            return pass_on(next);
        }
        size = *next;
    }
}

sink::SinkResult<void> BatchWriter::write_part(const mapping::RowBatch& batch, const Part& part) {
    if (auto looked_up = look_up_rejections(batch, part.end); !looked_up) {
        return looked_up;
    }
    const sink::Commit commit = commit_for(batch, part);
    auto written = write_live(batch, part, commit);
    if (written) {
        // The letters of the refused rows were saved before this commit (save_letters), and count
        // in it: from here on nobody looks at them again.
        committed_ = part.end;
        refused_rows_.erase(refused_rows_.begin(), refused_rows_.lower_bound(part.last));
        on_commit_(part.end, *written, commit);
        return {};
    }
    if (written.error().failure == sink::FailureKind::refused && live_.empty()) {
        // There is no row to blame.
        written.error().failure = sink::FailureKind::retry;
    }
    return std::unexpected(std::move(written.error()));
}

// Writes the rows of the part that are not refused, and leaves their numbers in live_.
sink::SinkResult<sink::Written> BatchWriter::write_live(
        const mapping::RowBatch& batch, const Part& part, const sink::Commit& commit) {
    live_.clear();
    for (std::size_t row = part.first; row < part.last; ++row) {
        const mapping::Row& item = batch.rows()[row];
        if (!refused_rows_.contains(row) && share_.has(item.route, item.origin)) {
            live_.push_back(row);
        }
    }
    if (live_.size() == part.last - part.first) {
        return sink_.write(batch, part.first, part.last, commit);
    }
    sieved_.clear();
    for (const std::size_t i : live_) {
        const mapping::Row& row = batch.rows()[i];
        for (const mapping::Value& cell : batch.cells(row)) {
            sieved_.add_cell(cell);
        }
        sieved_.finish_row(row.origin, row.route);
    }
    return sink_.write(sieved_, 0, live_.size(), commit);
}

// What is known now of a part that was refused, and how many rows to try next.
sink::SinkResult<std::size_t> BatchWriter::next_size(
        const mapping::RowBatch& batch, const Part& part, const sink::SinkError& error) {
    const std::size_t tried = part.last - part.first;
    std::size_t named = 0;
    std::size_t last_named = 0;
    for (const sink::RefusedRow& refused : error.rows) {
        if (refused.row < live_.size()) {
            last_named = live_[refused.row];
            ++named;
            if (auto done = note_refused(batch, last_named, refused.code, refused.message); !done) {
                return pass_on(done);
            }
        }
    }
    if (named > 0) {
        const std::size_t enough = 2 * (last_named - part.first + 1);
        return named > 1 ? tried : std::min(tried, std::max(enough, kDensePart));
    }
    if (live_.size() == 1) {
        if (auto done = note_refused(batch, live_[0], error.code, error.message); !done) {
            return pass_on(done);
        }
        return tried;
    }
    // The rows before the one to blame are good; it is tried alone before it counts as refused.
    const bool suspected = error.row && *error.row < live_.size();
    const std::size_t good = suspected ? std::max<std::size_t>(*error.row, 1) : live_.size() / 2;
    return live_[good] - part.first;
}

// Whether the rows of the part that has just failed are to be tried again in smaller parts.
bool BatchWriter::take_fewer_rows(const sink::SinkError& error) {
    if (live_.size() < 2 || !time_limit_of(error)) {
        return false;
    }
    rows_max_ = live_.size() / 2;
    successes_ = 0;
    on_time_limit_(error, *rows_max_);
    return true;
}

void BatchWriter::take_more_rows() {
    if (!rows_max_ || live_.size() < *rows_max_ || ++successes_ < kSuccessesForMore) {
        return;
    }
    successes_ = 0;
    *rows_max_ *= 2;
    if (*rows_max_ >= kRowsEnough) {
        rows_max_.reset();
    }
}

sink::SinkResult<void> BatchWriter::note_refused(
        const mapping::RowBatch& batch, std::size_t row, std::string code, std::string message) {
    const mapping::Row& item = batch.rows()[row];
    RefusedRow refused_row{{item.origin, item.route, std::move(message), std::move(code)}};
    auto known = letters_.is_known(batch, refused_row.dead_reading);
    if (!known) {
        return pass_on(known);
    }
    refused_row.known = *known;
    refused_rows_.insert_or_assign(row, std::move(refused_row));
    return {};
}

sink::SinkResult<void> BatchWriter::look_up_rejections(
        const mapping::RowBatch& batch, sink::Cursor end) {
    for (const mapping::Rejection& rejection : between(batch.rejections(), looked_up_until_, end)) {
        auto known = letters_.is_known(batch, {rejection.origin, rejection.route, "", ""});
        if (!known) {
            return pass_on(known);
        }
        if (*known) {
            known_rejections_.push_back(rejection.origin);
        }
    }
    looked_up_until_ = std::max(looked_up_until_, end);
    return {};
}

bool BatchWriter::is_known_rejection(sink::Cursor origin) const {
    return std::ranges::binary_search(known_rejections_, origin);
}

sink::Commit BatchWriter::commit_for(const mapping::RowBatch& batch, const Part& part) {
    sink::Commit commit{part.end, std::vector<std::int64_t>(routes_, 0)};
    for (const auto& [row, refused_row] : refused_rows_) {
        if (row < part.last) {
            commit.dead[refused_row.dead_reading.route] += refused_row.known ? 0 : 1;
        }
    }
    for (const mapping::Rejection& rejection : between(batch.rejections(), committed_, part.end)) {
        if (!share_.has(rejection.route, rejection.origin)) {
            continue;
        }
        commit.dead[rejection.route] += is_known_rejection(rejection.origin) ? 0 : 1;
    }
    commit.fingerprint = fingerprints_->before(position_of(part.end));
    commit.before_commit = [this, &batch, part] { return save_letters(batch, part); };
    return commit;
}

// Those that the commit of `part` passes.
sink::SinkResult<void> BatchWriter::save_letters(const mapping::RowBatch& batch, const Part& part) {
    std::vector<DeadReading> dead_readings;
    for (const auto& [row, refused_row] : refused_rows_) {
        if (row < part.last && !refused_row.known) {
            dead_readings.push_back(refused_row.dead_reading);
        }
    }
    for (const mapping::Rejection& rejection : between(batch.rejections(), committed_, part.end)) {
        if (share_.has(rejection.route, rejection.origin) &&
                !is_known_rejection(rejection.origin)) {
            dead_readings.push_back({rejection.origin, rejection.route, rejection.reason, ""});
        }
    }
    if (dead_readings.empty()) {
        return {};
    }
    std::ranges::sort(dead_readings, {}, &DeadReading::origin);
    // Before they are saved: if the commit then fails, the next write() forgets those from its
    // begin on, so that a letter and a row of the same reading never stay together.
    letters_until_ = std::max(letters_until_, part.end);
    return letters_.save(batch, dead_readings);
}

}  // namespace foz::pipeline
