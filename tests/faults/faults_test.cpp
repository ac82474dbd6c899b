// SPDX-License-Identifier: Apache-2.0
// Pulls every plug under load and counts. Each test prints a line for the table in README.md. The
// number of rounds is small here; FOZ_FAULT_ROUNDS=200 makes the long run, FOZ_FAULT_SEED repeats
// one.
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/faults/dice.h"
#include "tests/faults/rig.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/wait_until.h"

namespace foz::faults {
namespace {

class Faults : public testing::Test {
  protected:
    static std::uint64_t rounds(std::uint64_t otherwise) { return Dice::rounds(otherwise); }
    std::uint64_t some() { return dice_.some(); }

    void expect_nothing_lost(Rig& rig, const std::string& fault, std::uint64_t times, bool once) {
        const Tally tally = rig.finish();
        std::cout << fmt::format("| {} | {} | {} | {} | {} | {} |\n", fault, times,
                tally.acknowledged, tally.lost, tally.doubled,
                tally.ledger_balances ? "yes" : "no");
        EXPECT_GT(tally.acknowledged, 0U);
        EXPECT_EQ(tally.lost, 0U);
        if (once) {
            EXPECT_EQ(tally.doubled, 0U);
        }
        EXPECT_TRUE(tally.ledger_balances) << tally.verify_output;
        if (HasFailure()) {
            std::cout << rig.foz_log() << '\n';
        }
    }

  private:
    Dice dice_;
};

class FaultsOf : public Faults, public testing::WithParamInterface<StoreKind> {};

INSTANTIATE_TEST_SUITE_P(Each, FaultsOf,
        testing::Values(StoreKind::sqlite, StoreKind::postgres, StoreKind::mariadb),
        [](const auto& store) { return name_of(store.param); });

TEST_P(FaultsOf, kill_9_of_foz_under_load_at_qos_1) {
    Rig rig({.store = GetParam()});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(8);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.kill_foz();
        rig.start_foz();
    }
    expect_nothing_lost(rig, "kill -9 of foz, QoS 1, " + name_of(GetParam()), times, true);
}

TEST_P(FaultsOf, kill_9_of_foz_under_load_at_qos_2_without_a_key) {
    Rig rig({.store = GetParam(), .qos = 2, .key = false});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(8);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.kill_foz();
        rig.start_foz();
    }
    expect_nothing_lost(rig, "kill -9 of foz, QoS 2, " + name_of(GetParam()), times, true);
}

TEST_P(FaultsOf, kill_9_of_the_database_under_load) {
    if (GetParam() == StoreKind::sqlite) {
        GTEST_SKIP() << "SQLite dies with foz";
    }
    Rig rig({.store = GetParam(), .qos = 2, .key = false});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(4);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.store().kill_9();
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << "foz must go on without its database";
        rig.store().start();
    }
    expect_nothing_lost(rig, "kill -9 of " + name_of(GetParam()) + ", QoS 2", times, true);
}

TEST_P(FaultsOf, the_database_is_away_while_sensors_publish_at_full_speed) {
    if (GetParam() == StoreKind::sqlite) {
        GTEST_SKIP() << "SQLite dies with foz";
    }
    Rig rig({.store = GetParam(), .rate = 0});
    rig.start_foz();
    rig.start_sensors();
    ASSERT_TRUE(rig.wait_for_acknowledged(1'000));
    rig.store().stop();
    ASSERT_TRUE(rig.wait_for_acknowledged(100'000)) << rig.foz_log();
    rig.store().start();
    expect_nothing_lost(rig, name_of(GetParam()) + " away for 100,000 readings", 1, true);
}

TEST_P(FaultsOf, the_connection_is_cut_in_the_middle_of_commit) {
    if (GetParam() == StoreKind::sqlite) {
        GTEST_SKIP() << "SQLite has no connection";
    }
    Rig rig({.store = GetParam(), .qos = 2, .key = false});
    support::TcpProxy proxy(rig.store().port());
    rig.go_through(proxy.port());
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(10);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        const std::size_t cuts = proxy.cuts();
        proxy.cut_on("COMMIT", i % 2 == 0 ? support::CutWhen::before_forwarding
                                          : support::CutWhen::after_forwarding);
        ASSERT_TRUE(support::wait_until([&] { return proxy.cuts() > cuts; })) << rig.foz_log();
    }
    expect_nothing_lost(rig, "connection cut at COMMIT, " + name_of(GetParam()), times, true);
}

TEST_P(FaultsOf, the_database_freezes_and_thaws_under_load) {
    if (GetParam() == StoreKind::sqlite) {
        GTEST_SKIP() << "SQLite has no processes";
    }
    Rig rig({
        .store = GetParam(),
        .qos = 2,
        .key = false,
        .database = "answer_timeout = \"200ms\"\nconnect_timeout = \"200ms\"",
    });
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(8);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.store().freeze();
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << "foz must go on without its database";
        rig.store().thaw();
    }
    EXPECT_NE(rig.foz_log().find("has been silent"), std::string::npos);
    expect_nothing_lost(rig, name_of(GetParam()) + " frozen and thawed, QoS 2", times, true);
}

TEST_P(FaultsOf, foz_ends_in_time_while_the_database_is_frozen) {
    if (GetParam() == StoreKind::sqlite) {
        GTEST_SKIP() << "SQLite has no processes";
    }
    Rig rig({.store = GetParam(), .qos = 2, .key = false});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = 2;
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.store().freeze();
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << "foz must go on without its database";
        EXPECT_EQ(rig.stop_foz(), 0) << rig.foz_log();
        rig.store().thaw();
        rig.start_foz();
    }
    expect_nothing_lost(
            rig, "foz stopped while " + name_of(GetParam()) + " is frozen, QoS 2", times, true);
}

TEST_P(FaultsOf, foz_and_the_database_are_killed_in_turn_at_random) {
    Rig rig({.store = GetParam(), .qos = 2, .key = false});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(8);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        switch (some() % 3) {
            case 0:
                rig.kill_foz();
                rig.start_foz();
                break;
            case 1:
                rig.store().kill_9();
                rig.store().start();
                break;
            default:
                rig.kill_foz();
                rig.store().kill_9();
                rig.store().start();
                rig.start_foz();
                break;
        }
    }
    expect_nothing_lost(rig, "all of it mixed, QoS 2, " + name_of(GetParam()), times, true);
}

