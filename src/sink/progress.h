// SPDX-License-Identifier: Apache-2.0
// What one write adds to foz's own two tables, and the SQL for it that the servers have in common.
// Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sink/sink.h"

namespace foz::sink {

/// Refers to what the write has; lives no longer than that.
struct Progress {
    const LaneName& lane;
    Cursor from;  // what foz_cursor must hold, or another foz writes this lane
    const std::string& from_writer;
    Cursor to;
    std::uint64_t fingerprint = 0;  // of the record before `to`
    std::span<const std::string> routes;
    const Written& written;
    std::span<const std::int64_t> dead;
};

/// A text as a literal of the database's SQL.
using QuoteText = std::string (*)(std::string_view);

/// An UPDATE of foz_cursor that changes one row, or none when the lane is not where `from` says.
[[nodiscard]] std::string cursor_update(const Progress& progress, QuoteText quoted);

/// The lines to be added to foz_ledger, as an INSERT has them after VALUES: "(journal, lane, route,
/// stored, duplicate, dead), ..."; "" when nothing is to be added.
[[nodiscard]] std::string ledger_values(const Progress& progress, QuoteText quoted);

/// What a sink says when the UPDATE changed nothing: Failure::reconnect.
[[nodiscard]] std::unexpected<SinkError> cursor_was_moved(const LaneName& lane);

}  // namespace foz::sink
