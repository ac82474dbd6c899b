// SPDX-License-Identifier: Apache-2.0
#include "journal/position.h"

#include <concepts>
#include <type_traits>

#include <gtest/gtest.h>

#include "tests/support/position.h"

namespace foz::journal {
namespace {

// Nobody takes a number for a position or calculates with one by accident.
static_assert(!std::convertible_to<std::uint64_t, Position>);
static_assert(!std::constructible_from<Position, int>);
static_assert(!std::convertible_to<Position, std::uint64_t>);
template <class T>
concept Calculates =
        requires(T position) { position + 1; } || requires(T position) { position - 1; } ||
        requires(T position) { ++position; } || requires(T position) { position - position; } ||
        requires(T position) { position > 1; };
static_assert(Calculates<std::uint64_t> && !Calculates<Position>);
// What the readers' threads share is read and set without a lock.
static_assert(std::is_trivially_copyable_v<Position> && sizeof(Position) == sizeof(std::uint64_t));

TEST(Position, is_ordered_from_the_first_of_a_journals_life_on) {
    EXPECT_EQ(Position(), at(0));
    EXPECT_LT(at(0), at(1));
    EXPECT_LT(at(1), at(1).next());
    EXPECT_LT(at(UINT64_MAX - 1), Position::beyond_all());
}

TEST(Position, knows_what_stands_before_and_behind_a_record) {
    EXPECT_EQ(at(41).next(), at(42));
    EXPECT_EQ(at(42).previous(), at(41));
    EXPECT_EQ(at(0).previous(), std::nullopt);
    EXPECT_EQ(at(40).advanced_by(0), at(40));
    EXPECT_EQ(at(40).advanced_by(2), at(42));
}

TEST(Position, never_turns_over) {
    EXPECT_EQ(Position::beyond_all().next(), Position::beyond_all());
    EXPECT_EQ(at(5).advanced_by(UINT64_MAX), Position::beyond_all());
    EXPECT_EQ(at(UINT64_MAX - 3).advanced_by(3), Position::beyond_all());
}

TEST(Position, no_records_lie_between_two_positions_that_are_turned_round) {
    EXPECT_EQ(records_between(at(5), at(9)), 4U);
    EXPECT_EQ(records_between(at(5), at(5)), 0U);
    EXPECT_EQ(records_between(at(9), at(5)), 0U);
    EXPECT_EQ(records_between(at(0), Position::beyond_all()), UINT64_MAX);
}

TEST(Position, is_written_as_its_number) {
    EXPECT_EQ(fmt::format("{} {:>5} {:03}", at(42), at(7), at(8)), "42     7 008");
    EXPECT_EQ(testing::PrintToString(at(42)), "42");
    EXPECT_EQ(Position::from_number(at(42).number()), at(42));
}

}  // namespace
}  // namespace foz::journal
