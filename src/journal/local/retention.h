// SPDX-License-Identifier: Apache-2.0
// Which segments may go. Pure.
//
// Only segments that every cursor has passed are ever removed, oldest first, never the last one.
// Without any cursor none is: nobody has said that the records are safe elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

struct RetentionRule {
    std::uint64_t retain_bytes = 0;      // keep at least this much of what every cursor has passed,
    std::chrono::seconds retain_age{0};  // but nothing that is older than this
    /// Free at least this much, if possible, whatever the other two say: the cap or the disk is
    /// full.
    std::uint64_t bytes_needed = 0;
};

/// How many of the oldest of `segments` to remove. Every record below `passed` is needed by no
/// cursor; the one just before `passed` stays all the same, unless bytes are needed, for whoever
/// asks whose cursor it is.
[[nodiscard]] std::size_t segments_to_remove(std::span<const std::shared_ptr<Segment>> segments,
        Position passed, SystemTime now, const RetentionRule& rule);

}  // namespace foz::journal::local
