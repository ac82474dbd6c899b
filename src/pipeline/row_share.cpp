// SPDX-License-Identifier: Apache-2.0
#include "pipeline/row_share.h"

#include <algorithm>
#include <utility>

namespace foz::pipeline {

RowShare::RowShare(
        const mapping::Mapping& mapping, std::vector<state::SideSpan> spans, bool is_side)
    : is_side_(is_side), spans_(std::move(spans)) {
    for (const mapping::RouteInfo& route : mapping.routes()) {
        auto& of_route = spans_of_route_.emplace_back();
        for (std::size_t i = 0; i < spans_.size(); ++i) {
            if (route.table->name == spans_[i].table) {
                of_route.push_back(i);
            }
        }
    }
}

RowShare RowShare::of_main(const mapping::Mapping& mapping, std::span<const state::SideSpan> spans,
        std::string_view main) {
    std::vector<state::SideSpan> own(spans.begin(), spans.end());
    std::erase_if(own, [&](const state::SideSpan& span) { return span.lane != main; });
    return {mapping, std::move(own), false};
}

RowShare RowShare::of_side(const mapping::Mapping& mapping, std::span<const state::SideSpan> spans,
        std::string_view side) {
    std::vector<state::SideSpan> own(spans.begin(), spans.end());
    std::erase_if(own, [&](const state::SideSpan& span) { return span.side != side; });
    return {mapping, std::move(own), true};
}

bool RowShare::has(std::uint32_t route, sink::Cursor origin) const {
    if (has_all()) {
        return true;
    }
    const bool in_span = std::ranges::any_of(
            spans_of_route_[route], [&](std::size_t i) { return contains(spans_[i], origin); });
    return in_span == is_side_;
}

}  // namespace foz::pipeline
