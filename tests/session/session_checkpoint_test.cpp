// SPDX-License-Identifier: Apache-2.0
#include "session/session_checkpoint.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace foz::session {
namespace {

TEST(SessionCheckpoint, is_replaced) {
    const support::TemporaryDirectory folder;
    auto state = state::StateDatabase::open(folder / "state.db").value();
    EXPECT_FALSE(load_sessions(*state, "j").value());
    const std::vector<SessionSnapshot> first = {
        {"a", 60, {{1, 10}, {65535, 11}}}, {"b", 0xFFFFFFFF, {}}
    };
    ASSERT_TRUE(save_sessions(*state, "j", 10, first));
    const std::vector<SessionSnapshot> second = {{"a", 61, {{7, 0xFEDCBA98}}}};
    ASSERT_TRUE(save_sessions(*state, "j", 20, second));
    state = state::StateDatabase::open(folder / "state.db").value();
    const auto loaded = load_sessions(*state, "j").value();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->position, 20U);
    ASSERT_EQ(loaded->sessions.size(), 1U);
    EXPECT_EQ(loaded->sessions[0].expiry_seconds, 61U);
    EXPECT_EQ(loaded->sessions[0].unreleased, (std::vector<Unreleased>{{7, 0xFEDCBA98}}));
    EXPECT_FALSE(load_sessions(*state, "another journal").value());
}

}  // namespace
}  // namespace foz::session
