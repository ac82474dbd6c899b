// SPDX-License-Identifier: Apache-2.0
// foz on a machine whose name servers do not answer (hanging_lookup.cpp).
#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

class HangingLookup : public testing::Test {
  public:
    // What foz inherits. No other thread of the test looks at the environment.
    HangingLookup() {
        ::setenv("LD_PRELOAD", FOZ_HANGING_LOOKUP, 1);  // NOLINT(concurrency-mt-unsafe)
    }
    HangingLookup(const HangingLookup&) = delete;
    HangingLookup& operator=(const HangingLookup&) = delete;
    ~HangingLookup() override {
        ::unsetenv("LD_PRELOAD");  // NOLINT(concurrency-mt-unsafe)
    }

  protected:
    FozUnderTest foz;
};

constexpr std::string_view kSource =
        "[source.away]\nurl = \"mqtt://hangs.example\"\nconnect_timeout = \"100ms\"\n"
        "subscribe = [\"a\"]\n";
constexpr std::string_view kBridge =
        "[bridge.away]\nurl = \"mqtt://hangs.example\"\nconnect_timeout = \"100ms\"\n"
        "topics = [\"a out 1\"]\n";

TEST_F(HangingLookup, does_not_keep_foz_from_ending) {
    foz.configure(fmt::format("{}{}", kSource, kBridge));
    foz.start();
    foz.publish("a", "waits");
    const auto tried = [&](std::string_view who) {
        return support::wait_until([&] {
            return foz.log().find(fmt::format("{} away: not connected", who)) != std::string::npos;
        });
    };
    EXPECT_TRUE(tried("source")) << foz.log();
    EXPECT_TRUE(tried("bridge")) << foz.log();
    EXPECT_NE(foz.log().find("resolving hangs.example"), std::string::npos) << foz.log();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

TEST_F(HangingLookup, does_not_keep_check_from_saying_so) {
    foz.configure(kSource);
    const Outcome checked = foz.run_configured({"check", "--connect"});
    EXPECT_NE(checked.exit_code, 0);
    EXPECT_TRUE(checked.says("resolving hangs.example")) << checked;
}

}  // namespace
}  // namespace foz::end_to_end
