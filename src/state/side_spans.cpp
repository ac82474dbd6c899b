// SPDX-License-Identifier: Apache-2.0
#include "state/side_spans.h"

namespace foz::state {

namespace {

template <class Bind>
SqliteResult<void> run_once(SqliteConnection& connection, std::string_view sql, Bind bind) {
    auto statement = connection.prepare(sql);
    if (!statement) {
        return std::unexpected(std::move(statement.error()));
    }
    bind(*statement);
    return statement->run();
}

void bind_key(
    Statement& statement,
    const std::string& journal,
    const std::string& database,
    const SideSpan& span
) {
    statement.bind(1, journal);
    statement.bind(2, database);
    statement.bind(3, span.lane);
    statement.bind(4, span.table);
    statement.bind(5, static_cast<std::int64_t>(span.begin));
    statement.bind(6, static_cast<std::int64_t>(span.begin_ordinal));
}

}  // namespace

Result<void> save_side_span(
    StateDatabase& state,
    const std::string& journal,
    const std::string& database,
    const SideSpan& span
) {
    return state.run("cannot save a side lane", [&](SqliteConnection& connection) {
        return run_once(
            connection,
            "INSERT OR REPLACE INTO side_span (journal, database, lane, table_name, "
            "begin_position, begin_ordinal, side, past) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [&](Statement& statement) {
                bind_key(statement, journal, database, span);
                statement.bind(7, span.side);
                if (span.past) {
                    statement.bind(8, static_cast<std::int64_t>(*span.past));
                } else {
                    statement.bind_null(8);
                }
            }
        );
    });
}

Result<void> remove_side_span(
    StateDatabase& state,
    const std::string& journal,
    const std::string& database,
    const SideSpan& span
) {
    return state.run("cannot forget a side lane", [&](SqliteConnection& connection) {
        return run_once(
            connection,
            "DELETE FROM side_span WHERE journal = ? AND database = ? AND lane = ? AND "
            "table_name = ? AND begin_position = ? AND begin_ordinal = ?",
            [&](Statement& statement) { bind_key(statement, journal, database, span); }
        );
    });
}

Result<void> remove_side_spans(
    StateDatabase& state, const std::string& journal, const std::string& database
) {
    return state.run("cannot forget side lanes", [&](SqliteConnection& connection) {
        return run_once(
            connection,
            "DELETE FROM side_span WHERE journal = ? AND database = ?",
            [&](Statement& statement) {
                statement.bind(1, journal);
                statement.bind(2, database);
            }
        );
    });
}

Result<std::vector<SideSpan>> load_side_spans(
    StateDatabase& state, const std::string& journal, const std::string& database
) {
    using Loaded = SqliteResult<std::vector<SideSpan>>;
    return state.run("cannot read the side lanes", [&](SqliteConnection& connection) -> Loaded {
        auto select = connection.prepare(
            "SELECT lane, table_name, side, begin_position, begin_ordinal, past IS NULL, past "
            "FROM side_span WHERE journal = ? AND database = ? "
            "ORDER BY begin_position, begin_ordinal, table_name"
        );
        if (!select) {
            return std::unexpected(std::move(select.error()));
        }
        select->bind(1, journal);
        select->bind(2, database);
        std::vector<SideSpan> spans;
        while (true) {
            auto row = select->step();
            if (!row) {
                return std::unexpected(std::move(row.error()));
            }
            if (!*row) {
                return spans;
            }
            SideSpan& span = spans.emplace_back();
            span.lane = select->text(0);
            span.table = select->text(1);
            span.side = select->text(2);
            span.begin = static_cast<std::uint64_t>(select->integer(3));
            span.begin_ordinal = static_cast<std::uint32_t>(select->integer(4));
            if (select->integer(5) == 0) {
                span.past = static_cast<std::uint64_t>(select->integer(6));
            }
        }
    });
}

}  // namespace foz::state
