// SPDX-License-Identifier: Apache-2.0
#include "pipeline/verification.h"

#include <algorithm>
#include <map>

#include "mqtt/message.h"
#include "pipeline/cursor_owner.h"
#include "pipeline/cursor_position.h"
#include "pipeline/lane_cursors.h"
#include "pipeline/lost_replays.h"
#include "pipeline/route_history.h"
#include "pipeline/stored_rows.h"
#include "state/dead_letters.h"
#include "state/journal_renewal.h"
#include "state/lane_history.h"

namespace foz::pipeline {

namespace {

bool is_main(const std::string& lane) {
    return lane.starts_with("main-");
}

class Verifier {
  public:
    Verifier(const VerifiedDatabase& database, state::StateDatabase& state)
        : database_(database), state_(state) {}

    Result<Verification> run(const OpenJournal& open_journal);

  private:
    void add_ledger();
    Result<void> find_renewal();
    Result<void> find_owner(journal::Journal& journal);
    [[nodiscard]] bool is_before_route(
            std::string_view client_id, std::uint32_t route, sink::Cursor origin) const;
    Result<void> walk(journal::Journal& journal);
    void note_what_came_before(const StoredRows& stored, journal::Position first);
    [[nodiscard]] std::uint64_t replayed(const std::string& route) const;
    void count_items(const mqtt::Message& message, journal::Position position);
    void compare_received(bool counted, journal::Position first);
    void compare_tables(const StoredRows& stored_rows);
    void note_foreign();
    Result<void> compare_dead();
    Result<void> report_gaps();
    [[nodiscard]] bool is_passed(const state::DeadLetter& letter) const;
    template <class... Args>
    void differs(fmt::format_string<Args...> format, Args&&... args) {
        report_.differences.push_back(fmt::format(format, std::forward<Args>(args)...));
    }

