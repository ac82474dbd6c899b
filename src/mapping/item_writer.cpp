// SPDX-License-Identifier: Apache-2.0
#include "mapping/item_writer.h"

#include <fmt/format.h>

namespace foz::mapping {

void ItemWriter::begin_route(std::uint32_t route) {
    route_ = route;
    rejected_ = 0;
    start_ = batch_.mark();
    first_ordinal_ = origin_.ordinal;
    too_large_ = false;
}

// The rest of the readings comes all the same, and is forgotten each time it has grown too large.
void ItemWriter::give_up() {
    too_large_ = true;
    rejected_ = 0;
    batch_.return_to(start_);
    origin_.ordinal = first_ordinal_;
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
    if (too_large_) {
        give_up();
        reject(
                fmt::format("its readings would be more than {} values (rows times columns), the "
                            "most that one message may become; publish them in several messages",
                        kMessageCellsMax));
        return;
    }
    if (rejected_ <= kRejectionsMax) return;
    if (const std::uint32_t others = rejected_ - kRejectionsMax - 1; others > 0) {
        shared_.reason += fmt::format("; {} more readings of this message are refused too", others);
    }
    batch_.reject(std::move(shared_));
}

}  // namespace foz::mapping
