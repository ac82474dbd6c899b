// SPDX-License-Identifier: Apache-2.0
// A lane's tables as the database has them: keeps the mapping in step with what a connection finds,
// asks the database for what inferred tables need, and takes its final no for an answer, for a
// while. Owned by the lane's runner; its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mapping/mapping.h"
#include "sink/sink.h"

namespace foz::pipeline {

class LaneTables {
  public:
    /// `log_name` ("database plant (main-0)") is for the log. What the database has refused is
    /// asked for again after `ask_again_after`. What is passed by reference outlives it.
    LaneTables(mapping::Mapping& mapping, sink::Sink& sink, const Clock& clock,
            std::string log_name, std::chrono::milliseconds ask_again_after);

    /// A new connection has found `prepared`. True: rows mapped before do not fit any more. Errors:
    /// refused, when the mapping cannot do with what is there.
    [[nodiscard]] sink::SinkResult<bool> adopt(std::span<const sink::PreparedTable> prepared);

    /// Asks for what mapping has come to need. True: the database refuses some of it, and rows
    /// mapped before are to be mapped again. Errors: as Sink::extend.
    [[nodiscard]] sink::SinkResult<bool> extend();

    /// When it is time: what was refused counts as wanted again.
    void ask_again_for_refused();

  private:
    [[nodiscard]] sink::SinkResult<bool> adopt(
            std::size_t table, const sink::PreparedTable& prepared);
    void note_refused(const std::string& table, const mapping::Refusal& refusal);

    mapping::Mapping& mapping_;
    sink::Sink& sink_;
    const Clock& clock_;
    const std::string log_name_;
    const std::chrono::milliseconds ask_again_after_;
    std::vector<std::uint32_t> versions_;  // as the database has them, by table
    std::optional<SteadyTime> ask_again_at_;
    std::string told_;  // of what was refused, last
};

}  // namespace foz::pipeline
