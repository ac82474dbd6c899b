// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <gtest/gtest.h>

namespace foz {
namespace {

TEST(CheckDeathTest, ends_the_process_and_says_where_the_bug_is) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(FOZ_CHECK(1 + 1 == 3),
            "foz: bug: 1 \\+ 1 == 3 does not hold at .*check_test.cpp:[0-9]+");
    FOZ_CHECK(1 + 1 == 2);
}

}  // namespace
}  // namespace foz
