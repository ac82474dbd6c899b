// SPDX-License-Identifier: Apache-2.0
#include "sink/batch_writer.h"

#include <algorithm>

namespace foz::sink {

namespace {

template <class Items>
std::size_t first_from(const Items& items, Cursor cursor) {
    const auto found =
        std::ranges::lower_bound(items, cursor, {}, [](const auto& item) { return item.origin; });
    return static_cast<std::size_t>(found - items.begin());
}

std::span<const mapping::Rejection> between(
    std::span<const mapping::Rejection> rejections, Cursor begin, Cursor end
) {
    const std::size_t first = first_from(rejections, begin);
    const std::size_t past = std::max(first, first_from(rejections, end));
    return rejections.subspan(first, past - first);
}

// How many rows to try next, after `tried` rows were refused.
std::size_t smaller_part(std::size_t tried, const SinkError& error) {
    // The rows before the one to blame are good; it is tried alone before it is condemned.
    if (error.row && *error.row < tried) {
        return std::max<std::size_t>(*error.row, 1);
    }
    return std::max<std::size_t>(tried / 2, 1);
}

}  // namespace

SinkResult<void> BatchWriter::write(const mapping::RowBatch& batch, Cursor begin, Cursor end) {
    condemned_.assign(routes_, 0);
    known_rejections_.clear();
    buried_until_ = begin;
    committed_ = begin;
    const auto rows = batch.rows();
    std::size_t first = first_from(rows, begin);
    const std::size_t past = first_from(rows, end);
    std::size_t size = std::max<std::size_t>(past - first, 1);
    while (true) {
        const std::size_t last = std::min(first + size, past);
        const Part part{first, last, last == past ? end : rows[last].origin};
        auto written = write_part(batch, part);
        if (written) {
            if (last == past) {
                return {};
            }
            first = last;
            size *= 2;
            continue;
        }
        if (written.error().failure != Failure::refused) {
            return written;
        }
        if (last - first > 1) {
            size = smaller_part(last - first, written.error());
            continue;
        }
        if (auto buried = bury(batch, rows[first], written.error()); !buried) {
            return buried;
        }
        ++first;  // committed with the next part, which may have no rows
    }
}

SinkResult<void> BatchWriter::write_part(const mapping::RowBatch& batch, const Part& part) {
    if (auto buried = bury_rejections(batch, part.end); !buried) {
        return buried;
    }
    Commit commit{part.end, condemned_};
    for (const mapping::Rejection& rejection : between(batch.rejections(), committed_, part.end)) {
        const bool known = std::ranges::binary_search(known_rejections_, rejection.origin);
        commit.dead[rejection.route] += known ? 0 : 1;
    }
    auto written = sink_.write(batch, part.first, part.last, commit);
    if (written) {
        committed_ = part.end;
        condemned_.assign(routes_, 0);
        on_commit_(part.end, *written, commit);
        return {};
    }
    if (written.error().failure == Failure::refused && part.first == part.last) {
        // There is no row to blame.
        written.error().failure = Failure::retry;
    }
    return std::unexpected(std::move(written.error()));
}

SinkResult<void> BatchWriter::bury(
    const mapping::RowBatch& batch, const mapping::Row& row, const SinkError& error
) {
    const Burial burial{row.origin, row.route, error.message, error.code};
    auto known = letters_.save(batch, std::span(&burial, 1));
    if (!known) {
        return pass_on(known);
    }
    condemned_[row.route] += known->empty() ? 1 : 0;
    return {};
}

SinkResult<void> BatchWriter::bury_rejections(const mapping::RowBatch& batch, Cursor end) {
    std::vector<Burial> burials;
    for (const mapping::Rejection& rejection : between(batch.rejections(), buried_until_, end)) {
        burials.push_back({rejection.origin, rejection.route, rejection.reason, ""});
    }
    auto known = letters_.save(batch, burials);
    if (!known) {
        return pass_on(known);
    }
    known_rejections_.insert(known_rejections_.end(), known->begin(), known->end());
    buried_until_ = std::max(buried_until_, end);
    return {};
}

}  // namespace foz::sink
