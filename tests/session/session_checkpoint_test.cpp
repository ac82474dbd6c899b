// SPDX-License-Identifier: Apache-2.0
#include "session/session_checkpoint.h"

#include <gtest/gtest.h>

#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::session {
namespace {

TEST(SessionCheckpoint, is_brought_up_to_what_has_changed) {
    const support::TemporaryDirectory folder;
    auto state = state::StateDatabase::open(folder / "state.db").value();
    EXPECT_FALSE(load_sessions(*state, "j").value());
    const std::vector<SessionSnapshot> first = {
        {"a", 60, {{1, 10}, {65535, 11}}}, {"b", 0xFFFFFFFF, {}}, {"c", 1, {}}};
    ASSERT_TRUE(save_sessions(*state, "j", at(10), changes_between({}, first)));
    const std::vector<SessionSnapshot> second = {{"a", 61, {{7, 0xFEDCBA98}}}, {"c", 1, {}}};
    const SessionChanges changes = changes_between(first, second);
    EXPECT_EQ(changes.changed, std::vector(second.begin(), second.begin() + 1));
    EXPECT_EQ(changes.gone, std::vector<std::string>{"b"});
    ASSERT_TRUE(save_sessions(*state, "j", at(20), changes));
    state = state::StateDatabase::open(folder / "state.db").value();
    const auto loaded = load_sessions(*state, "j").value().value_or(SessionCheckpoint{});
    EXPECT_EQ(loaded.position, at(20));
    EXPECT_EQ(loaded.sessions, second);
    EXPECT_TRUE(changes_between(second, loaded.sessions).empty());
    EXPECT_FALSE(load_sessions(*state, "another journal").value());
}

}  // namespace
}  // namespace foz::session
