// SPDX-License-Identifier: Apache-2.0
#include "journal/local/segment_writer.h"

#include "base/check.h"

namespace foz::journal::local {

Result<void> SegmentWriter::append(ByteView frames) {
    FOZ_CHECK(frames.size() <= bytes_left());
    auto written = file_->write_at(offset_, frames);
    if (written) {
        offset_ += frames.size();
    }
    return written;
}

Result<void> SegmentWriter::sync() {
    if (segment_->readable_bytes.load(std::memory_order_relaxed) == offset_) {
        return {};
    }
    auto synced = file_->sync_data();
    if (synced) {
        segment_->readable_bytes.store(offset_, std::memory_order_release);
    }
    return synced;
}

}  // namespace foz::journal::local
