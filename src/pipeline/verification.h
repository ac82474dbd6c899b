// SPDX-License-Identifier: Apache-2.0
// Checks that it adds up: received = stored + duplicate + dead + waiting, for each route of a
// database.
//
// What makes the check real is that the sides are counted independently of each other:
//   received           by mapping all that the journal still has, from its first record. Only when
//   nothing has been removed
//                      by retention; otherwise it cannot be counted, and the report says so
//   stored, duplicate  the ledger, which the database committed with the rows
//   the table's rows   count(*), against what all lanes have stored into it, and those of other
//                      journals by routes of the same names (the ledger knows routes, not tables)
//   dead               the ledger, against the letters in state.db
//   waiting            by mapping what lies between the lanes' cursors and the journal's end
// Ledger, cursors and count(*) come from one snapshot, so it adds up while foz runs. The journal is
// mapped with the present configuration: after a change of a route, what was received before is
// counted as the route is now. What came before a route existed (state/route_starts.h) was not
// received for it: a note says how much that is, and how to store it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "sink/sink.h"
#include "state/state_database.h"

namespace foz::pipeline {

struct RouteTotals {
    std::string route;
    std::uint64_t received = 0;  // counted, or the sum of the others when it could not be
    std::uint64_t stored = 0;
    std::uint64_t duplicate = 0;
    std::int64_t dead = 0;
    std::uint64_t waiting = 0;
    std::uint64_t before = 0;  // in the journal from before the route existed; none of the above
};

struct TableTotals {
    std::string table;
    std::uint64_t rows = 0;    // count(*)
    std::uint64_t stored = 0;  // by all lanes, with replays, of this journal
    /// By other journals' routes of the same names: another foz that writes there too, or one
    /// before.
    std::uint64_t foreign = 0;
    std::uint64_t former = 0;  // by routes of this journal that the configuration no longer has
};

struct Verification {
    std::vector<RouteTotals> routes;
    std::vector<TableTotals> tables;
    std::uint64_t unrouted = 0;  // messages in the journal that no route of this database takes
    std::string unrouted_topic;  // of the last one
    std::uint64_t deletes = 0;   // empty retained messages: Mapping::deletes()
    std::vector<std::string> differences;  // empty: it adds up
    std::vector<std::string> notes;        // what could not be checked, and why
};

/// What is verified.
struct VerifiedDatabase {
    std::string name;
    std::uint32_t lanes = 1;
    std::string journal;  // its id
    sink::Sink& sink;
    mapping::Mapping& mapping;
    bool count_rows = true;  // of the tables; false: others change them too
};

using OpenJournal = std::function<Result<std::unique_ptr<journal::Journal>>()>;

/// `open_journal` is called after the snapshot, so that the journal it sees is not older. Errors:
/// the database, the journal or the state database could not be read.
[[nodiscard]] Result<Verification> verify(const VerifiedDatabase& database,
        state::StateDatabase& state, const OpenJournal& open_journal);

}  // namespace foz::pipeline
