// SPDX-License-Identifier: Apache-2.0
// Dead letters: readings that a database refused, or that the mapping could not turn into a row.
// They are kept until a person replays or discards them; nothing removes them by itself.
//
// A lane saves a dead letter before it commits the cursor that passes the reading. Until that
// commit the letter is provisional: after a crash the lane takes the reading up again, and
// forget_from() removes what it will save once more. Who reads dead letters to replay them
// therefore looks at those below the lane's cursor only. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

enum class LetterStatus : std::uint8_t {
    waiting,    // for a person
    replaying,  // `foz dead replay` is writing it, or was when it died
    discarded,  // by a person; its payload is gone, the count stays
};

[[nodiscard]] std::string_view name_of(LetterStatus status);

struct DeadLetter {
    std::int64_t id = 0;  // never used again; 0: not saved yet
    std::string journal;
    std::string database;
    std::string lane;
    journal::Position position;  // of its message in the journal
    std::uint32_t ordinal = 0;   // among the items of that message (mapping/row_batch.h)
    std::string route;
    std::uint32_t reading = 0;  // its number among the items of that message on that route
    std::string topic;
    std::string client;
    std::string user;  // of the publisher; "" if it has none
    SystemTime received;
    std::uint8_t qos = 0;
    bool retain = false;
    std::string payload;
    std::string reason;
    std::string code;  // SQLSTATE or the like; "" when the mapping rejected it
    SystemTime first_seen;
    LetterStatus status = LetterStatus::waiting;
};

/// Which letters; an empty field stands for all.
struct LetterFilter {
    std::string journal;
    std::string database;
    std::string route;
    std::string reason;  // part of the reason, or the whole code
    std::optional<std::int64_t> id;
    std::optional<LetterStatus> status;
    std::int64_t after = 0;                 // only those whose id is larger
    std::optional<SystemTime> seen_before;  // first_seen
};

struct LetterCount {
    std::string database;
    std::string route;
    std::uint64_t waiting = 0;  // with those that are being replayed
    std::uint64_t discarded = 0;
};

/// Saves letters, all or none, if there is room for them (letter_capacity.h); one that is there
/// already (same journal, database, lane, position, ordinal) is left as it is.
[[nodiscard]] Result<void> save_letters(StateDatabase& state, std::span<const DeadLetter> letters);

/// Whether there is a letter of the same reading (journal, database, position, route, number) from
/// other lanes, and none from the letter's own.
[[nodiscard]] Result<bool> is_of_other_lanes(StateDatabase& state, const DeadLetter& letter);

/// Removes the provisional letters of a lane: those at or after (position, ordinal). Replayed ones,
/// too: the lane will store their readings, or refuse them again.
[[nodiscard]] Result<void> forget_from(StateDatabase& state, const std::string& journal,
        const std::string& database, const std::string& lane,
        std::pair<std::uint64_t, std::uint32_t> origin);

/// Calls `each` for every letter that fits, in the order of their ids, until it returns false.
/// The state database is locked for this process meanwhile: `each` must not use it.
[[nodiscard]] Result<void> for_each_letter(StateDatabase& state, const LetterFilter& filter,
        const std::function<bool(const DeadLetter&)>& each);

/// By database and route. Only the filter's journal and database are looked at.
[[nodiscard]] Result<std::vector<LetterCount>> count_letters(
        StateDatabase& state, const LetterFilter& filter);

/// Makes the waiting letters that fit discarded, and forgets their payloads. How many there were.
/// In groups, each of which gives its room on the disk back before the next: it needs little of it.
/// After an error those of the groups before are discarded.
[[nodiscard]] Result<std::uint64_t> discard_letters(
        StateDatabase& state, const LetterFilter& filter);

/// The oldest of them only, one group; 0: there are none (left).
[[nodiscard]] Result<std::uint64_t> discard_some_letters(
        StateDatabase& state, const LetterFilter& filter);

// The three below are the state database's side of a replay; pipeline/dead_replay.h has the
// protocol.

/// Marks waiting letters as being replayed: the k-th of `ids` gets index k of replay `number`.
[[nodiscard]] Result<void> mark_replaying(
        StateDatabase& state, std::span<const std::int64_t> ids, std::uint64_t number);

struct ReturnedLetter {
    std::int64_t id = 0;
    std::string reason;
    std::string code;
};

/// Back to waiting, with new reasons; all or none.
[[nodiscard]] Result<void> return_letters(
        StateDatabase& state, std::span<const ReturnedLetter> letters);

/// Ends what replays have left behind in `database`, whose lane of replays has come to (number,
/// index): the letters before are stored (replayed_letters.h), the others go back to waiting.
[[nodiscard]] Result<void> finish_replays(StateDatabase& state, const std::string& journal,
        const std::string& database, std::pair<std::uint64_t, std::uint32_t> cursor);

}  // namespace foz::state
