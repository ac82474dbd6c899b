// SPDX-License-Identifier: Apache-2.0
#include "pipeline/dead_replay.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <numeric>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/bytes.h"
#include "pipeline/cursor_owner.h"
#include "pipeline/cursor_position.h"
#include "pipeline/lost_replays.h"
#include "pipeline/time_limit.h"
#include "sink/misfits.h"
#include "state/cursor_writers.h"

namespace foz::pipeline {

namespace {

// Letters written at a time, in one transaction of the database if it takes them all.
constexpr std::size_t kGroup = 500;
constexpr std::size_t kGroupBytes = 8 << 20;  // of their payloads

Error to_error(const sink::SinkError& error) {
    return {ErrorCode::unavailable, text_of(error)};
}

class DeadReplay {
  public:
    DeadReplay(state::StateDatabase& state, sink::Sink& sink, mapping::Mapping& mapping,
            const state::LetterFilter& filter)
        : state_(state), sink_(sink), mapping_(mapping), filter_(filter) {
        filter_.status = state::LetterStatus::waiting;
    }

    Result<DeadReplayResult> run();

  private:
    using Letters = std::vector<state::DeadLetter>;
    /// What has become of a letter: row number `row` of batch_, or a reason why there is none.
    struct Item {
        std::optional<std::size_t> row;
        std::string reason;
        std::string code;
    };
    /// A letter of the group that has a row.
    struct Candidate {
        std::size_t letter = 0;
        std::size_t row = 0;
    };

    Result<void> connect();
    Result<void> finish();
    Result<Letters> next_group();
    Result<void> replay_group(const Letters& letters);
    Result<void> map_group(const Letters& letters);
    Result<bool> extend_tables();
    Item map_letter(const state::DeadLetter& letter);
    Result<void> store_rows(const Letters& letters);
    Result<void> give_back(std::span<const state::ReturnedLetter> letters);
    [[nodiscard]] bool is_passed(const state::DeadLetter& letter) const;

    state::StateDatabase& state_;
    sink::Sink& sink_;
    mapping::Mapping& mapping_;
    state::LetterFilter filter_;