    const VerifiedDatabase& database_;
    state::StateDatabase& state_;
    sink::Audit audit_;
    Verification report_;
    std::map<std::string, std::int64_t> dead_of_all_lanes_;  // by route
    LaneCursors cursors_;
    RouteHistory history_;
    state::BeforeRenewal before_;
    mapping::RowBatch batch_;
};

Result<Verification> Verifier::run(const OpenJournal& open_journal) {
    const auto tables = database_.mapping.tables();
    auto audit = database_.sink.audit(
            database_.journal, database_.count_rows ? tables : tables.first(0));
    if (!audit) {
        return fail(ErrorCode::unavailable, "{}", audit.error().message);
    }
    audit_ = std::move(*audit);
    add_ledger();
    auto cursors =
            LaneCursors::load(state_, database_.journal, database_.name, database_.lanes, audit_);
    if (!cursors) {
        return pass_on(cursors);
    }
    cursors_ = *std::move(cursors);
    auto history = RouteHistory::load(
            state_, database_.journal, database_.name, database_.mapping.routes(), cursors_.main());
    if (!history) {
        return pass_on(history);
    }
    history_ = *std::move(history);
    if (auto found = find_renewal(); !found) {
        return pass_on(found);
    }
    auto journal = open_journal();
    if (!journal) {
        return pass_on(journal);
    }
    if (auto found = find_owner(**journal); !found) {
        return pass_on(found);
    }
    if (auto walked = walk(**journal); !walked) {
        return pass_on(walked);
    }
    const journal::Position first = (*journal)->status().first;
    const StoredRows stored(database_.mapping, audit_, history_);
    note_what_came_before(stored, std::max(first, before_.since));
    compare_received(first <= before_.since, first);
    compare_tables(stored);
    if (auto compared = compare_dead(); !compared) {
        return pass_on(compared);
    }
    if (auto reported = report_gaps(); !reported) {
        return pass_on(reported);
    }
    return std::move(report_);
}

void Verifier::add_ledger() {
    for (const mapping::RouteInfo& route : database_.mapping.routes()) {
        report_.routes.push_back({route.name, 0, 0, 0, 0, 0});
    }
    for (const sink::LaneState& lane : audit_.lanes) {
        for (const sink::LedgerLine& line : lane.ledger) {
            dead_of_all_lanes_[line.route] += line.dead;
            const auto found = std::ranges::find(report_.routes, line.route, &RouteTotals::route);
            // A replay of the journal receives nothing new; one of dead letters turns dead into
            // stored.
            const bool receives = is_main(lane.lane) || lane.lane == kDeadLane;
            if (found != report_.routes.end() && receives) {
                found->stored += line.stored;
                found->duplicate += line.duplicate;
                found->dead += line.dead;
            }
        }
    }
}

// Whether nobody mapped the route when the item came.
bool Verifier::is_before_route(
        std::string_view client_id, std::uint32_t route, sink::Cursor origin) const {
    if (!history_.is_before(client_id, route, position_of(origin))) {
        return false;
    }
    const mapping::RouteInfo& info = database_.mapping.routes()[route];
    const state::SideSpan* side =
            cursors_.side_of(cursors_.lane_of(client_id), info.table->name, origin);
    return side == nullptr ||
           history_.is_before_of_side(side->side, info.name, position_of(origin));
}

// What replays of the journal have done for a route.
std::uint64_t Verifier::replayed(const std::string& route) const {
    std::uint64_t items = 0;
    for (const sink::LaneState& lane : audit_.lanes) {
        for (const sink::LedgerLine& line : lane.ledger) {
            if (!is_main(lane.lane) && lane.lane != kDeadLane && line.route == route) {
                items += line.stored + line.duplicate +
                         static_cast<std::uint64_t>(std::max<std::int64_t>(line.dead, 0));
            }
        }
    }
    return items;
}

void Verifier::note_what_came_before(const StoredRows& stored, journal::Position first) {
    for (std::uint32_t route = 0; route < report_.routes.size(); ++route) {
        const RouteTotals& totals = report_.routes[route];
        if (totals.before <= replayed(totals.route)) {
            continue;
        }
        // Up to the lane that has had it for longest: a replay stores nothing twice then.
        const journal::Position begin = history_.begin_of(route);
        report_.notes.push_back(fmt::format(
                "route {}: {} readings in the journal are from before it existed (position {}) and "
                "are not counted; {}",
                totals.route, totals.before, begin,
                stored.has_former_route(database_.mapping.routes()[route].table->name)
                        ? "a route of another name stored into its table then"
                        : fmt::format("to store them: foz replay --from {} --to {} --route \"{}\"",
                                  first, begin, totals.route)));
    }
}

// What the journal held when it got its id is counted under the id before.
Result<void> Verifier::find_renewal() {
    auto renewal = state::load_renewal(state_, database_.journal, database_.name);
    if (!renewal) {
        return pass_on(renewal);
    }
    if (std::optional<state::BeforeRenewal>& before = *renewal; before) {
        before_ = *std::move(before);
        report_.notes.push_back(
                fmt::format("the journal has its id since position {}; what came before is counted "
                            "under the id it had then",
                        before_.since));
    }
    return {};
}

Result<void> Verifier::find_owner(journal::Journal& journal) {
    for (const sink::LaneState& lane : audit_.lanes) {
        if (!is_main(lane.lane)) {
            continue;
        }
        const auto here = fingerprint_before(journal, position_of(lane.cursor));
        if (!here) {
            return std::unexpected(here.error());
        }
        const auto foreign = foreign_owner(state_, lane.cursor, lane.mark, *here);
        if (!foreign) {
            return std::unexpected(foreign.error());
        }
        if (const std::optional<std::string>& why = *foreign; why) {
            differs("lane {}: {}", lane.lane, *why);
        }
    }
    return {};
}

// All that the journal has, through the mapping.
Result<void> Verifier::walk(journal::Journal& journal) {
    const journal::Position first = std::max(journal.status().first, before_.since);
    auto reader = journal.read_from(first);
    if (!reader) {
        return pass_on(reader);
    }
    const journal::Position end = journal.durable_end();
    for (const sink::Cursor& cursor : cursors_.main()) {
        if (position_of(cursor) > end) {
            differs("the cursor {} is beyond the journal's end {}", cursor.position, end);
        }
    }
    const std::uint64_t deletes_before = database_.mapping.deletes();
    while ((*reader)->position() < end) {
        auto next = (*reader)->next();
        if (!next) {
            return pass_on(next);
        }
        const std::optional<journal::Record>& record = *next;
        if (!record) {
            return {};
        }
        if (record->kind != static_cast<std::uint8_t>(mqtt::RecordKind::message)) {
            continue;
        }
        auto message = mqtt::decode_message(record->bytes);
        if (!message) {
            return pass_on(message);
        }
        count_items(*message, record->position);
        report_.deletes = database_.mapping.deletes() - deletes_before;
    }
    return {};
}

void Verifier::count_items(const mqtt::Message& message, journal::Position position) {
    batch_.clear();
    if (database_.mapping.map(message, position.number(), batch_) == 0) {
        ++report_.unrouted;
        report_.unrouted_topic.assign(message.topic);
    }
    const std::uint32_t lane = cursors_.lane_of(message.client_id);
    const auto count = [&](const auto& item) {
        RouteTotals& totals = report_.routes[item.route];
        if (is_before_route(message.client_id, item.route, item.origin)) {
            ++totals.before;
            return;
        }
        ++totals.received;
        const std::string& table = database_.mapping.routes()[item.route].table->name;
        const sink::Cursor cursor = cursors_.of_item(lane, table, item.origin);
        totals.waiting += item.origin >= cursor ? 1 : 0;
    };
    std::ranges::for_each(batch_.rows(), count);
    std::ranges::for_each(batch_.rejections(), count);
}

void Verifier::compare_received(bool counted, journal::Position first) {
    for (RouteTotals& totals : report_.routes) {
        const auto accounted =
                static_cast<std::int64_t>(totals.stored + totals.duplicate + totals.waiting) +
                totals.dead;
        if (!counted) {
            totals.received = static_cast<std::uint64_t>(accounted);
        } else if (static_cast<std::int64_t>(totals.received) != accounted) {
            differs("route {}: {} readings were received, but {} stored + {} duplicate + {} dead + "
                    "{} waiting are {}",
                    totals.route, totals.received, totals.stored, totals.duplicate, totals.dead,
                    totals.waiting, accounted);
        }
    }
    if (!counted) {
        report_.notes.push_back(
                fmt::format("the journal's records before {} have been removed, so what was "
                            "received is taken from the ledger",
                        first));
    }
}

void Verifier::compare_tables(const StoredRows& stored_rows) {
    if (!database_.count_rows) {
        report_.notes.emplace_back("the rows of the tables were not counted");
        return;
    }
    note_foreign();
    for (std::size_t i = 0; i < database_.mapping.tables().size(); ++i) {
        TableTotals totals = stored_rows.totals_of(i);
        const std::uint64_t stored = totals.stored + totals.foreign + totals.former;
        if (totals.rows != stored) {
            differs("table {} has {} rows, foz stored {}{}{}: {}", totals.table, totals.rows,
                    totals.stored,
                    totals.former > 0 ? fmt::format(" and routes of before {}", totals.former) : "",
                    totals.foreign > 0 ? fmt::format(" and other journals {}", totals.foreign) : "",
                    totals.rows > stored
                            ? "the others came from elsewhere, or from a journal whose route has "
                              "another name (--no-row-counts, if that is as it should be)"
                            : "the others were deleted, or the table was replaced "
                              "(--no-row-counts, if that is as it should be)");
        }
        report_.tables.push_back(std::move(totals));
    }
}

void Verifier::note_foreign() {
    const auto routes = database_.mapping.routes();
    std::map<std::string, std::string> by_journal;
    for (const sink::ForeignTotal& one : audit_.foreign) {
        const bool known =
                std::ranges::find(routes, one.route, &mapping::RouteInfo::name) != routes.end();
        std::string& text = by_journal[one.journal];
        text += fmt::format("{}{} by route {}{}", text.empty() ? "" : ", ", one.stored, one.route,
                known ? ""
                      : " (no route here has that name: its table is not known, and not summed "
                        "up)");
    }
    for (const auto& [journal, text] : by_journal) {
        report_.notes.push_back(fmt::format("journal {} has stored here too: {}", journal, text));
    }
}

// Letters that a lane has saved but not passed are not in its ledger yet.
bool Verifier::is_passed(const state::DeadLetter& letter) const {
    if (letter.position < before_.since) {
        return true;
    }
    const auto lane = std::ranges::find(audit_.lanes, letter.lane, &sink::LaneState::lane);
    return lane != audit_.lanes.end() && cursor_at(letter.position, letter.ordinal) < lane->cursor;
}

Result<void> Verifier::compare_dead() {
    std::map<std::string, std::int64_t> letters;
    state::LetterFilter filter;
    filter.journal = database_.journal;
    filter.database = database_.name;
    auto read = state::for_each_letter(state_, filter, [&](const state::DeadLetter& letter) {
        letters[letter.route] += is_passed(letter) ? 1 : 0;
        return true;
    });
    if (!read) {
        return pass_on(read);
    }
    for (const auto& [route, dead] : dead_of_all_lanes_) {
        letters.try_emplace(route, 0);
    }
    for (const auto& [route, kept] : letters) {
        const auto found = dead_of_all_lanes_.find(route);
        const auto carried =
                std::ranges::find(before_.letters, route, &state::BeforeRenewal::Letters::route);
        const std::int64_t dead = (found == dead_of_all_lanes_.end() ? 0 : found->second) +
                                  (carried == before_.letters.end() ? 0 : carried->count);
        if (dead != kept) {
            differs("route {}: the ledger has {} dead letters, {} has {}", route, dead,
                    state_.file().string(), kept);
        }
    }
    return {};
}

Result<void> Verifier::report_gaps() {
    auto gaps = state::load_gaps(state_, database_.journal);
    if (!gaps) {
        return pass_on(gaps);
    }
    for (const state::Gap& gap : *gaps) {
        if (gap.database == database_.name && !gap.accepted) {
            differs("records {} to {} never came to lane {}: the journal no longer had them when "
                    "the database needed them (accept it with --accept-gaps)",
                    gap.first, gap.past.previous().value_or(gap.first), gap.lane);
        }
    }
    return {};
}

}  // namespace

Result<Verification> verify(const VerifiedDatabase& database, state::StateDatabase& state,
        const OpenJournal& open_journal) {
    return Verifier(database, state).run(open_journal);
}

}  // namespace foz::pipeline
