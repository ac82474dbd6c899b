// SPDX-License-Identifier: Apache-2.0
#include "pipeline/standstill.h"

#include <gtest/gtest.h>

#include "tests/support/stepped_clock.h"

namespace foz::pipeline {
namespace {

using support::SteppedClock;

using namespace std::chrono_literals;

class StandstillTest : public testing::Test {
  protected:
    std::optional<std::string> fail(std::uint64_t waiting = 12) {
        return standstill_.failed(clock_.steady_now(), clock_, waiting, "disk full [53100]", false);
    }

    SteppedClock clock_;
    Standstill standstill_;
};

TEST_F(StandstillTest, says_so_after_a_minute_and_again_every_quarter_of_an_hour) {
    EXPECT_FALSE(fail());
    clock_.step(59s);
    EXPECT_FALSE(fail());
    clock_.step(1s);
    const std::string line = fail().value_or("");
    EXPECT_NE(line.find("for 60 s: 12 records"), std::string::npos) << line;
    EXPECT_NE(line.find("since 2023-11-14 23:13:20 UTC"), std::string::npos) << line;
    EXPECT_NE(line.find("disk full [53100]"), std::string::npos) << line;
    clock_.step(14min);
    EXPECT_FALSE(fail());
    clock_.step(1min);
    EXPECT_TRUE(fail());
}

TEST_F(StandstillTest, says_once_when_it_moves_again_and_starts_anew) {
    EXPECT_FALSE(standstill_.moved(clock_.steady_now()));
    EXPECT_FALSE(fail());
    clock_.step(2min);
    EXPECT_TRUE(fail());
    const std::string line = standstill_.moved(clock_.steady_now()).value_or("");
    EXPECT_NE(line.find("120 s"), std::string::npos) << line;
    EXPECT_FALSE(standstill_.moved(clock_.steady_now()));
    EXPECT_FALSE(fail());
    clock_.step(59s);
    EXPECT_FALSE(fail());
}

TEST_F(StandstillTest, a_lane_that_nothing_waits_for_is_silent) {
    EXPECT_FALSE(fail(0));
    clock_.step(1h);
    EXPECT_FALSE(fail(0));
}

}  // namespace
}  // namespace foz::pipeline
