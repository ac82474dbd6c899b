// SPDX-License-Identifier: Apache-2.0
// A whole lane for tests: a real journal, a real SQLite database, foz's state database, all in a
// folder of their own; and a sink that fails where the test wants.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/settings.h"
#include "journal/local/local_journal.h"
#include "pipeline/runner.h"
#include "state/dead_letters.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::pipeline {

/// What happens to one call of write().
enum class Fault : std::uint8_t { none, retry, reconnect, lost_commit, lost_answer };

/// Passes everything to a sink of the product, but for the writes that `fault` picks: `lost_commit`
/// is a connection that dies before COMMIT takes effect, `lost_answer` one that dies after.
class FaultySink final : public sink::Sink {
  public:
    FaultySink(std::unique_ptr<sink::Sink> sink, std::function<Fault()> fault,
            std::function<bool()> fail_before_commit, std::function<void()> after_failed_commit,
            std::size_t rows_in_time)
        : sink_(std::move(sink)),
          fault_(std::move(fault)),
          fail_before_commit_(std::move(fail_before_commit)),
          after_failed_commit_(std::move(after_failed_commit)),
          rows_in_time_(rows_in_time) {}

    sink::SinkResult<sink::Connected> connect(
            const sink::LaneName& lane, const mapping::Mapping& mapping) override {
        return sink_->connect(lane, mapping);
    }
    sink::SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override {
        return sink_->inspect(mapping);
    }
    sink::SinkResult<sink::PreparedTable> extend(const mapping::Table& table) override {
        return sink_->extend(table);
    }
    sink::SinkResult<sink::Written> write(const mapping::RowBatch& batch, std::size_t first,
            std::size_t last, const sink::Commit& commit) override;
    sink::SinkResult<sink::Audit> audit(const std::string& journal,
            std::span<const std::unique_ptr<mapping::Table>> tables) override {
        return sink_->audit(journal, tables);
    }
    void close() override { sink_->close(); }
    void end_waits_at(SteadyTime deadline) override { sink_->end_waits_at(deadline); }

  private:
    std::unique_ptr<sink::Sink> sink_;
    std::function<Fault()> fault_;
    std::function<bool()> fail_before_commit_;
    std::function<void()> after_failed_commit_;
    std::size_t rows_in_time_;
};

class RunnerTest : public testing::Test {
  protected:
    RunnerTest();

    /// Appends a message on topic "r" and waits until it is durable.
    void publish(
            std::string_view payload, std::string_view client = "c", std::string_view topic = "r");
    void publish_numbers(int first, int past);  // {"n": first}, ...

    [[nodiscard]] journal::local::LocalJournalOptions journal_options() const;
    /// journal_ and state_.
    void open_data();
    void close_data();
    /// From now on the journal keeps only what its cursors have not passed.
    void reopen_journal_without_retention();

    [[nodiscard]] RunnerOptions options() const;
    /// A runner of lane main-0, not started.
    [[nodiscard]] std::unique_ptr<Runner> make_runner(std::function<Fault()> fault = {},
            std::function<void(journal::Position)> on_committed = {});
    [[nodiscard]] std::unique_ptr<Runner> make_runner(RunnerOptions options,
            std::function<Fault()> fault, std::function<void(journal::Position)> on_committed = {});
    /// When a lane is to have ended.
    [[nodiscard]] static SteadyTime soon() {
        return real_clock().steady_now() + std::chrono::seconds(20);
    }
    /// Waits until the lane's cursor is at the journal's end.
    [[nodiscard]] bool has_caught_up(const Runner& runner);

    void execute(const std::string& sql);
    [[nodiscard]] std::string cell(const std::string& sql);
    [[nodiscard]] std::vector<state::DeadLetter> letters();

    /// Whether COMMIT is to fail with FailureKind::retry, after the letters were saved; and what
    /// happens then.
    std::function<bool()> fail_before_commit_;
    std::function<void()> after_failed_commit_;

    std::size_t rows_in_time_ = SIZE_MAX;  // a write of more meets a time limit of the server

    support::TemporaryDirectory folder_;
    config::Settings settings_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;
};

}  // namespace foz::pipeline
