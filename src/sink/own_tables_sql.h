// SPDX-License-Identifier: Apache-2.0
// How the SQL about foz's own tables (foz_cursor, foz_ledger, foz_columns) differs from database to
// database. bookkeeping.h, write_progress.h and column_fields.h have what does not. Pure.
#pragma once

#include <string>
#include <string_view>

namespace foz::sink {

/// A text as a literal of the database's SQL.
using QuoteText = std::string (*)(std::string_view);

struct OwnTablesSql {
    QuoteText quoted;
    /// Yields 1 or 0 twice: whether foz_cursor and foz_ledger are there, and whether foz_cursor has
    /// CursorMark's columns, which an older foz did not make.
    std::string_view find;
    std::string_view create;       // both, if they are missing
    std::string_view add_marks;    // those columns
    std::string_view keep_lane;    // behind an INSERT into foz_cursor: a row that is there stays
    std::string_view lock;         // behind a SELECT of a lane's row in foz_cursor
    std::string_view add_counts;   // behind an INSERT into foz_ledger: adds to a row that is there
    std::string_view find_fields;  // yields a row if foz_columns is there
    std::string_view create_fields;
    std::string_view keep_field;  // behind an INSERT into foz_columns: a row that is there stays
};

}  // namespace foz::sink
