// SPDX-License-Identifier: Apache-2.0
// Where a record stands in a journal. Positions are ordered, and that is all: they are no numbers
// to calculate with, because what comes next, and how many records lie between two positions, only
// the journal knows. Whoever wants to know asks here.
//
// number() and from_number() are for where a position is kept or shown: databases, bytes on disk,
// text for a person. Only src/journal may calculate with what they yield.
//
// Pure. docs/decisions/0012-positions.md says why.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace foz::journal {

/// Of a record, or of the place between two records: "below P" are the records before P. "The end"
/// of a journal is the position that the next record will get. Never given twice, never reordered.
class Position {
  public:
    /// Of the first record in a journal's life.
    constexpr Position() = default;

    /// What number() has yielded, perhaps long ago; whatever a person wrote, too: read_from() says
    /// whether it is in the journal.
    [[nodiscard]] static constexpr Position from_number(std::uint64_t number) {
        return Position(number);
    }
    /// Beyond every record that there will be: where nothing ends, or has begun yet.
    [[nodiscard]] static constexpr Position beyond_all() { return Position(UINT64_MAX); }

    /// How the position is kept and shown: counted from 0 over the journal's life. Ordered as
    /// positions are.
    [[nodiscard]] constexpr std::uint64_t number() const { return number_; }

    /// Behind the record at this position: what a cursor says once that record is done.
    [[nodiscard]] constexpr Position next() const { return advanced_by(1); }
    /// Behind so many records from here on; beyond_all() at most.
    [[nodiscard]] constexpr Position advanced_by(std::uint64_t records) const {
        return Position(number_ + std::min(records, UINT64_MAX - number_));
    }
    /// Of the record before; nothing: there has never been one.
    [[nodiscard]] constexpr std::optional<Position> previous() const {
        return number_ == 0 ? std::nullopt : std::optional(Position(number_ - 1));
    }

    auto operator<=>(const Position&) const = default;

  private:
    explicit constexpr Position(std::uint64_t number) : number_(number) {}

    std::uint64_t number_ = 0;
};

/// How many records stand at or after `from` and below `to`: 0 if `to` is not behind `from`. As far
/// as the journal has ever had them; retention may have removed some.
[[nodiscard]] constexpr std::uint64_t records_between(Position from, Position to) {
    return to > from ? to.number() - from.number() : 0;
}

}  // namespace foz::journal

/// As its number.
template <>
struct fmt::formatter<foz::journal::Position> : fmt::formatter<std::uint64_t> {
    template <class Context>
    auto format(foz::journal::Position position, Context& context) const {
        return fmt::formatter<std::uint64_t>::format(position.number(), context);
    }
};
