// SPDX-License-Identifier: Apache-2.0
// A lane with several tables in a database of any kind, whose tables can be taken away from it: a
// real journal, foz's state database, and the product's sink.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "config/settings.h"
#include "journal/local/local_journal.h"
#include "pipeline/runner.h"
#include "pipeline/verification.h"
#include "state/dead_letters.h"
#include "tests/sink/database_under_test.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::pipeline {

class SideLanesTest : public testing::TestWithParam<sink::MakeDatabase> {
  protected:
    SideLanesTest();

    sink::DatabaseUnderTest& database() { return *database_; }

    /// Adds a route from topic NAME into table NAME, with one column n. Before start().
    void add_table(const std::string& name);

    /// {"n": n} for each of the tables, n from `first` on.
    void publish(const std::vector<std::string>& tables, int first, int past);

    /// Starts lane main-0.
    void start();
    /// Tables good and bad, of which bad has another column than the route writes; `count` rows for
    /// each. Those of good are written.
    void start_with_misfit_beside_good(int count);
    /// As if foz had died: what is under way is not finished.
    void crash();
    [[nodiscard]] Runner& lane() { return *runner_; }

    /// Whether the table comes to have exactly these rows, in this order.
    [[nodiscard]] bool becomes(const std::string& table, int first, int past);
    [[nodiscard]] std::string count(const std::string& table);
    /// Whether every table is the main lane's own again, and everything is written.
    [[nodiscard]] bool is_one_lane_again();
    /// Whether the lanes that are set aside become these.
    [[nodiscard]] bool set_aside_become(std::vector<std::string> lanes);
    /// What `foz verify` finds.
    [[nodiscard]] Verification verified();
    [[nodiscard]] std::string quoted(const std::string& name);

    /// Between a sink and the lanes; may be empty.
    std::function<std::unique_ptr<sink::Sink>(std::unique_ptr<sink::Sink>)> wrap_;

    support::TemporaryDirectory folder_;
    std::unique_ptr<sink::DatabaseUnderTest> database_;
    config::Settings settings_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;

  private:
    [[nodiscard]] SideLaneDependencies make_dependencies();

    std::unique_ptr<Runner> runner_;
};

}  // namespace foz::pipeline
