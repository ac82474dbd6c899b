// SPDX-License-Identifier: Apache-2.0
#include "broker/session_registry.h"

#include <gtest/gtest.h>

namespace foz::broker {
namespace {

constexpr ConnectionHandle kFirst{.reactor = 0, .slot = 1, .generation = 0};
constexpr ConnectionHandle kSecond{.reactor = 1, .slot = 1, .generation = 0};
constexpr ConnectionHandle kThird{.reactor = 1, .slot = 2, .generation = 0};
constexpr ConnectionHandle kSweeper{.reactor = 0, .slot = 0xFFFF'FFFF, .generation = 0};

Will delayed_will() {
    Will will;
    will.topic = "t";
    will.delay = std::chrono::seconds(5);
    return will;
}

TEST(SessionRegistry, a_newcomer_is_granted_the_client_id_when_its_owner_has_let_go) {
    SessionRegistry registry(10);
    EXPECT_TRUE(registry.claim("a", kFirst).granted);
    const auto claim = registry.claim("a", kSecond);
    EXPECT_FALSE(claim.granted);
    EXPECT_EQ(claim.displaced, kFirst);
    EXPECT_EQ(registry.release("a", kFirst, std::nullopt, {}), kSecond);
}

TEST(SessionRegistry, of_two_that_wait_the_later_one_wins) {
    SessionRegistry registry(10);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    EXPECT_EQ(registry.claim("a", kSecond).displaced, kFirst);
    EXPECT_EQ(registry.claim("a", kThird).displaced, kSecond);
    EXPECT_EQ(registry.release("a", kSecond, std::nullopt, {}), std::nullopt);
    EXPECT_EQ(registry.release("a", kFirst, std::nullopt, {}), kThird);
    EXPECT_EQ(registry.release("a", kThird, std::nullopt, {}), std::nullopt);
    EXPECT_TRUE(registry.claim("a", kFirst).granted);
}

TEST(SessionRegistry, one_that_goes_while_it_waits_is_not_granted_anything) {
    SessionRegistry registry(10);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_FALSE(registry.claim("a", kSecond).granted);
    EXPECT_EQ(registry.release("a", kSecond, std::nullopt, {}), std::nullopt);
    EXPECT_EQ(registry.release("a", kFirst, std::nullopt, {}), std::nullopt);
}

TEST(SessionRegistry, a_session_with_expiry_0_ends_with_its_connection) {
    SessionRegistry registry(10);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    EXPECT_FALSE(registry.open("a", false, 0).present);
    (void)registry.release("a", kFirst, std::nullopt, {});
    ASSERT_TRUE(registry.claim("a", kSecond).granted);
    EXPECT_FALSE(registry.open("a", false, 0).present);
}

TEST(SessionRegistry, a_kept_session_is_taken_up_again_until_it_expires) {
    SessionRegistry registry(10);
    const SteadyTime now{};
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    const auto session = registry.open("a", false, 60).session;
    (void)registry.release("a", kFirst, std::nullopt, now);
    EXPECT_TRUE(registry.take_due(now + std::chrono::seconds(59), kSweeper).empty());
    ASSERT_TRUE(registry.claim("a", kSecond).granted);
    EXPECT_EQ(registry.open("a", false, 60).session, session);
    (void)registry.release("a", kSecond, std::nullopt, now + std::chrono::seconds(100));
    EXPECT_TRUE(registry.take_due(now + std::chrono::seconds(120), kSweeper).empty())
            << "the first alarm is out of date";

    const auto due = registry.take_due(now + std::chrono::seconds(160), kSweeper);
    ASSERT_EQ(due.size(), 1U);
    EXPECT_TRUE(due[0].expired);
    EXPECT_EQ(due[0].client_id, "a");
    // Until its end is journaled, a client that comes back has to wait.
    EXPECT_FALSE(registry.claim("a", kThird).granted);
    EXPECT_EQ(registry.release("a", kSweeper, std::nullopt, now), kThird);
    EXPECT_FALSE(registry.open("a", false, 60).present);
}

TEST(SessionRegistry, a_clean_start_throws_the_older_session_away) {
    SessionRegistry registry(10);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_TRUE(registry.open("a", false, 60).session->note_received(5, "t", "1"));
    (void)registry.release("a", kFirst, std::nullopt, {});
    ASSERT_TRUE(registry.claim("a", kSecond).granted);
    const auto opened = registry.open("a", true, 60);
    EXPECT_FALSE(opened.present);
    EXPECT_TRUE(opened.discarded);
    EXPECT_EQ(opened.session->unreleased_count(), 0U);
}

TEST(SessionRegistry, a_delayed_will_is_due_after_its_delay_unless_the_client_is_back) {
    for (const bool comes_back : {false, true}) {
        SessionRegistry registry(10);
        const SteadyTime now{};
        ASSERT_TRUE(registry.claim("a", kFirst).granted);
        ASSERT_TRUE(registry.open("a", false, 60).session);
        (void)registry.release("a", kFirst, delayed_will(), now);
        if (comes_back) {
            ASSERT_TRUE(registry.claim("a", kSecond).granted);
            EXPECT_FALSE(registry.open("a", false, 60).will);
        }
        const auto due = registry.take_due(now + std::chrono::seconds(5), kSweeper);
        EXPECT_EQ(due.size(), comes_back ? 0U : 1U);
        if (!comes_back) {
            EXPECT_EQ(due[0].will->topic, "t");
            EXPECT_FALSE(due[0].expired);
        }
    }
}

TEST(SessionRegistry, a_delayed_will_is_due_also_when_the_next_connection_goes_before_its_session) {
    SessionRegistry registry(10);
    const SteadyTime now{};
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_TRUE(registry.open("a", false, 60).session);
    ASSERT_FALSE(registry.claim("a", kSecond).granted);
    EXPECT_EQ(registry.release("a", kFirst, delayed_will(), now), kSecond);
    EXPECT_EQ(registry.release("a", kSecond, std::nullopt, now), std::nullopt);
    const auto due = registry.take_due(now + std::chrono::seconds(5), kSweeper);
    ASSERT_EQ(due.size(), 1U);
    EXPECT_TRUE(due[0].will);
    EXPECT_TRUE(registry.take_due(now + std::chrono::seconds(60), kSweeper).at(0).expired);
}

TEST(SessionRegistry, a_clean_start_publishes_the_delayed_will_of_the_session_it_ends) {
    SessionRegistry registry(10);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_TRUE(registry.open("a", false, 60).session);
    (void)registry.release("a", kFirst, delayed_will(), {});
    ASSERT_TRUE(registry.claim("a", kSecond).granted);
    EXPECT_TRUE(registry.open("a", true, 60).will);
}

TEST(SessionRegistry, there_are_at_most_so_many_kept_sessions) {
    SessionRegistry registry(1);
    ASSERT_TRUE(registry.claim("clean", kThird).granted);
    EXPECT_TRUE(registry.open("clean", true, 0).session);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    EXPECT_TRUE(registry.open("a", true, 60).session)
            << "one that ends with its connection does not count";
    ASSERT_TRUE(registry.claim("b", kSecond).granted);
    EXPECT_FALSE(registry.open("b", true, 60).session);
    EXPECT_TRUE(registry.open("b", true, 0).session);
    EXPECT_TRUE(registry.open("a", true, 60).session) << "in place of its own";
}

TEST(SessionRegistry, a_session_that_ends_makes_room_for_another) {
    SessionRegistry registry(1);
    const SteadyTime now{};
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_TRUE(registry.open("a", false, 60).session);
    (void)registry.release("a", kFirst, std::nullopt, now);
    ASSERT_EQ(registry.take_due(now + std::chrono::seconds(60), kSweeper).size(), 1U);
    (void)registry.release("a", kSweeper, std::nullopt, now);
    ASSERT_TRUE(registry.claim("b", kSecond).granted);
    EXPECT_TRUE(registry.open("b", false, 60).session);
}

/// A client that has come and gone; its session is kept, and holds a QoS 2 message or nothing.
void come_and_go(SessionRegistry& registry, const std::string& client_id, bool holds) {
    ASSERT_TRUE(registry.claim(client_id, kFirst).granted);
    const auto opened = registry.open(client_id, false, 60);
    ASSERT_TRUE(opened.session) << client_id;
    if (holds) {
        ASSERT_TRUE(opened.session->note_received(1, "t", "1"));
    }
    (void)registry.release(client_id, kFirst, std::nullopt, {});
}

TEST(SessionRegistry, the_session_without_use_whose_client_left_first_makes_room_for_a_new_one) {
    SessionRegistry registry(4);
    come_and_go(registry, "holds", true);
    come_and_go(registry, "first", false);
    come_and_go(registry, "second", false);
    ASSERT_TRUE(registry.claim("connected", kSecond).granted);
    ASSERT_TRUE(registry.open("connected", false, 60).session);
    EXPECT_EQ(registry.counts().kept, 4U);
    EXPECT_EQ(registry.counts().droppable, 2U);
    come_and_go(registry, "first", false);  // now "second" has been gone for longest

    for (const auto* const dropped : {"second", "first"}) {
        const std::string newcomer = std::string("after-") + dropped;
        ASSERT_TRUE(registry.claim(newcomer, kThird).granted);
        const auto opened = registry.open(newcomer, false, 60, kSweeper);
        ASSERT_TRUE(opened.session);
        EXPECT_EQ(opened.dropped, dropped);
        EXPECT_FALSE(registry.claim(dropped, kFirst).granted)
                << "its end is not in the journal yet";
        EXPECT_EQ(registry.release(dropped, kSweeper, std::nullopt, {}), kFirst);
        (void)registry.release(dropped, kFirst, std::nullopt, {});
    }
    ASSERT_TRUE(registry.claim("too-many", kThird).granted);
    EXPECT_FALSE(registry.open("too-many", false, 60).session);
    EXPECT_EQ(registry.counts().kept, 4U);
}

TEST(SessionRegistry, a_session_with_a_will_to_come_makes_no_room_before_that_is_published) {
    SessionRegistry registry(1);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    ASSERT_TRUE(registry.open("a", false, 60).session);
    (void)registry.release("a", kFirst, delayed_will(), SteadyTime{});
    EXPECT_EQ(registry.counts().droppable, 0U);
    EXPECT_EQ(registry.take_due(SteadyTime{} + std::chrono::seconds(5), kSweeper).size(), 1U);
    EXPECT_EQ(registry.counts().droppable, 1U);
}

TEST(SessionRegistry, keeps_the_wills_that_wait_within_their_limit) {
    const std::uint64_t one = delayed_will().bytes();
    SessionRegistry registry(10, 2 * one);
    for (const auto* const client_id : {"a", "b", "c", "d"}) {
        ASSERT_TRUE(registry.claim(client_id, kFirst).granted);
        ASSERT_TRUE(registry.open(client_id, false, 60).session);
        std::optional<Will> will = delayed_will();
        (void)registry.release(client_id, kFirst, std::move(will), SteadyTime{});
        const bool has_capacity = std::string_view(client_id) < "c";
        EXPECT_EQ(will.has_value(), !has_capacity) << client_id;
    }
    EXPECT_EQ(registry.take_due(SteadyTime{} + std::chrono::seconds(5), kSweeper).size(), 2U);
    ASSERT_TRUE(registry.claim("a", kFirst).granted);
    std::optional<Will> will = delayed_will();
    ASSERT_TRUE(registry.open("a", false, 60).present);
    (void)registry.release("a", kFirst, std::move(will), SteadyTime{});
    EXPECT_FALSE(will) << "what is published makes room";
}

TEST(SessionRegistry, a_person_ends_a_session_whose_client_is_gone) {
    SessionRegistry registry(10);
    come_and_go(registry, "a", true);
    EXPECT_TRUE(registry.end("a", kSweeper).taken);
    EXPECT_FALSE(registry.claim("a", kSecond).granted);
    EXPECT_EQ(registry.release("a", kSweeper, std::nullopt, {}), kSecond);
    EXPECT_FALSE(registry.open("a", false, 60).present);
    const auto connected = registry.end("a", kSweeper);
    EXPECT_FALSE(connected.taken);
    EXPECT_EQ(connected.owner, kSecond);
    EXPECT_FALSE(registry.end("nobody", kSweeper).owner);
}

}  // namespace
}  // namespace foz::broker
