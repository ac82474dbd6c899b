// SPDX-License-Identifier: Apache-2.0
#include "sink/write_progress.h"

namespace foz::sink {
namespace {

std::string cursor_update(const WriteProgress& progress, QuoteText quoted) {
    return fmt::format(
            "UPDATE foz_cursor SET position = {}, ordinal = {}, writer = {}, fingerprint = {} "
            "WHERE journal = {} AND lane = {} AND position = {} AND ordinal = {} AND writer = {}",
            progress.to.position, progress.to.ordinal, quoted(progress.lane.writer),
            progress.fingerprint, quoted(progress.lane.journal), quoted(progress.lane.lane),
            progress.from.position, progress.from.ordinal, quoted(progress.from_writer));
}

// "(journal, lane, route, stored, duplicate, dead), ..."; "" when nothing is to be added.
std::string ledger_values(const WriteProgress& progress, QuoteText quoted) {
    std::string lines;
    for (std::size_t i = 0; i < progress.routes.size(); ++i) {
        const std::uint64_t stored = progress.written.stored[i];
        const std::uint64_t duplicate = progress.written.duplicate[i];
        const std::int64_t dead = i < progress.dead.size() ? progress.dead[i] : 0;
        if (stored != 0 || duplicate != 0 || dead != 0) {
            lines += fmt::format("{}({}, {}, {}, {}, {}, {})", lines.empty() ? "" : ", ",
                    quoted(progress.lane.journal), quoted(progress.lane.lane),
                    quoted(progress.routes[i]), stored, duplicate, dead);
        }
    }
    return lines;
}

}  // namespace

std::string progress_statements(const WriteProgress& progress, const OwnTablesSql& own) {
    std::string sql = cursor_update(progress, own.quoted);
    if (const std::string lines = ledger_values(progress, own.quoted); !lines.empty()) {
        sql += fmt::format("; INSERT INTO foz_ledger VALUES {}{}", lines, own.add_counts);
    }
    return sql;
}

std::unexpected<SinkError> cursor_was_moved(const LaneName& lane) {
    return fail(FailureKind::reconnect,
            "another foz has moved the cursor of lane {} of journal {}; only one may run on a "
            "journal",
            lane.lane, lane.journal);
}

}  // namespace foz::sink
