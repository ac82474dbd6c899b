// SPDX-License-Identifier: Apache-2.0
#include "pipeline/side_lanes.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "base/log.h"
#include "pipeline/cursor_position.h"
#include "pipeline/runner.h"

namespace foz::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLaneBytesMax = 128;  // what every database keeps of a lane's name

// How often the main lane looks whether a side lane has caught up, and how long it waits for one.
constexpr auto kLookInterval = 100ms;
constexpr auto kWait = 1s;
constexpr auto kPauseAfterWait = 10s;
constexpr auto kWaitStep = 10ms;

}  // namespace

struct SideLanes::Side {
    std::string name;
    Position proof;
    Position done;  // under mutex_ of the SideLanes, which has no name here
    std::unique_ptr<Runner> runner;
};

std::string side_lane_name(const std::string& main, const std::string& table) {
    std::string name = main + "/" + table;
    if (name.size() <= kLaneBytesMax) {
        return name;
    }
    const std::string end = fmt::format("~{:08x}", crc32c(as_bytes(table)));
    std::size_t kept = kLaneBytesMax - end.size();
    while ((static_cast<unsigned char>(name[kept]) & 0xC0) == 0x80) {
        --kept;  // not in the middle of a character
    }
    return name.substr(0, kept) + end;
}

SideLanes::SideLanes(RunnerDependencies& dependencies, const RunnerOptions& options)
    : dependencies_(dependencies),
      options_(options),
      journal_id_(dependencies.journal.status().id) {}

SideLanes::~SideLanes() = default;

SideLanes::Side* SideLanes::find(const std::string& name) {
    const auto found = std::ranges::find(sides_, name, [](const auto& side) { return side->name; });
    return found == sides_.end() ? nullptr : found->get();
}

Result<void> SideLanes::save(const state::SideSpan& span) {
    return state::save_side_span(dependencies_.state, journal_id_, options_.database, span);
}

Result<void> SideLanes::load() {
    if (loaded_ || !dependencies_.make_side_lane) {
        return {};
    }
    auto spans = state::load_side_spans(dependencies_.state, journal_id_, options_.database);
    if (!spans) {
        return pass_on(spans);
    }
    std::erase_if(*spans, [&](const auto& span) { return span.lane != options_.lane; });
    spans_ = std::move(*spans);
    for (const state::SideSpan& span : spans_) {
        if (span.past || find(span.side) != nullptr) {
            continue;
        }
        const auto tables = dependencies_.mapping.tables();
        if (std::ranges::none_of(tables, [&](const auto& t) { return t->name == span.table; })) {
            spdlog::error(
                    "database {}: table {} is no longer configured, but readings for it wait in "
                    "lane {}, and the journal keeps all records from {} on for them. Configure it "
                    "again to have them stored, or give them up: stop foz and run `foz journal "
                    "forget {}/{}`",
                    options_.database, span.table, span.side, span.begin, options_.database,
                    span.side);
            continue;
        }
        if (auto started = start_side(span.side, span.begin); !started) {
            return started;
        }
    }
    loaded_ = true;
    return {};
}

Result<void> SideLanes::start_side(const std::string& name, Position proof) {
    auto made = dependencies_.make_side_lane();
    if (!made) {
        return pass_on(made);
    }
    RunnerOptions options = options_;
    options.lane = name;
    options.cap = cap_;
    options.since = Position::beyond_all();
    for (const auto& table : made->mapping.tables()) {
        table->elsewhere = true;
        for (const state::SideSpan& span : spans_) {
            if (span.side == name && !span.past && span.table == table->name) {
                table->elsewhere = false;
                options.since = std::min(options.since, span.begin);
            }
        }
    }
    auto side = std::make_unique<Side>();
    side->name = name;
    side->proof = proof;
    side->done = options.since;
    RowShare share = RowShare::of_side(made->mapping, spans_, name);
    side->runner = std::make_unique<Runner>(
            RunnerDependencies{
                .journal = dependencies_.journal,
                .state = dependencies_.state,
                .clock = dependencies_.clock,
                .mapping = std::move(made->mapping),
                .sink = std::move(made->sink),
                .on_committed =
                        [this, one = side.get()](Position position) {
                            const MutexLock lock(mutex_);
                            one->done = std::max(one->done, position);
                            report();
                        },
                .share = std::move(share),
            },
            options);
    Runner& runner = *side->runner;
    {
        const MutexLock lock(mutex_);
        sides_.push_back(std::move(side));
    }
    runner.start();
    return {};
}

