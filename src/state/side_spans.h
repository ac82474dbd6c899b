// SPDX-License-Identifier: Apache-2.0
// Which rows a side lane writes instead of its main lane (pipeline/side_lanes.h): those of one
// table whose messages lie in a span of the journal. What a lane has to write thus depends on
// positions alone, never on how far anybody has come. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

struct SideSpan {
    std::string lane;   // the main lane, "main-0"
    std::string table;  // its name
    std::string side;   // the side lane, "main-0/readings"
    /// From this item on: position and ordinal.
    journal::Position begin;
    std::uint32_t begin_ordinal = 0;
    /// Up to, but not including, this position; nothing: until further notice.
    std::optional<journal::Position> past = std::nullopt;

    bool operator==(const SideSpan&) const = default;
};

/// Saves the span, or its new `past`. Durable when it returns.
[[nodiscard]] Result<void> save_side_span(StateDatabase& state, const std::string& journal,
        const std::string& database, const SideSpan& span);

[[nodiscard]] Result<void> remove_side_span(StateDatabase& state, const std::string& journal,
        const std::string& database, const SideSpan& span);

/// All of `database`.
[[nodiscard]] Result<void> remove_side_spans(
        StateDatabase& state, const std::string& journal, const std::string& database);

/// Of all lanes of `database`, in the order of their begins.
[[nodiscard]] Result<std::vector<SideSpan>> load_side_spans(
        StateDatabase& state, const std::string& journal, const std::string& database);

}  // namespace foz::state
