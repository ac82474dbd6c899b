// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "journal/journal.h"

namespace foz::journal {

std::string& RecordBatch::begin_record(std::uint8_t kind) {
    open_record_ = bytes_.size();
    append_little(bytes_, std::uint32_t{0});  // the length, known in end_record()
    append_little(bytes_, kind);
    return bytes_;
}

void RecordBatch::end_record() {
    const std::size_t length = bytes_.size() - open_record_ - kRecordHeaderBytes;
    FOZ_CHECK(length <= UINT32_MAX);
    store_little(bytes_.data() + open_record_, static_cast<std::uint32_t>(length));
    ++count_;
}

void RecordBatch::add(std::uint8_t kind, ByteView bytes) {
    begin_record(kind).append(as_text(bytes));
    end_record();
}

void RecordBatch::clear() {
    bytes_.clear();
    count_ = 0;
}

}  // namespace foz::journal
