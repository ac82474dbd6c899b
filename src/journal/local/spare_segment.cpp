// SPDX-License-Identifier: Apache-2.0
#include "journal/local/spare_segment.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace foz::journal::local {
namespace {

constexpr std::string_view kSpareFile = "spare";
// Small pieces, each synced: the disk is never busy with zeros for long while a group commit waits.
constexpr std::uint64_t kZerosBytes = 1 << 20;

}  // namespace

Result<SpareSegment> SpareSegment::create(
        FileSystem& files, const std::filesystem::path& directory, std::uint64_t bytes) {
    discard(files, directory);
    // All that activate() needs is open before it: it must not fail for want of a descriptor.
    auto folder = files.open_directory(directory);
    if (!folder) {
        return pass_on(folder);
    }
    auto file = files.open(directory / kSpareFile, OpenMode::create);
    if (!file) {
        return pass_on(file);
    }
    return SpareSegment(files, directory, *std::move(folder), *std::move(file), bytes);
}

Result<void> SpareSegment::advance() {
    static const std::vector<std::byte> zeros(kZerosBytes);
    const std::uint64_t count = std::min<std::uint64_t>(kZerosBytes, bytes_ - filled_);
    if (auto written = file_->write_at(filled_, ByteView(zeros).first(count)); !written) {
        return written;
    }
    if (auto synced = file_->sync_data(); !synced) {
        return synced;
    }
    filled_ += count;
    return {};
}

Result<void> SpareSegment::hurry() {
    if (auto allocated = file_->allocate(bytes_); !allocated) {
        return allocated;
    }
    if (auto synced = file_->sync_data(); !synced) {
        return synced;
    }
    filled_ = bytes_;
    return {};
}

Result<SpareSegment::Activated> SpareSegment::activate(const SegmentHeader& header) {
    FOZ_CHECK(ready());
    // In this order: a file with a segment's name always has a whole header.
    if (auto written = file_->write_at(0, encode_segment_header(header)); !written) {
        return pass_on(written);
    }
    if (auto synced = file_->sync_data(); !synced) {
        return pass_on(synced);
    }
    const auto path = directory_ / segment_name(header.first);
    if (auto renamed = files_->rename(directory_ / kSpareFile, path); !renamed) {
        return pass_on(renamed);
    }
    if (auto synced = folder_->sync(); !synced) {
        return pass_on(synced);
    }
    return Activated{std::make_shared<Segment>(path, header, bytes_), std::move(file_)};
}

void SpareSegment::discard(FileSystem& files, const std::filesystem::path& directory) {
    (void)files.remove(directory / kSpareFile);  // that there is none is the usual case
}

}  // namespace foz::journal::local
