// SPDX-License-Identifier: Apache-2.0
// What a stranger wrote (topics, client ids, payloads, reasons), fit for a terminal and for one
// line of a log. Pure; any thread.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace foz {

inline constexpr std::size_t kShownBytesMax = 256;

/// `text` with control characters (C0, DEL) and bytes that are not UTF-8 as \xNN, and with C1
/// controls, line and paragraph separators, marks that change the direction of writing and
/// noncharacters as \u{N}; those in `kept` stay as they are. What is longer than `bytes_max` is cut
/// between characters and ends in "... (N bytes)".
[[nodiscard]] std::string printable(
        std::string_view text, std::size_t bytes_max = kShownBytesMax, std::string_view kept = "");

/// The whole of it.
[[nodiscard]] inline std::string printable_whole(
        std::string_view text, std::string_view kept = "") {
    return printable(text, std::numeric_limits<std::size_t>::max(), kept);
}

}  // namespace foz
