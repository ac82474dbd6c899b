// SPDX-License-Identifier: Apache-2.0
#include "broker/client_log.h"

#include <gtest/gtest.h>

#include "broker/limit_text.h"
#include "broker/reconnects.h"
#include "tests/broker/log_capture.h"

namespace foz::broker {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart = SteadyTime{} + 1h;

TEST(ClientLog, each_client_and_cause_has_a_line_of_its_own) {
    const LogCapture captured;
    ClientLog log;
    for (const auto* const who : {"a", "b"}) {
        for (const auto* const cause : {"too large", "malformed"}) {
            for (int i = 0; i < 100; ++i) {
                log.note({.cause = cause,
                             .who = who,
                             .network = "n",
                             .text = std::string(who) + ": " + cause},
                        kStart);
            }
        }
    }
    for (const auto* const line :
            {"a: too large", "a: malformed", "b: too large", "b: malformed"}) {
        EXPECT_EQ(captured.lines_with(line), 1U) << captured.text();
    }
}

TEST(ClientLog, what_follows_is_counted_on_the_line_of_its_client_and_cause) {
    const LogCapture captured;
    ClientLog log;
    const auto note = [&](const char* who, SteadyTime when) {
        log.note({.cause = "c", .who = who, .network = "n", .text = who}, when);
    };
    note("often", kStart);
    note("once", kStart);
    for (int i = 0; i < 7; ++i) {
        note("often", kStart + 10s);
    }
    log.tell(kStart + 59s);
    EXPECT_EQ(captured.lines_with("more"), 0U);
    log.tell(kStart + 60s);
    EXPECT_EQ(captured.lines_with("often (7 times more in the last 60 s)"), 1U) << captured.text();
    EXPECT_EQ(captured.lines_with("once"), 1U);
    // The next count comes after ten minutes.
    note("often", kStart + 70s);
    log.tell(kStart + 130s);
    EXPECT_EQ(captured.lines_with("more"), 1U);
    log.tell(kStart + 11min);
    EXPECT_EQ(captured.lines_with("often (1 times more in the last 10 min)"), 1U)
            << captured.text();
}

TEST(ClientLog, a_flood_of_one_cause_hides_no_other_cause) {
    const LogCapture captured;
    ClientLog log;
    for (int i = 0; i < 100'000; ++i) {
        const std::string who = "random-" + std::to_string(i);
        log.note({.cause = "wrong password", .who = who, .network = "n", .text = who}, kStart);
    }
    EXPECT_EQ(captured.lines_with("random-"), ClientLog::kNetworkLinesMax);
    log.note({.cause = "wrong password", .who = "x", .network = "m", .text = "other net"}, kStart);
    EXPECT_EQ(captured.lines_with("other net"), 1U) << "another address has lines of its own";
    log.note({.cause = "too large", .who = "y", .network = "n", .text = "other cause"}, kStart);
    EXPECT_EQ(captured.lines_with("other cause"), 1U);
    log.tell(kStart + 61s);
    EXPECT_EQ(captured.lines_with("the last of 99990 like this"), 1U) << captured.text();
}

TEST(ClientLog, who_was_quiet_for_long_has_a_line_at_once_again) {
    const LogCapture captured;
    ClientLog log;
    log.note({.cause = "c", .who = "a", .network = "n", .text = "a: c"}, kStart);
    log.tell(kStart + 11min);
    log.note({.cause = "c", .who = "a", .network = "n", .text = "a: c"}, kStart + 12min);
    EXPECT_EQ(captured.lines_with("a: c"), 2U);
}

TEST(Reconnects, a_client_whose_connections_end_badly_ten_times_is_in_a_loop) {
    Reconnects reconnects;
    for (unsigned i = 1; i < Reconnects::kLoopEnds; ++i) {
        EXPECT_FALSE(reconnects.note_end("a", kStart + i * 1s));
        EXPECT_FALSE(reconnects.note_end("once-" + std::to_string(i), kStart + i * 1s));
    }
    const auto loop = reconnects.note_end("a", kStart + 10s);
    ASSERT_TRUE(loop);
    EXPECT_EQ(loop->ends, 10U);
    EXPECT_EQ(loop->within, 9s);
    EXPECT_FALSE(reconnects.note_end("a", kStart + Reconnects::kWindow + 10s));
}

TEST(LimitText, names_key_limit_and_value) {
    EXPECT_EQ(limit_text({.name = "packet_bytes", .limit = 1 << 20, .found = 3 << 20}, false),
            "limits.packet_bytes = 1 MiB, the packet has 3 MiB; raise the limit, or let the client "
            "send less");
    EXPECT_TRUE(limit_text({.name = "packet_bytes", .limit = 1 << 20, .found = (1 << 20) + 5}, true)
                    .starts_with(
                            "limits.connect_packet_bytes = 1 MiB, the packet has 1048581 bytes"));
    EXPECT_TRUE(limit_text({.name = "topic_levels", .limit = 32, .found = 40}, false)
                    .starts_with("limits.topic_levels = 32, its topic has 40"));
}

}  // namespace
}  // namespace foz::broker
