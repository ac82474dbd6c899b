// SPDX-License-Identifier: Apache-2.0
// Which of the rows that a lane's mapping makes the lane writes: a main lane all but those of its
// side lanes, a side lane its own. By table and position alone (state/side_spans.h). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "pipeline/cursor_position.h"
#include "sink/sink.h"
#include "state/side_spans.h"

namespace foz::pipeline {

[[nodiscard]] inline sink::Cursor begin_of(const state::SideSpan& span) {
    return cursor_at(span.begin, span.begin_ordinal);
}

[[nodiscard]] inline bool contains(const state::SideSpan& span, sink::Cursor origin) {
    return origin >= begin_of(span) && (!span.past || position_of(origin) < *span.past);
}

class RowShare {
  public:
    /// All rows.
    RowShare() = default;

    /// Of main lane `main`: all rows but those of the spans that are its own.
    [[nodiscard]] static RowShare of_main(const mapping::Mapping& mapping,
            std::span<const state::SideSpan> spans, std::string_view main);
    /// Of side lane `side`: the rows of its spans.
    [[nodiscard]] static RowShare of_side(const mapping::Mapping& mapping,
            std::span<const state::SideSpan> spans, std::string_view side);

    /// Whether that is so for every row.
    [[nodiscard]] bool has_all() const { return !is_side_ && spans_.empty(); }
    /// `origin`: of a row or rejection of route `route`.
    [[nodiscard]] bool has(std::uint32_t route, sink::Cursor origin) const;

  private:
    RowShare(const mapping::Mapping& mapping, std::vector<state::SideSpan> spans, bool is_side);

    bool is_side_ = false;
    std::vector<state::SideSpan> spans_;
    std::vector<std::vector<std::size_t>> spans_of_route_;
};

}  // namespace foz::pipeline
