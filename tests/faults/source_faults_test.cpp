// SPDX-License-Identifier: Apache-2.0
// As faults_test.cpp, with a Mosquitto in front of foz: sensors → Mosquitto → proxy → foz →
// database. The short run has PostgreSQL only; with FOZ_FAULT_ROUNDS all databases get their turn.
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/faults/dice.h"
#include "tests/faults/source_rig.h"
#include "tests/support/wait_until.h"

namespace foz::faults {
namespace {

using support::Side;
using support::wait_until;

struct Case {
    StoreKind store;
    std::uint8_t qos;
};

class SourceFaults : public testing::Test {
  protected:
    SourceTally finish(SourceRig& rig, const std::string& fault, std::uint64_t times) {
        const SourceTally tally = rig.finish();
        std::cout << fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", fault, times,
                tally.all.acknowledged, tally.lost_by_mosquitto, tally.doubled_by_mosquitto,
                tally.lost, tally.doubled, tally.all.ledger_balances ? "yes" : "no");
        EXPECT_GT(tally.all.acknowledged, 0U);
        EXPECT_EQ(tally.lost, 0U) << tally.blamed;
        EXPECT_EQ(tally.doubled, 0U) << tally.blamed;
        EXPECT_TRUE(tally.all.ledger_balances) << tally.all.verify_output;
        if (HasFailure()) {
            std::cout << rig.rig().foz_log() << '\n';
        }
        return tally;
    }

    [[nodiscard]] Dice& dice() { return dice_; }

  private:
    Dice dice_;
};

class SourceFaultsOf : public SourceFaults, public testing::WithParamInterface<Case> {
  protected:
    void SetUp() override {
        if (GetParam().store != StoreKind::postgres && !Dice::long_run()) {
            GTEST_SKIP() << "only in the long run";
        }
    }
    [[nodiscard]] static std::string name() {
        return fmt::format("QoS {}, {}", GetParam().qos, name_of(GetParam().store));
    }
};

INSTANTIATE_TEST_SUITE_P(Each, SourceFaultsOf,
        testing::Values(Case{StoreKind::postgres, 1}, Case{StoreKind::postgres, 2},
                Case{StoreKind::mariadb, 1}, Case{StoreKind::mariadb, 2},
                Case{StoreKind::sqlite, 1}, Case{StoreKind::sqlite, 2}),
        [](const auto& one) {
            return fmt::format("{}_at_qos_{}", name_of(one.param.store), one.param.qos);
        });

TEST_P(SourceFaultsOf, kill_9_of_mosquitto_under_load) {
    SourceRig rig({.store = GetParam().store, .qos = GetParam().qos});
    rig.start();
    const std::uint64_t times = Dice::rounds(5);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.rig().wait_for_acknowledged(dice().some())) << rig.rig().foz_log();
        rig.kill_mosquitto();
        rig.mosquitto().start();
    }
    finish(rig, "kill -9 of Mosquitto, " + name(), times);
}

TEST_P(SourceFaultsOf, mosquitto_foz_and_the_database_are_killed_in_turn) {
    SourceRig rig({.store = GetParam().store, .qos = GetParam().qos});
    rig.start();
    const std::uint64_t times = Dice::rounds(6);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.rig().wait_for_acknowledged(dice().some())) << rig.rig().foz_log();
        // Each alone, two of them, or all three; never none.
        const std::uint64_t who = 1 + dice().some() % 7;
        const bool mosquitto = (who & 1U) != 0;
        const bool foz = (who & 2U) != 0;
        const bool database = (who & 4U) != 0;
        if (mosquitto) {
            rig.kill_mosquitto();
        }
        if (foz) {
            rig.rig().kill_foz();
        }
        if (database) {
            rig.rig().store().kill_9();
        }
        if (mosquitto) {
            rig.mosquitto().start();
        }
        if (foz) {
            rig.rig().start_foz();
        }
        if (database) {
            rig.rig().store().start();
        }
    }
    finish(rig, "Mosquitto, foz and the database killed in turn, " + name(), times);
}

TEST_P(SourceFaultsOf, kill_9_of_a_mosquitto_that_has_saved_everything) {
    SourceRig rig({.store = GetParam().store, .qos = GetParam().qos});
    rig.start();
    const std::uint64_t times = Dice::rounds(4);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.rig().wait_for_acknowledged(dice().some())) << rig.rig().foz_log();
        // In the middle of whatever they do. What Mosquitto has sent to them they get in the end.
        rig.rig().freeze();
        ASSERT_TRUE(wait_until([&] { return rig.mosquitto().has_read_all(); }));
        rig.mosquitto().save();
        rig.kill_mosquitto();
        rig.mosquitto().start();
        rig.rig().thaw();
    }
    const SourceTally tally =
            finish(rig, "kill -9 of a Mosquitto that has saved everything, " + name(), times);
    if (GetParam().qos == 1) {
        EXPECT_EQ(tally.all.lost, 0U);
    }
}

