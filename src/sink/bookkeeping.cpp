// SPDX-License-Identifier: Apache-2.0
#include "sink/bookkeeping.h"

#include <algorithm>

#include <fmt/format.h>

namespace foz::sink {
namespace {

constexpr std::string_view kCannotRead = "cannot read foz_cursor";

struct OwnTables {
    bool there = false;
    bool with_marks = false;  // false: made by an older foz
};

// CREATE TABLE IF NOT EXISTS needs the right to create even when the tables are there.
SinkResult<OwnTables> own_tables(SqlSession& session) {
    auto found =
            session.rows_of(std::string(session.own_tables().find), "cannot read the catalogue");
    if (!found) {
        return pass_on(found);
    }
    const TextRow& row = found->front();
    return OwnTables{.there = row[0] == "1", .with_marks = row[1] == "1"};
}

SinkResult<void> read_ledgers(
        SqlSession& session, const std::string& of_lanes, std::vector<LaneState>& lanes) {
    auto rows = session.rows_of(
            "SELECT lane, route, stored, duplicate, dead FROM foz_ledger" + of_lanes, kCannotRead);
    if (!rows) {
        return pass_on(rows);
    }
    for (const TextRow& row : *rows) {
        const auto lane = std::ranges::find(lanes, row[0].value_or(""), &LaneState::lane);
        if (lane != lanes.end()) {
            lane->ledger.push_back(LedgerLine{
                .route = row[1].value_or(""),
                .stored = number<std::uint64_t>(row[2]),
                .duplicate = number<std::uint64_t>(row[3]),
                .dead = number<std::int64_t>(row[4]),
            });
        }
    }
    for (LaneState& lane : lanes) {
        std::ranges::sort(lane.ledger, {}, &LedgerLine::route);
    }
    return {};
}

}  // namespace

SinkResult<void> create_bookkeeping(SqlSession& session, const LaneName& lane) {
    const OwnTablesSql& own = session.own_tables();
    auto tables = own_tables(session);
    if (!tables) {
        return pass_on(tables);
    }
    std::string change;
    if (!tables->there || !tables->with_marks) {
        change = fmt::format("{}; ", tables->there ? own.add_marks : own.create);
    }
    return session.execute(
            fmt::format("{}INSERT INTO foz_cursor (journal, lane, position, ordinal) VALUES ({}, "
                        "{}, 0, 0){}",
                    change, own.quoted(lane.journal), own.quoted(lane.lane), own.keep_lane),
            "cannot create foz_cursor and foz_ledger");
}

SinkResult<std::vector<LaneState>> read_lanes(
        SqlSession& session, const std::string& journal, const std::string& lane) {
    const OwnTablesSql& own = session.own_tables();
    std::vector<LaneState> lanes;
    auto tables = own_tables(session);
    if (!tables) {
        return pass_on(tables);
    }
    if (!tables->there) {
        return lanes;
    }
    const std::string of_lanes = fmt::format(" WHERE journal = {}{}", own.quoted(journal),
            lane.empty() ? "" : " AND lane = " + own.quoted(lane));
    // A commit of the lane's last connection may still be on its way through the server. It holds
    // the lock on its cursor.
    auto rows =
            session.rows_of(fmt::format("SELECT lane, position, ordinal, {} FROM foz_cursor{}{}",
                                    tables->with_marks ? "writer, fingerprint" : "'', 0", of_lanes,
                                    lane.empty() ? "" : own.lock),
                    kCannotRead);
    if (!rows) {
        return pass_on(rows);
    }
    for (const TextRow& row : *rows) {
        lanes.push_back({
            .lane = row[0].value_or(""),
            .cursor = {number<std::uint64_t>(row[1]), number<std::uint32_t>(row[2])},
            // Not every database has unsigned integers of 64 bits.
            .mark = {row[3].value_or(""), static_cast<std::uint64_t>(number<std::int64_t>(row[4]))},
            .ledger = {},
        });
    }
    std::ranges::sort(lanes, {}, &LaneState::lane);
    if (auto read = read_ledgers(session, of_lanes, lanes); !read) {
        return pass_on(read);
    }
    return lanes;
}

SinkResult<std::vector<ForeignTotal>> read_foreign(
        SqlSession& session, const std::string& journal) {
    std::vector<ForeignTotal> totals;
    auto tables = own_tables(session);
    if (!tables) {
        return pass_on(tables);
    }
    if (!tables->there) {
        return totals;
    }
    auto rows = session.rows_of(
            fmt::format("SELECT journal, route, SUM(stored) FROM foz_ledger WHERE journal <> {} "
                        "GROUP BY journal, route HAVING SUM(stored) > 0 ORDER BY journal, route",
                    session.own_tables().quoted(journal)),
            "cannot read foz_ledger");
    if (!rows) {
        return pass_on(rows);
    }
    for (const TextRow& row : *rows) {
        totals.push_back({row[0].value_or(""), row[1].value_or(""), number<std::uint64_t>(row[2])});
    }
    return totals;
}

}  // namespace foz::sink