    sink::Cursor cursor_;                 // of lane "dead"
    std::vector<sink::LaneState> lanes_;  // as they were at the start
    std::map<const mapping::Table*, sink::SinkError> misfits_;
    std::int64_t last_id_ = 0;  // letters up to here have had their turn
    mapping::RowBatch batch_;   // of the group: all that its messages become
    std::vector<Item> items_;   // one for each letter of the group
    mapping::RowBatch chosen_;  // of a write; its texts are batch_'s
    std::string payload_;
    DeadReplayResult result_;
};

Result<DeadReplayResult> DeadReplay::run() {
    if (auto connected = connect(); !connected) {
        return pass_on(connected);
    }
    while (true) {
        auto letters = next_group();
        if (!letters) {
            return pass_on(letters);
        }
        if (letters->empty()) {
            return result_;
        }
        if (auto replayed = replay_group(*letters); !replayed) {
            return pass_on(replayed);
        }
    }
}

Result<void> DeadReplay::connect() {
    auto writer = state::new_cursor_writer(state_, filter_.database, kDeadLane);
    if (!writer) {
        return pass_on(writer);
    }
    const sink::LaneName lane{filter_.journal, kDeadLane, *std::move(writer)};
    auto found = sink_.connect(lane, mapping_);
    const auto tables = mapping_.tables();
    if (found && sink::any_misfit(*found)) {
        // The letters of those tables have to wait, the others not.
        for (std::size_t i = 0; i < tables.size(); ++i) {
            if (const auto& misfit = found->tables[i].misfit) {
                tables[i]->elsewhere = true;
                misfits_[tables[i].get()] = *misfit;
            }
        }
        found = sink_.connect(lane, mapping_);
    }
    if (!found) {
        return std::unexpected(to_error(found.error()));
    }
    const auto foreign = foreign_owner(state_, found->cursor, found->mark, 0);
    if (!foreign) {
        return std::unexpected(foreign.error());
    }
    if (*foreign) {
        return fail(ErrorCode::unavailable, "{}", **foreign);
    }
    for (std::size_t i = 0; i < tables.size() && i < found->tables.size(); ++i) {
        if (tables[i]->elsewhere) {
            continue;
        }
        const sink::PreparedTable& finished = found->tables[i];
        auto adopted = mapping_.adopt_columns(*tables[i], finished.columns, finished.refused);
        if (!adopted) {
            return pass_on(adopted);
        }
    }
    cursor_ = found->cursor;
    if (auto back = take_back_lost_replays(sink_, state_, filter_.journal, filter_.database);
            !back) {
        return std::unexpected(to_error(back.error()));
    }
    if (auto finished = finish(); !finished) {
        return finished;
    }
    auto audit = sink_.audit(filter_.journal, {});
    if (!audit) {
        return std::unexpected(to_error(audit.error()));
    }
    lanes_ = std::move(audit->lanes);
    return {};
}

Result<void> DeadReplay::finish() {
    return state::finish_replays(
            state_, filter_.journal, filter_.database, {cursor_.position, cursor_.ordinal});
}

// Whether its lane has committed the cursor that passes it.
bool DeadReplay::is_passed(const state::DeadLetter& letter) const {
    const auto lane = std::ranges::find(lanes_, letter.lane, &sink::LaneState::lane);
    return lane != lanes_.end() && cursor_at(letter.position, letter.ordinal) < lane->cursor;
}

Result<DeadReplay::Letters> DeadReplay::next_group() {
    Letters letters;
    std::size_t bytes = 0;
    filter_.after = last_id_;
    auto read = state::for_each_letter(state_, filter_, [&](const state::DeadLetter& letter) {
        if (is_passed(letter)) {
            bytes += letter.payload.size();
            letters.push_back(letter);
        }
        return letters.size() < kGroup && bytes < kGroupBytes;
    });
    if (!read) {
        return pass_on(read);
    }
    return letters;
}

Result<void> DeadReplay::replay_group(const Letters& letters) {
    std::vector<std::int64_t> ids;
    for (const state::DeadLetter& letter : letters) {
        ids.push_back(letter.id);
    }
    const std::uint64_t number = cursor_.position + 1;
    if (auto marked = state::mark_replaying(state_, ids, number); !marked) {
        return marked;
    }
    cursor_ = {number, 0};
    if (auto mapped = map_group(letters); !mapped) {
        return mapped;
    }
    std::vector<state::ReturnedLetter> returned;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (!items_[i].row) {
            returned.push_back({ids[i], items_[i].reason, items_[i].code});
        }
    }
    if (auto given = give_back(returned); !given) {
        return given;
    }
    if (auto stored = store_rows(letters); !stored) {
        return stored;
    }
    last_id_ = ids.back();
    return finish();
}

// Into a batch that fits the tables, which grow for it as far as the database allows.
Result<void> DeadReplay::map_group(const Letters& letters) {
    bool changed = true;
    while (changed) {
        batch_.clear();
        items_.clear();
        for (const state::DeadLetter& letter : letters) {
            items_.push_back(map_letter(letter));
        }
        auto extended = extend_tables();
        if (!extended) {
            return pass_on(extended);
        }
        changed = *extended;
    }
    return {};
}

// True: rows mapped before may not fit.
Result<bool> DeadReplay::extend_tables() {
    bool changed = false;
    for (const auto& table : mapping_.tables()) {
        if (!table->inferred || table->columns.empty() || table->elsewhere) {
            continue;
        }
        auto extended = sink_.extend(*table);
        if (!extended) {
            return std::unexpected(to_error(extended.error()));
        }
        auto adopted = mapping_.adopt_columns(*table, extended->columns, extended->refused);
        if (!adopted) {
            return adopted;
        }
        changed = changed || *adopted;
    }
    return changed;
}

DeadReplay::Item DeadReplay::map_letter(const state::DeadLetter& letter) {
    const auto routes = mapping_.routes();
    const auto route = std::ranges::find(routes, letter.route, &mapping::RouteInfo::name);
    if (route == routes.end()) {
        return {{}, fmt::format("there is no route {} any more", letter.route), ""};
    }
    if (const auto misfit = misfits_.find(route->table); misfit != misfits_.end()) {
        return {{}, misfit->second.message, misfit->second.code};
    }
    payload_ = letter.payload;
    payload_.append(kReadablePadding, '\0');
    mqtt::Message message;
    message.topic = letter.topic;
    message.client_id = letter.client;
    message.user = letter.user;
    message.received = letter.received;
    message.qos = letter.qos;
    message.retain = letter.retain;
    message.payload = std::string_view(payload_).substr(0, letter.payload.size());
    const std::size_t first_row = batch_.rows().size();
    const std::size_t first_rejection = batch_.rejections().size();
    mapping_.map(message, letter.position.number(), batch_);

    // The item with the letter's number among those of its route: rows and rejections together, in
    // order.
    const auto number = static_cast<std::uint32_t>(route - routes.begin());
    std::vector<std::pair<mapping::Origin, Item>> items;
    for (std::size_t i = first_row; i < batch_.rows().size(); ++i) {
        if (batch_.rows()[i].route == number) {
            items.emplace_back(batch_.rows()[i].origin, Item{i, "", ""});
        }
    }
    for (const mapping::Rejection& rejection : batch_.rejections().subspan(first_rejection)) {
        if (rejection.route == number) {
            items.emplace_back(rejection.origin, Item{{}, rejection.reason, ""});
        }
    }
    std::ranges::sort(items, {}, [](const auto& item) { return item.first; });
    if (letter.reading >= items.size()) {
        return {{}, "the route makes nothing of its payload any more", ""};
    }
    return std::move(items[letter.reading].second);
}

// All in one transaction if the database takes them; those that it refuses go back before the
// others are tried again.
Result<void> DeadReplay::store_rows(const Letters& letters) {
    std::deque<Candidate> waiting;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].row) {
            waiting.push_back({i, *items_[i].row});
        }
    }
    std::size_t size = waiting.size();
    while (!waiting.empty()) {
        size = std::clamp<std::size_t>(size, 1, waiting.size());
        chosen_.clear();
        sink::Commit commit{
            .cursor = {cursor_.position, static_cast<std::uint32_t>(waiting[size - 1].letter + 1)},
            .dead = std::vector<std::int64_t>(mapping_.routes().size(), 0),
        };
        for (std::size_t i = 0; i < size; ++i) {
            const mapping::Row& row = batch_.rows()[waiting[i].row];
            for (const mapping::Value& cell : batch_.cells(row)) {
                chosen_.add_cell(cell);
            }
            chosen_.finish_row(row.origin, row.route);
            --commit.dead[row.route];
        }
        auto written = sink_.write(chosen_, 0, size, commit);
        if (written) {
            cursor_ = commit.cursor;
            result_.stored += std::reduce(written->stored.begin(), written->stored.end());
            result_.duplicate += std::reduce(written->duplicate.begin(), written->duplicate.end());
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(size));
            size *= 2;
            continue;
        }
        sink::SinkError& error = written.error();
        const bool too_long = size > 1 && time_limit_of(error).has_value();
        if (error.failure != sink::FailureKind::refused && !too_long) {
            return std::unexpected(to_error(error));
        }
        if (error.rows.empty() && size == 1) {
            error.rows.push_back({0, error.code, error.message});
        }
        if (error.rows.empty() || too_long) {
            size = error.row.value_or(0) > 0 ? std::min(*error.row, size - 1) : size / 2;
            continue;
        }
        std::vector<state::ReturnedLetter> returned;
        for (const sink::RefusedRow& row : error.rows) {
            if (row.row < size) {
                returned.push_back({letters[waiting[row.row].letter].id, row.message, row.code});
                waiting[row.row].row = SIZE_MAX;
            }
        }
        if (auto given = give_back(returned); !given) {
            return given;
        }
        std::erase_if(waiting, [](const Candidate& one) { return one.row == SIZE_MAX; });
    }
    return {};
}

Result<void> DeadReplay::give_back(std::span<const state::ReturnedLetter> letters) {
    result_.dead += letters.size();
    return letters.empty() ? Result<void>{} : state::return_letters(state_, letters);
}

}  // namespace

Result<DeadReplayLock> DeadReplayLock::take(const std::filesystem::path& data) {
    const std::filesystem::path path = data / "dead_replay.lock";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(ErrorCode::io, "cannot open {}: {}", path.string(), errno_message(errno));
    }
    DeadReplayLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorCode::unavailable, "dead letters in {} are being replayed by another foz",
                data.string());
    }
    return lock;
}

DeadReplayLock::DeadReplayLock(DeadReplayLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

DeadReplayLock::~DeadReplayLock() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

Result<DeadReplayResult> replay_dead_letters(state::StateDatabase& state, sink::Sink& sink,
        mapping::Mapping& mapping, const state::LetterFilter& filter) {
    return DeadReplay(state, sink, mapping, filter).run();
}

}  // namespace foz::pipeline
