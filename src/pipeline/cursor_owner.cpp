// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cursor_owner.h"

#include "pipeline/cursor_position.h"
#include "state/cursor_writers.h"

namespace foz::pipeline {

namespace {

constexpr std::string_view kWhatToDo =
        "Its data folder is a copy of this one or the other way round, or one of them was restored "
        "from a snapshot. Readings wait in the journal until you decide which of them goes on "
        "under another id: stop that foz, run `foz journal new-id` with its data folder and start "
        "it again";

}  // namespace

Result<std::uint64_t> fingerprint_before(journal::Readable& journal, journal::Position position) {
    const auto before = position.previous();
    if (!before) {
        return 0;
    }
    auto reader = journal.read_from(*before);
    if (!reader && reader.error().code == ErrorCode::not_found) {
        return 0;
    }
    if (!reader) {
        return pass_on(reader);
    }
    auto next = (*reader)->next();
    if (!next) {
        return pass_on(next);
    }
    const std::optional<journal::Record>& record = *next;
    return record ? record->fingerprint : 0;
}

Result<std::optional<std::string>> foreign_owner(state::StateDatabase& state,
        const sink::Cursor& cursor, const sink::CursorMark& mark, std::uint64_t here) {
    if (!mark.writer.empty()) {
        const auto own = state::is_cursor_writer(state, mark.writer);
        if (!own) {
            return std::unexpected(own.error());
        }
        if (!*own) {
            return fmt::format(
                    "another foz with the same journal id writes here (it calls itself {}). {}",
                    mark.writer, kWhatToDo);
        }
    }
    if (mark.fingerprint == 0 || here == 0 || here == mark.fingerprint) {
        return std::nullopt;
    }
    const journal::Position position = position_of(cursor);
    return fmt::format(
            "the database has stored everything before position {}, but of another journal with "
            "the same id: record {} is another one here. {}",
            position, position.previous().value_or(position), kWhatToDo);
}

}  // namespace foz::pipeline