void SideLanes::end_side(const std::string& name) {
    std::unique_ptr<Side> ended;
    {
        const MutexLock lock(mutex_);
        const auto found =
                std::ranges::find(sides_, name, [](const auto& side) { return side->name; });
        if (found == sides_.end()) {
            return;
        }
        ended = std::move(*found);
        sides_.erase(found);
    }
    ended->runner->stop(dependencies_.clock.steady_now());
}

RowShare SideLanes::share_of_main() {
    for (const auto& table : dependencies_.mapping.tables()) {
        table->elsewhere = std::ranges::any_of(spans_, [&](const state::SideSpan& span) {
            return !span.past && span.table == table->name;
        });
    }
    return RowShare::of_main(dependencies_.mapping, spans_, options_.lane);
}

// Of the side lane that is to take one more table.
std::string SideLanes::name_for(const std::string& table) {
    const std::string shared = options_.lane + "/+";
    const auto alone =
            std::ranges::count_if(sides_, [&](const auto& side) { return side->name != shared; });
    return static_cast<std::size_t>(alone) < kSideLanesMax ? side_lane_name(options_.lane, table)
                                                           : shared;
}

Result<bool> SideLanes::set_aside(
        std::size_t table, sink::Cursor from, Position proof, const std::string& reason) {
    const auto tables = dependencies_.mapping.tables();
    // The only table that there is holds back nobody.
    if (!dependencies_.make_side_lane || tables.size() < 2 || tables[table]->elsewhere) {
        return false;
    }
    const std::string& table_name = tables[table]->name;
    const std::string name = name_for(table_name);
    if (Side* const there = find(name); there != nullptr) {
        // It has several tables, and must not have passed what it gets now.
        if (there->runner->status().cursor > from) {
            return false;
        }
        proof = std::max(proof, there->proof);
    }
    // Ended spans are for a database that is taken back; the journal has nothing for older ones.
    const Position first = dependencies_.journal.status().first;
    for (const state::SideSpan& span : spans_) {
        if (span.past && *span.past <= first) {
            static_cast<void>(state::remove_side_span(
                    dependencies_.state, journal_id_, options_.database, span));
        }
    }
    std::erase_if(spans_, [&](const auto& span) {
        return (span.past && *span.past <= first) ||
               (span.table == table_name && begin_of(span) == from);
    });
    state::SideSpan span{
        .lane = options_.lane,
        .table = table_name,
        .side = name,
        .begin = position_of(from),
        .begin_ordinal = from.ordinal,
    };
    if (auto saved = save(span); !saved) {
        return pass_on(saved);
    }
    spans_.push_back(std::move(span));
    cap_ = position_of(from);
    end_side(name);
    if (auto started = start_side(name, proof); !started) {
        loaded_ = false;  // the span is there; load() tries again
        return pass_on(started);
    }
    spdlog::error(
            "database {} ({}): table {} is set aside, its readings wait in lane {} until it is "
            "mended, and those of other tables go on: {}",
            options_.database, options_.lane, table_name, name, reason);
    return true;
}

Result<bool> SideLanes::main_found_at(sink::Cursor cursor) {
    cap_ = position_of(cursor);
    bool changed = false;
    std::vector<state::SideSpan> kept;
    std::vector<std::string> to_start;
    for (state::SideSpan span : spans_) {
        const bool ends_behind = span.past && position_of(cursor) < *span.past;
        if (begin_of(span) > cursor || (ends_behind && begin_of(span) == cursor)) {
            changed = true;
            end_side(span.side);
            auto removed = state::remove_side_span(
                    dependencies_.state, journal_id_, options_.database, span);
            if (!removed) {
                return pass_on(removed);
            }
            dependencies_.journal.remove_cursor(fmt::format("{}/{}", options_.database, span.side));
            continue;
        }
        if (ends_behind) {
            changed = true;
            span.past.reset();
            if (auto saved = save(span); !saved) {
                return pass_on(saved);
            }
        }
        kept.push_back(std::move(span));
    }
    spans_ = std::move(kept);
    if (changed) {
        loaded_ = false;
        if (auto loaded = load(); !loaded) {
            return pass_on(loaded);
        }
    }
    follow(cursor);
    return changed;
}

bool SideLanes::is_ready(const Side& side, sink::Cursor cursor) const {
    const RunnerStatus status = side.runner->status();
    return status.state == RunnerState::running && status.cursor == cursor &&
           position_of(cursor) >= side.proof;
}

