// SPDX-License-Identifier: Apache-2.0
// The runners of all databases of a configuration, and how far all of them have come together.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "pipeline/runner.h"
#include "server/unrouted.h"
#include "state/state_database.h"

namespace foz::server {

class Lanes {
  public:
    /// Everything below this position is in every database that takes it. Called on the lanes'
    /// threads, one at a time, with a position that never goes back.
    using Committed = std::function<void(journal::Position)>;

    Lanes(journal::Journal& journal, state::StateDatabase& state, const Clock& clock)
        : journal_(journal), state_(state), clock_(clock) {}

    /// Compiles the mappings and makes the sinks and runners of `settings`; connects to nothing.
    /// Errors: those of Mapping::compile and of the sinks' URLs.
    [[nodiscard]] Result<void> prepare(const config::Settings& settings);

    /// Starts the runners. Call once.
    void start(Committed committed);

    /// Lets the runners write what the journal holds, until `deadline`, and waits for their end.
    void stop(SteadyTime deadline);

    [[nodiscard]] std::vector<pipeline::RunnerStatus> status() const;

  private:
    [[nodiscard]] Result<void> prepare_database(
            const config::Settings& settings, const config::Database& database);
    void note_committed(std::size_t lane, journal::Position position);

    journal::Journal& journal_;
    state::StateDatabase& state_;
    const Clock& clock_;
    Committed committed_;

    Mutex mutex_;
    std::vector<journal::Position> positions_ FOZ_GUARDED_BY(mutex_);  // of each lane
    journal::Position lowest_ FOZ_GUARDED_BY(mutex_);                  // of them, as last told

    std::unique_ptr<Unrouted> unrouted_;
    std::vector<std::unique_ptr<pipeline::Runner>> runners_;
};

}  // namespace foz::server
