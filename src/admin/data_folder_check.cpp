// SPDX-License-Identifier: Apache-2.0
#include "admin/data_folder_check.h"

#include <cerrno>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "config/quantity.h"

namespace foz::admin {
namespace {

/// The path, or the first folder above it that is there.
std::filesystem::path existing_part_of(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::path there = std::filesystem::absolute(path, ignored);
    while (!std::filesystem::exists(there, ignored) && there.has_relative_path()) {
        there = there.parent_path();
    }
    return there;
}

void check_access(const std::filesystem::path& data, Findings& findings) {
    std::error_code ignored;
    const std::filesystem::path there = existing_part_of(data);
    const bool exists = std::filesystem::exists(data, ignored);
    if (!exists && std::filesystem::is_symlink(std::filesystem::symlink_status(data, ignored))) {
        findings.failed(
                fmt::format("data directory {}: a symbolic link to what is not there, so that it "
                            "cannot be made",
                        data.string()));
    } else if (!std::filesystem::is_directory(there, ignored)) {
        findings.failed(fmt::format(
                "data directory {}: {} is not a directory", data.string(), there.string()));
    } else if (::access(there.c_str(), W_OK | X_OK) != 0) {
        findings.failed(
                fmt::format("data directory {}: cannot write to {}: {}; choose another with "
                            "--data, or change its owner",
                        data.string(), there.string(), errno_message(errno)));
    } else {
        findings.ok(fmt::format(
                "data directory {}: {}", data.string(), exists ? "writable" : "will be created"));
    }
}

/// Whether the disk has room for what the journal needs at once, and for all that it may take.
void check_space(const config::Settings& settings, Findings& findings) {
    constexpr std::uint64_t kSegmentsAtOnce = 2;
    std::error_code error;
    const auto space = std::filesystem::space(existing_part_of(settings.data), error);
    if (error) {
        return;  // the folder's own line says why
    }
    const config::Journal& journal = settings.journal;
    const std::uint64_t needed = journal.free_space_min + kSegmentsAtOnce * journal.segment_bytes;
    const std::string begin = fmt::format("data directory {}: its disk has {} free",
            settings.data.string(), config::rounded_size_text(space.available));
    if (space.available < needed) {
        findings.failed(
                fmt::format("{}, and foz needs {} to begin (journal.free_space_min = {} and two "
                            "segments); make room, or choose another disk",
                        begin, config::rounded_size_text(needed),
                        config::rounded_size_text(journal.free_space_min)));
    } else if (space.available - journal.free_space_min < journal.size_max) {
        findings.doubtful(
                fmt::format("{}, less than journal.size_max = {} and journal.free_space_min = {}: "
                            "the disk is full before the journal is, and foz stops acknowledging "
                            "then; make room, or lower journal.size_max",
                        begin, config::rounded_size_text(journal.size_max),
                        config::rounded_size_text(journal.free_space_min)));
    }
}

}  // namespace

void check_data_folder(const config::Settings& settings, Findings& findings) {
    check_access(settings.data, findings);
    check_space(settings, findings);
}

}  // namespace foz::admin