TEST_F(Faults, kill_9_of_foz_with_acknowledgement_at_commit) {
    Rig rig({.store = StoreKind::postgres, .ack = "commit"});
    rig.start_foz();
    rig.start_sensors();
    const std::uint64_t times = rounds(4);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_acknowledged(some())) << rig.foz_log();
        rig.kill_foz();
        rig.start_foz();
    }
    expect_nothing_lost(rig, "kill -9 of foz, ack = commit, PostgreSQL", times, true);
}

TEST_F(Faults, the_journal_is_full_while_the_database_is_away_and_foz_goes_on_by_itself) {
    Rig rig({
        .store = StoreKind::postgres,
        .rate = 0,
        .journal = "size_max = \"8MiB\"\nsegment_bytes = \"2MiB\"\nretain_bytes = \"1MiB\"",
    });
    rig.start_foz();
    rig.start_sensors();
    ASSERT_TRUE(rig.wait_for_acknowledged(1'000));
    rig.store().stop();
    ASSERT_TRUE(support::wait_until(
            [&] { return rig.foz_log().find("appends are refused") != std::string::npos; },
            std::chrono::seconds(60)));
    rig.store().start();
    ASSERT_TRUE(rig.wait_for_acknowledged(50'000)) << rig.foz_log();
    expect_nothing_lost(rig, "journal full, then room again, PostgreSQL", 1, true);
}

// A file system of a few megabytes in memory, that can be made larger.
class SmallDisk {
  public:
    /// False: this user may not mount one.
    [[nodiscard]] bool mount(const std::string& size) {
        mounted_ = ::mount("foz", directory_.path().c_str(), "tmpfs", 0,
                           ("size=" + size).c_str()) == 0;
        return mounted_;
    }
    void resize(const std::string& size) const {
        ASSERT_EQ(::mount("foz", directory_.path().c_str(), "tmpfs", MS_REMOUNT,
                          ("size=" + size).c_str()),
                0);
    }
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(directory_.path().c_str(), MNT_DETACH);
        }
    }
    [[nodiscard]] std::filesystem::path data() const { return directory_ / "data"; }

  private:
    support::TemporaryDirectory directory_;
    bool mounted_ = false;
};

TEST_F(Faults, the_disk_is_full_and_foz_goes_on_by_itself_when_there_is_room) {
    SmallDisk disk;
    if (!disk.mount("40M")) {
        GTEST_SKIP() << "needs the right to mount a small file system";
    }
    Rig rig({
        .store = StoreKind::postgres,
        .rate = 0,
        .journal = "segment_bytes = \"8MiB\"\nfree_space_min = \"2MiB\"",
        .data = disk.data(),
    });
    rig.start_foz();
    rig.start_sensors();
    ASSERT_TRUE(rig.wait_for_acknowledged(1'000));
    rig.store().stop();
    ASSERT_TRUE(support::wait_until(
            [&] { return rig.foz_log().find("appends are refused") != std::string::npos; },
            std::chrono::seconds(60)));
    disk.resize("400M");
    ASSERT_TRUE(rig.wait_for_acknowledged(50'000)) << rig.foz_log();
    rig.store().start();
    expect_nothing_lost(rig, "disk full, then room again, PostgreSQL", 1, true);
}

}  // namespace
}  // namespace foz::faults
