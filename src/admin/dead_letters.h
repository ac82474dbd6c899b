// SPDX-License-Identifier: Apache-2.0
// The readings that could not be stored: looking at them, writing them once more, giving them up.
// All of it works while foz runs. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admin/data_folder.h"
#include "pipeline/dead_replay.h"
#include "state/dead_letters.h"

namespace foz::admin {

/// Calls `each` for every letter that fits, oldest first, until it returns false; `filter.journal`
/// is the folder's, whatever it says. `each` must not use the folder.
[[nodiscard]] Result<void> for_each_dead_letter(const DataFolder& folder,
        state::LetterFilter filter, const std::function<bool(const state::DeadLetter&)>& each);
[[nodiscard]] Result<bool> any_dead_letter(
        const DataFolder& folder, const state::LetterFilter& filter);

/// {"id":1,"status":"waiting",...,"payload":"..."}; a payload that is not UTF-8 is
/// "payload_base64".
[[nodiscard]] std::string json_of(const state::DeadLetter& letter);
/// For a person: text that is safe on a terminal, or base64 that says so.
[[nodiscard]] std::string payload_text(const state::DeadLetter& letter);

/// What became of the letters of one database.
struct ReplayedLetters {
    std::string database;
    Result<pipeline::DeadReplayResult> result;
};
/// Maps and writes the letters that fit once more; what is stored then is no longer dead. The
/// databases follow one another; an error of one leaves the others their turn. Error: unavailable
/// when another process replays.
[[nodiscard]] Result<std::vector<ReplayedLetters>> replay_dead_letters(
        const DataFolder& folder, const state::LetterFilter& filter);

struct DiscardedLetters {
    std::uint64_t count = 0;
    /// Why DATA/state.reserve, which lets letters be discarded on a full disk, could not be made
    /// again.
    std::optional<Error> reserve_missing;
};
/// On a full disk even deleting needs room: this gives the room of DATA/state.reserve, if there is
/// too little. To be called before the folder is opened. Whether it did.
bool free_space_for_discarding(const config::Settings& settings);
/// Deletes the payloads of the letters that fit; the count stays.
[[nodiscard]] Result<DiscardedLetters> discard_dead_letters(
        const DataFolder& folder, state::LetterFilter filter);

}  // namespace foz::admin
