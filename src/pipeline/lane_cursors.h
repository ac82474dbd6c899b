// SPDX-License-Identifier: Apache-2.0
// How far the lanes of a database have come, as an audit found them: the main lanes, and the side
// lanes that write the items of some tables for them. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "pipeline/lane_share.h"
#include "sink/sink.h"
#include "state/side_spans.h"
#include "state/state_database.h"

namespace foz::pipeline {

class LaneCursors {
  public:
    /// Of no lanes.
    LaneCursors() = default;

    /// `lanes`: how many are configured, for a database that has not noted how many it has. `audit`
    /// must outlive it. Errors: those of `state`.
    [[nodiscard]] static Result<LaneCursors> load(state::StateDatabase& state,
            const std::string& journal, const std::string& database, std::uint32_t lanes,
            const sink::Audit& audit);

    [[nodiscard]] std::span<const sink::Cursor> main() const { return main_; }
    /// The number of the main lane that has the messages of a client.
    [[nodiscard]] std::uint32_t lane_of(std::string_view client_id) const {
        return pipeline::lane_of(client_id, static_cast<std::uint32_t>(main_.size()));
    }

    /// The side lane that writes such an item of main lane number `lane`; null: none does.
    [[nodiscard]] const state::SideSpan* side_of(
            std::uint32_t lane, const std::string& table, sink::Cursor origin) const;
    /// Of the lane that writes such an item.
    [[nodiscard]] sink::Cursor of_item(
            std::uint32_t lane, const std::string& table, sink::Cursor origin) const;

  private:
    [[nodiscard]] sink::Cursor cursor_of(const std::string& lane) const;

    const sink::Audit* audit_ = nullptr;
    std::vector<sink::Cursor> main_;
    std::vector<state::SideSpan> spans_;
};

}  // namespace foz::pipeline