TEST_P(SourceFaultsOf, what_mosquitto_had_not_saved_when_it_was_killed_is_all_that_is_missing) {
    SourceRig rig({.store = GetParam().store, .qos = GetParam().qos, .saves = false});
    rig.start();
    ASSERT_TRUE(rig.rig().wait_for_acknowledged(1'000)) << rig.rig().foz_log();
    rig.rig().kill_foz();
    ASSERT_TRUE(rig.rig().wait_for_acknowledged(1'000));
    rig.mosquitto().save();
    ASSERT_TRUE(rig.rig().wait_for_acknowledged(1'000));
    rig.kill_mosquitto();
    rig.mosquitto().start();
    rig.rig().start_foz();
    const SourceTally tally =
            finish(rig, "kill -9 of a Mosquitto that has not saved, foz away, " + name(), 1);
    EXPECT_GT(tally.lost_by_mosquitto, 500U) << "it had acknowledged a thousand";
    EXPECT_EQ(tally.lost_by_mosquitto, tally.all.lost);
}

// What the network between Mosquitto and foz does.
enum class Fault : std::uint8_t { cuts, delays, truncates, stalls, swallows };
constexpr std::array kFaults = {
    Fault::cuts, Fault::delays, Fault::truncates, Fault::stalls, Fault::swallows};

std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::cuts: return "cuts";
        case Fault::delays: return "delays";
        case Fault::truncates: return "truncates";
        case Fault::stalls: return "stalls";
        case Fault::swallows: return "swallows";
    }
    return "";
}

/// It strikes, and is over.
void strike(support::TcpProxy& proxy, Fault fault, Dice& dice) {
    const std::size_t connections = proxy.accepted();
    const auto connects = [&](std::size_t times) {
        EXPECT_TRUE(wait_until([&] { return proxy.accepted() >= connections + times; }));
    };
    switch (fault) {
        case Fault::cuts: proxy.cut_all(); return;
        case Fault::delays: proxy.delay(std::chrono::milliseconds(dice.some() % 100)); return;
        case Fault::truncates:
            // A few packets from now, wherever that is.
            proxy.truncate(dice.some() % 2 == 0 ? Side::client : Side::server, dice.some());
            connects(1);
            return;
        case Fault::stalls:
            // Bytes are held back until keep-alive has noticed; then they come after all.
            proxy.black_hole(true);
            connects(1);
            proxy.black_hole(false);
            return;
        case Fault::swallows:
            // A session falls silent, and the one after that is never answered.
            proxy.swallow(true);
            connects(2);
            proxy.swallow(false);
            return;
    }
}

class NetworkFaults : public SourceFaults, public testing::WithParamInterface<Fault> {};

INSTANTIATE_TEST_SUITE_P(Each, NetworkFaults, testing::ValuesIn(kFaults),
        [](const auto& one) { return std::string(name_of(one.param)); });

TEST_P(NetworkFaults, between_mosquitto_and_foz_lose_nothing) {
    SourceRig rig({.qos = 2});
    rig.start();
    const bool is_slow = GetParam() == Fault::stalls || GetParam() == Fault::swallows;
    const std::uint64_t times = Dice::rounds(is_slow ? 2 : 6);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_deliveries(dice().some())) << rig.rig().foz_log();
        strike(rig.proxy(), GetParam(), dice());
    }
    rig.proxy().delay(std::chrono::milliseconds(0));
    const SourceTally tally = finish(
            rig, fmt::format("the network {}, QoS 2, PostgreSQL", name_of(GetParam())), times);
    EXPECT_EQ(tally.all.lost, 0U);
}

TEST_P(SourceFaultsOf, the_network_does_its_worst_while_foz_is_killed_too) {
    SourceRig rig({.store = GetParam().store, .qos = GetParam().qos});
    rig.start();
    const std::uint64_t times = Dice::rounds(4);
    for (std::uint64_t i = 0; i < times; ++i) {
        ASSERT_TRUE(rig.wait_for_deliveries(dice().some())) << rig.rig().foz_log();
        strike(rig.proxy(), kFaults[dice().some() % kFaults.size()], dice());
        if (dice().some() % 2 == 0) {
            rig.rig().kill_foz();
            rig.rig().start_foz();
        }
        rig.proxy().delay(std::chrono::milliseconds(0));
    }
    const SourceTally tally =
            finish(rig, "all of these by the network, and kill -9 of foz, " + name(), times);
    EXPECT_EQ(tally.all.lost, 0U);
}

}  // namespace
}  // namespace foz::faults
