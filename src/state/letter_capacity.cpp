// SPDX-License-Identifier: Apache-2.0
#include "state/letter_capacity.h"

#include <fmt/format.h>

#include "state/dead_letters.h"

namespace foz::state {
namespace {

constexpr std::uint64_t kPercent = 100;
constexpr std::uint64_t kWarnPercent = 80;
constexpr std::uint64_t kRoomPercent = 90;  // down to which the oldest are given up

std::uint64_t percent(std::uint64_t whole, std::uint64_t part) {
    return whole / kPercent * part + whole % kPercent * part / kPercent;
}

std::string mebibytes(std::uint64_t bytes) {
    constexpr double kMiB = 1 << 20;
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / kMiB);
}

std::string days(std::chrono::seconds time) {
    constexpr double kHours = 3'600;
    constexpr double kDays = 24;
    const double hours = static_cast<double>(time.count()) / kHours;
    return hours < kDays ? fmt::format("{:.1f} h", hours)
                         : fmt::format("{:.1f} days", hours / kDays);
}

/// Of the letters that wait.
Result<std::int64_t> count_seen_before(StateDatabase& state, SystemTime time) {
    using Count = SqliteResult<std::int64_t>;
    return state.run("cannot count dead letters", [&](SqliteConnection& connection) -> Count {
        auto select = connection.prepare(
                "SELECT count(*) FROM dead_letters WHERE status = 'waiting' AND first_seen < ?");
        if (!select) {
            return std::unexpected(std::move(select.error()));
        }
        select->bind(1, std::int64_t{time.time_since_epoch().count()});
        if (auto row = select->step(); !row) {
            return std::unexpected(std::move(row.error()));
        }
        return select->integer(0);
    });
}

Result<void> discard_oldest(StateDatabase& state, std::uint64_t bytes) {
    const std::uint64_t goal = percent(state.letter_limits().bytes_max, kRoomPercent);
    std::uint64_t discarded = 0;
    while (true) {
        auto used = used_bytes(state);
        if (!used) {
            return pass_on(used);
        }
        if (*used + bytes <= goal) {
            break;
        }
        auto some = discard_some_letters(state, {});
        if (!some) {
            return pass_on(some);
        }
        if (*some == 0) {
            break;
        }
        discarded += *some;
    }
    if (discarded > 0) {
        spdlog::error(
                "limits.dead_letters_bytes = {} is reached: the {} oldest dead letters were given "
                "up, as limits.dead_letters_full = \"discard_oldest\" has it; their payloads are "
                "gone",
                mebibytes(state.letter_limits().bytes_max), discarded);
    }
    return {};
}

}  // namespace

Result<std::uint64_t> used_bytes(StateDatabase& state) {
    using Size = SqliteResult<std::uint64_t>;
    return state.run("cannot see how large it is", [](SqliteConnection& connection) -> Size {
        std::uint64_t values[3] = {};
        const char* const pragmas[3] = {
            "PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"};
        for (int i = 0; i < 3; ++i) {
            auto value = connection.integer_of(pragmas[i]);
            if (!value) {
                return std::unexpected(std::move(value.error()));
            }
            values[i] = static_cast<std::uint64_t>(*value);
        }
        return (values[0] - values[1]) * values[2];
    });
}

Result<void> make_letter_capacity(StateDatabase& state, std::uint64_t bytes) {
    const LetterLimits& limits = state.letter_limits();
    if (limits.bytes_max == 0) {
        return {};
    }
    auto used = used_bytes(state);
    if (!used) {
        return pass_on(used);
    }
    if (*used + bytes <= limits.bytes_max) {
        return {};
    }
    if (limits.discard_oldest) {
        if (auto discarded = discard_oldest(state, bytes); !discarded) {
            return discarded;
        }
        used = used_bytes(state);
        if (!used) {
            return pass_on(used);
        }
        if (*used + bytes <= limits.bytes_max) {
            return {};
        }
    }
    return fail(ErrorCode::no_space,
            "limits.dead_letters_bytes = {} is reached ({} has {}), so that no reading may become "
            "a dead letter: the lane waits, and nothing is lost while the journal has room; look "
            "why they are refused (foz dead list), then foz dead replay, foz dead discard, or a "
            "higher limit",
            mebibytes(limits.bytes_max), state.file().string(), mebibytes(*used));
}

void LetterKeeper::check(SystemTime now, SteadyTime steady_now) {
    if (steady_now < next_) {
        return;
    }
    next_ = steady_now + kInterval;
    steady_now_ = steady_now;
    for (const Result<void>& checked : {check_age(now), check_bytes()}) {
        if (!checked && error_throttle_.pass(steady_now)) {
            spdlog::warn("the limits of dead letters: {}", checked.error().message);
        }
    }
}

Result<void> LetterKeeper::check_age(SystemTime now) {
    const std::chrono::seconds age_max = state_.letter_limits().age_max;
    if (age_max.count() == 0) {
        return {};
    }
    std::uint64_t discarded = 0;
    while (true) {
        LetterFilter old;
        old.seen_before = now - age_max;
        auto some = discard_some_letters(state_, old);
        if (!some) {
            return pass_on(some);
        }
        if (*some == 0) {
            break;
        }
        discarded += *some;
    }
    if (discarded > 0) {
        spdlog::error(
                "limits.dead_letters_age = {}: {} dead letters have waited for longer and were "
                "given up; their payloads are gone",
                days(age_max), discarded);
    }
    auto soon = count_seen_before(state_, now - age_max * kWarnPercent / kPercent);
    if (!soon) {
        return pass_on(soon);
    }
    if (*soon > 0 && age_throttle_.pass(steady_now_)) {
        spdlog::warn(
                "limits.dead_letters_age = {}: {} dead letters have waited for more than 80 % of "
                "that and will be given up: foz dead list, foz dead replay",
                days(age_max), *soon);
    }
    return {};
}

Result<void> LetterKeeper::check_bytes() {
    const LetterLimits& limits = state_.letter_limits();
    if (limits.bytes_max == 0) {
        return {};
    }
    auto used = used_bytes(state_);
    if (!used) {
        return pass_on(used);
    }
    if (*used < percent(limits.bytes_max, kWarnPercent) || !bytes_throttle_.pass(steady_now_)) {
        return {};
    }
    spdlog::warn(
            "limits.dead_letters_bytes = {}: {} has {} already; when it is reached, {}: look why "
            "readings are refused (foz dead list), then foz dead replay or foz dead discard",
            mebibytes(limits.bytes_max), state_.file().string(), mebibytes(*used),
            limits.discard_oldest ? "the oldest dead letters are given up"
                                  : "lanes with another refused reading stand still");
    return {};
}

}  // namespace foz::state
