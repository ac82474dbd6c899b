// SPDX-License-Identifier: Apache-2.0
// The fingerprints of the records before those places where a batch may be cut: what a commit says
// of its cursor (cursor_owner.h). One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "journal/journal.h"

namespace foz::pipeline {

class Fingerprints {
  public:
    /// Forgets all but that of the record before `position`.
    void restart_at(journal::Position position, std::uint64_t before) {
        places_.clear();
        end_ = {position, before};
    }
    /// The record at the end may begin a part of the batch.
    void keep_end() { places_.push_back(end_); }
    /// The record at the end was passed.
    void pass(journal::Position position, std::uint64_t fingerprint) {
        end_ = {position.next(), fingerprint};
    }

    /// Of the record before `position`; 0: not known.
    [[nodiscard]] std::uint64_t before(journal::Position position) const {
        if (position == end_.first) {
            return end_.second;
        }
        const auto found = std::ranges::lower_bound(places_, position, {}, &Place::first);
        return found != places_.end() && found->first == position ? found->second : 0;
    }
    [[nodiscard]] std::uint64_t at_end() const { return end_.second; }

  private:
    using Place = std::pair<journal::Position, std::uint64_t>;
    std::vector<Place> places_;  // ascending
    Place end_;
};

}  // namespace foz::pipeline
