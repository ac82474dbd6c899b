// SPDX-License-Identifier: Apache-2.0
#include "delivery/record_finder.h"

namespace foz::delivery {
namespace {

// A reader that has come so near goes on; a farther one begins anew, in the right segment.
constexpr std::uint64_t kNearRecords = 10'000;

}  // namespace

Result<std::optional<journal::Record>> RecordFinder::at(journal::Position position) {
    auto found = seek(position);
    if (!found) {
        return pass_on(found);
    }
    if (!*found) {
        return std::nullopt;
    }
    return reader_->next();
}

Result<bool> RecordFinder::seek(journal::Position position) {
    if (!reader_ || reader_->position() > position ||
            journal::records_between(reader_->position(), position) > kNearRecords) {
        auto opened = journal_.read_from(position);
        if (!opened) {
            if (opened.error().code == ErrorCode::not_found) {
                return false;
            }
            return pass_on(opened);
        }
        reader_ = *std::move(opened);
    }
    while (reader_->position() < position) {
        auto skipped = reader_->next();
        if (!skipped) {
            return pass_on(skipped);
        }
        if (!*skipped) {
            return false;
        }
    }
    return true;
}

}  // namespace foz::delivery
