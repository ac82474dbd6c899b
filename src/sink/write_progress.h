// SPDX-License-Identifier: Apache-2.0
// What one write adds to foz_cursor and foz_ledger, as SQL. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sink/own_tables_sql.h"
#include "sink/sink.h"

namespace foz::sink {

/// Refers to what the write has; lives no longer than that.
struct WriteProgress {
    const LaneName& lane;
    Cursor from;  // what foz_cursor must hold, or another foz writes this lane
    const std::string& from_writer;
    Cursor to;
    std::uint64_t fingerprint = 0;  // of the record before `to`
    std::span<const std::string> routes;
    const Written& written;
    std::span<const std::int64_t> dead;
};

/// The statements that save it. The first changes one row of foz_cursor, or none when the lane is
/// not where `from` says; the second, on foz_ledger, is there only if anything is to be added.
[[nodiscard]] std::string progress_statements(
        const WriteProgress& progress, const OwnTablesSql& own);

/// What a sink says when the first changed nothing: FailureKind::reconnect.
[[nodiscard]] std::unexpected<SinkError> cursor_was_moved(const LaneName& lane);

}  // namespace foz::sink