bool SideLanes::is_near(const Side& side, sink::Cursor cursor) const {
    const RunnerStatus status = side.runner->status();
    return status.state == RunnerState::running && status.cursor < cursor &&
           position_of(cursor) >= side.proof &&
           journal::records_between(position_of(status.cursor), position_of(cursor)) <=
                   options_.batch_rows_max;
}

// While more comes, a side lane is always a little behind its main lane, unless that stops.
void SideLanes::wait_for_near(sink::Cursor cursor) {
    const SteadyTime deadline = dependencies_.clock.steady_now() + kWait;
    for (const auto& side : sides_) {
        side->runner->raise_cap(position_of(cursor), true);
    }
    MutexLock lock(mutex_);
    while (dependencies_.clock.steady_now() < deadline &&
            std::ranges::any_of(sides_, [&](const auto& side) { return is_near(*side, cursor); })) {
        moved_.wait_for(mutex_, kWaitStep);
    }
    lock.unlock();
    for (const auto& side : sides_) {
        side->runner->raise_cap(position_of(cursor), false);
    }
}

sink::SinkResult<bool> SideLanes::merge(sink::Cursor cursor, sink::Sink& sink) {
    const SteadyTime now = dependencies_.clock.steady_now();
    if (sides_.empty() || cursor.ordinal != 0 || now < next_look_) {
        return false;
    }
    next_look_ = now + kLookInterval;
    if (std::ranges::any_of(sides_, [&](const auto& side) { return is_near(*side, cursor); })) {
        wait_for_near(cursor);
        if (std::ranges::any_of(sides_, [&](const auto& side) { return is_near(*side, cursor); })) {
            next_look_ = dependencies_.clock.steady_now() + kPauseAfterWait;
        }
    }
    std::vector<std::string> ready;
    for (const auto& side : sides_) {
        if (is_ready(*side, cursor)) {
            ready.push_back(side->name);
        }
    }
    if (ready.empty()) {
        return false;
    }
    // What a side lane remembers may be of a database that has failed over to another since.
    const auto audit = sink.audit(journal_id_, {});
    if (!audit) {
        return std::unexpected(audit.error());
    }
    bool merged = false;
    for (const std::string& name : ready) {
        const auto lane = std::ranges::find(audit->lanes, name, &sink::LaneState::lane);
        if (lane == audit->lanes.end() || lane->cursor != cursor) {
            continue;
        }
        if (auto taken = take_back(name, position_of(cursor)); !taken) {
            return sink::retry_after(taken.error());
        }
        merged = true;
    }
    return merged;
}

Result<void> SideLanes::take_back(const std::string& name, Position position) {
    for (state::SideSpan& span : spans_) {
        if (span.side != name || span.past) {
            continue;
        }
        state::SideSpan ended = span;
        ended.past = position;
        if (auto saved = save(ended); !saved) {
            return saved;
        }
        span = std::move(ended);
        spdlog::info("database {} ({}): table {} is mended and has caught up", options_.database,
                options_.lane, span.table);
    }
    end_side(name);
    dependencies_.journal.remove_cursor(fmt::format("{}/{}", options_.database, name));
    return {};
}

void SideLanes::follow(sink::Cursor cursor) {
    cap_ = position_of(cursor);
    for (const auto& side : sides_) {
        side->runner->raise_cap(cap_, false);
    }
}

void SideLanes::report_main(Position position) {
    const MutexLock lock(mutex_);
    main_done_ = position;
    report();
}

void SideLanes::report() {
    moved_.notify_all();
    Position lowest = main_done_;
    for (const auto& side : sides_) {
        lowest = std::min(lowest, side->done);
    }
    if (dependencies_.on_committed && lowest > told_) {
        told_ = lowest;
        dependencies_.on_committed(lowest);
    }
}

void SideLanes::stop(SteadyTime deadline) {
    for (const auto& side : sides_) {
        side->runner->request_stop(deadline);
    }
    for (const auto& side : sides_) {
        side->runner->join();
    }
}

std::vector<RunnerStatus> SideLanes::status() const {
    const MutexLock lock(mutex_);
    std::vector<RunnerStatus> status;
    status.reserve(sides_.size());
    for (const auto& side : sides_) {
        status.push_back(side->runner->status());
    }
    return status;
}

}  // namespace foz::pipeline
