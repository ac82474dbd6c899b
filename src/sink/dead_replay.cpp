// SPDX-License-Identifier: Apache-2.0
#include "sink/dead_replay.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "journal/journal.h"
#include "sink/cursor_owner.h"
#include "sink/lost_replays.h"
#include "state/cursor_writers.h"

namespace foz::sink {

namespace {

// Letters marked at a time; each has its own transaction in the database.
constexpr std::size_t kGroup = 500;

Error to_error(const SinkError& error) {
    return {
        ErrorCode::unavailable,
        error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code)
    };
}

class DeadReplay {
  public:
    DeadReplay(
        state::StateDatabase& state,
        Sink& sink,
        mapping::Mapping& mapping,
        const state::LetterFilter& filter
    )
        : state_(state), sink_(sink), mapping_(mapping), filter_(filter) {
        filter_.status = state::LetterStatus::waiting;
    }

    Result<DeadReplayResult> run();

  private:
    using Letters = std::vector<state::DeadLetter>;

    Result<void> connect();
    Result<void> settle();
    Result<Letters> next_group();
    Result<void> replay_group(const Letters& letters);
    Result<void> replay_letter(const state::DeadLetter& letter, std::uint32_t index);
    Result<void> map(
        const mqtt::Message& message, std::uint64_t position, const mapping::Table& table
    );
    Result<void> store_row(
        const state::DeadLetter& letter, std::uint32_t index, const mapping::Row& row
    );
    Result<void> give_back(
        const state::DeadLetter& letter, const std::string& reason, const std::string& code
    );
    [[nodiscard]] bool is_passed(const state::DeadLetter& letter) const;

    state::StateDatabase& state_;
    Sink& sink_;
    mapping::Mapping& mapping_;
    state::LetterFilter filter_;

