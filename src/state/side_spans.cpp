// SPDX-License-Identifier: Apache-2.0
#include "state/side_spans.h"

#include "state/stored.h"

namespace foz::state {

namespace {

void bind_key(Statement& statement, const std::string& journal, const std::string& database,
        const SideSpan& span) {
    statement.bind(1, journal);
    statement.bind(2, database);
    statement.bind(3, span.lane);
    statement.bind(4, span.table);
    statement.bind(5, stored(span.begin));
    statement.bind(6, static_cast<std::int64_t>(span.begin_ordinal));
}

}  // namespace

Result<void> save_side_span(StateDatabase& state, const std::string& journal,
        const std::string& database, const SideSpan& span) {
    return state.run("cannot save a side lane", [&](SqliteConnection& connection) {
        return connection.run(
                "INSERT OR REPLACE INTO side_span (journal, database, lane, table_name, "
                "begin_position, begin_ordinal, side, past) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [&](Statement& statement) {
                    bind_key(statement, journal, database, span);
                    statement.bind(7, span.side);
                    if (span.past) {
                        statement.bind(8, stored(*span.past));
                    } else {
                        statement.bind_null(8);
                    }
                });
    });
}

Result<void> remove_side_span(StateDatabase& state, const std::string& journal,
        const std::string& database, const SideSpan& span) {
    return state.run("cannot forget a side lane", [&](SqliteConnection& connection) {
        return connection.run(
                "DELETE FROM side_span WHERE journal = ? AND database = ? AND lane = ? AND "
                "table_name = ? AND begin_position = ? AND begin_ordinal = ?",
                [&](Statement& statement) { bind_key(statement, journal, database, span); });
    });
}

Result<void> remove_side_spans(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    return state.run("cannot forget side lanes", [&](SqliteConnection& connection) {
        return connection.run("DELETE FROM side_span WHERE journal = ? AND database = ?",
                [&](Statement& statement) {
                    statement.bind(1, journal);
                    statement.bind(2, database);
                });
    });
}

Result<std::vector<SideSpan>> load_side_spans(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    using Loaded = SqliteResult<std::vector<SideSpan>>;
    return state.run("cannot read the side lanes", [&](SqliteConnection& connection) -> Loaded {
        std::vector<SideSpan> spans;
        auto read = connection.for_each_row(
                "SELECT lane, table_name, side, begin_position, begin_ordinal, past FROM side_span "
                "WHERE journal = ? AND database = ? ORDER BY begin_position, begin_ordinal, "
                "table_name",
                [&](Statement& select) {
                    select.bind(1, journal);
                    select.bind(2, database);
                },
                [&](const Statement& row) {
                    SideSpan& span = spans.emplace_back();
                    span.lane = row.text(0);
                    span.table = row.text(1);
                    span.side = row.text(2);
                    span.begin = position_from(row.integer(3));
                    span.begin_ordinal = static_cast<std::uint32_t>(row.integer(4));
                    if (!row.is_null(5)) {
                        span.past = position_from(row.integer(5));
                    }
                });
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        return spans;
    });
}

}  // namespace foz::state
