// SPDX-License-Identifier: Apache-2.0
#include "mapping/reading_selector.h"

#include <utility>

namespace foz::mapping {
namespace {

constexpr std::uint32_t kRemarkAfter = 1'000;

}  // namespace

ReadingSelector::ReadingSelector(std::vector<std::string> rows, std::optional<config::Filter> where)
    : rows_(std::move(rows)) {
    if (where) filter_.emplace(*std::move(where));
}

bool ReadingSelector::takes_any(const JsonDocument& document) {
    const bool none = walk(
            document, [](const Reading&, auto) { return false; },
            [](const Error&) { return false; });
    taken_ = taken_ || !none;
    if (!taken_ && left_out_ < kRemarkAfter) ++left_out_;
    return !none;
}

std::optional<std::string> ReadingSelector::take_remark() {
    if (taken_ || left_out_ < kRemarkAfter || std::exchange(remarked_, true)) return std::nullopt;
    return fmt::format(
            "{} has left out all of the first {} messages; is the field or the value misspelt?",
            filter_->label(), kRemarkAfter);
}

}  // namespace foz::mapping