    Cursor cursor_;                 // of lane "dead"
    std::vector<LaneState> lanes_;  // as they were at the start
    std::int64_t last_id_ = 0;      // letters up to here have had their turn
    mapping::RowBatch batch_;
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
    auto found = sink_.connect({filter_.journal, kDeadLane, *writer}, mapping_);
    if (!found) {
        return std::unexpected(to_error(found.error()));
    }
    const auto foreign = foreign_writer(state_, found->mark);
    if (!foreign) {
        return std::unexpected(foreign.error());
    }
    if (*foreign) {
        return fail(ErrorCode::unavailable, "{}", **foreign);
    }
    const auto tables = mapping_.tables();
    for (std::size_t i = 0; i < tables.size() && i < found->tables.size(); ++i) {
        const SettledTable& settled = found->tables[i];
        auto adopted = mapping_.adopt_columns(*tables[i], settled.columns, settled.refused);
        if (!adopted) {
            return pass_on(adopted);
        }
    }
    cursor_ = found->cursor;
    if (auto back = take_back_lost_replays(sink_, state_, filter_.journal, filter_.database);
        !back) {
        return std::unexpected(to_error(back.error()));
    }
    if (auto settled = settle(); !settled) {
        return settled;
    }
    auto audit = sink_.audit(filter_.journal, {});
    if (!audit) {
        return std::unexpected(to_error(audit.error()));
    }
    lanes_ = std::move(audit->lanes);
    return {};
}

Result<void> DeadReplay::settle() {
    return state::settle_replays(
        state_, filter_.journal, filter_.database, {cursor_.position, cursor_.ordinal}
    );
}

// Whether its lane has committed the cursor that passes it.
bool DeadReplay::is_passed(const state::DeadLetter& letter) const {
    const auto lane = std::ranges::find(lanes_, letter.lane, &LaneState::lane);
    return lane != lanes_.end() && Cursor{letter.position, letter.ordinal} < lane->cursor;
}

Result<DeadReplay::Letters> DeadReplay::next_group() {
    Letters letters;
    auto read = state::for_each_letter(state_, filter_, [&](const state::DeadLetter& letter) {
        if (letter.id > last_id_ && is_passed(letter)) {
            letters.push_back(letter);
        }
        return letters.size() < kGroup;
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
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (auto replayed = replay_letter(letters[i], static_cast<std::uint32_t>(i)); !replayed) {
            return replayed;
        }
    }
    last_id_ = ids.back();
    return settle();
}

Result<void> DeadReplay::replay_letter(const state::DeadLetter& letter, std::uint32_t index) {
    const auto routes = mapping_.routes();
    const auto route = std::ranges::find(routes, letter.route, &mapping::RouteInfo::name);
    if (route == routes.end()) {
        return give_back(letter, fmt::format("there is no route {} any more", letter.route), "");
    }
    const auto number = static_cast<std::uint32_t>(route - routes.begin());
    payload_ = letter.payload;
    payload_.append(journal::kReadablePadding, '\0');
    mqtt::Message message;
    message.topic = letter.topic;
    message.client_id = letter.client;
    message.received = letter.received;
    message.qos = letter.qos;
    message.retain = letter.retain;
    message.payload = std::string_view(payload_).substr(0, letter.payload.size());
    if (auto mapped = map(message, letter.position, *routes[number].table); !mapped) {
        return mapped;
    }

    // The item with the letter's number among those of its route: rows and rejections together, in
    // order.
    const auto of_route = [&](const auto& item) { return item.route == number; };
    std::vector<std::pair<mapping::Origin, const mapping::Row*>> items;
    std::vector<std::pair<mapping::Origin, const mapping::Rejection*>> rejected;
    for (const mapping::Row& row : batch_.rows()) {
        if (of_route(row)) {
            items.emplace_back(row.origin, &row);
        }
    }
    std::string reason = "the route makes nothing of its payload any more";
    for (const mapping::Rejection& rejection : batch_.rejections()) {
        if (of_route(rejection)) {
            items.emplace_back(rejection.origin, nullptr);
            rejected.emplace_back(rejection.origin, &rejection);
        }
    }
    std::ranges::sort(items);
    if (letter.reading >= items.size()) {
        return give_back(letter, reason, "");
    }
    const auto& [origin, row] = items[letter.reading];
    if (row != nullptr) {
        return store_row(letter, index, *row);
    }
    for (const auto& [where, rejection] : rejected) {
        if (where == origin) {
            reason = rejection->reason;
        }
    }
    return give_back(letter, reason, "");
}

// Into a batch that fits the table, which grows for it as far as the database allows.
Result<void> DeadReplay::map(
    const mqtt::Message& message, std::uint64_t position, const mapping::Table& table
) {
    bool fits = false;
    while (!fits) {
        batch_.clear();
        mapping_.map(message, position, batch_);
        if (!table.inferred || table.columns.empty()) {
            return {};
        }
        auto extended = sink_.extend(table);
        if (!extended) {
            return std::unexpected(to_error(extended.error()));
        }
        auto changed = mapping_.adopt_columns(table, extended->columns, extended->refused);
        if (!changed) {
            return pass_on(changed);
        }
        fits = !*changed;
    }
    return {};
}

Result<void> DeadReplay::store_row(
    const state::DeadLetter& letter, std::uint32_t index, const mapping::Row& row
) {
    Commit commit{{cursor_.position, index + 1}, {}};
    commit.dead.resize(mapping_.routes().size());
    commit.dead[row.route] = -1;
    const auto first = static_cast<std::size_t>(&row - batch_.rows().data());
    auto written = sink_.write(batch_, first, first + 1, commit);
    if (written) {
        cursor_ = commit.cursor;
        result_.stored += written->stored[row.route];
        result_.duplicate += written->duplicate[row.route];
        return {};
    }
    if (written.error().failure == Failure::refused) {
        return give_back(letter, written.error().message, written.error().code);
    }
    return std::unexpected(to_error(written.error()));
}

Result<void> DeadReplay::give_back(
    const state::DeadLetter& letter, const std::string& reason, const std::string& code
) {
    ++result_.dead;
    return state::return_letter(state_, letter.id, reason, code);
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
        return fail(
            ErrorCode::unavailable,
            "dead letters in {} are being replayed by another foz",
            data.string()
        );
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

Result<DeadReplayResult> replay_dead_letters(
    state::StateDatabase& state,
    Sink& sink,
    mapping::Mapping& mapping,
    const state::LetterFilter& filter
) {
    return DeadReplay(state, sink, mapping, filter).run();
}

}  // namespace foz::sink
