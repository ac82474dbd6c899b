// SPDX-License-Identifier: Apache-2.0
#include "mapping/item_writer.h"

#include <fmt/format.h>

namespace foz::mapping {

void ItemWriter::begin_route(std::uint32_t route) {
    route_ = route;
    rejected_ = 0;
}

void ItemWriter::reject(std::string reason) {
    batch_.drop_row();
    ++rejected_;
    if (rejected_ <= kRejectionsMax) {
        batch_.reject({origin_, route_, std::move(reason)});
        ++origin_.ordinal;
    } else if (rejected_ == kRejectionsMax + 1) {
        shared_ = {origin_, route_, std::move(reason)};
        ++origin_.ordinal;
    }
}

void ItemWriter::end_route() {
    if (rejected_ <= kRejectionsMax) return;
    if (const std::uint32_t others = rejected_ - kRejectionsMax - 1; others > 0) {
        shared_.reason += fmt::format("; {} more readings of this message are refused too", others);
    }
    batch_.reject(std::move(shared_));
}

}  // namespace foz::mapping
