// SPDX-License-Identifier: Apache-2.0
#include "journal/local/new_journal_id.h"

#include <algorithm>

namespace foz::journal::local {
namespace {

constexpr std::string_view kIdFile = "id";
constexpr std::size_t kIdBytes = 36;

bool is_id(std::string_view text) {
    return text.size() == kIdBytes && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
    });
}

}  // namespace

Result<std::string> public_journal_id(
        FileSystem& files, const std::filesystem::path& directory, const JournalId& made_with) {
    const auto path = directory / kIdFile;
    auto content = read_file(files, path, kIdBytes + 1);
    if (!content && content.error().code == ErrorCode::not_found) {
        return made_with.text();
    }
    if (!content) {
        return pass_on(content);
    }
    if (content->ends_with('\n')) {
        content->pop_back();
    }
    if (!is_id(*content)) {
        return fail(ErrorCode::corrupt,
                "{} does not hold a journal's id; `foz journal new-id` writes one", path.string());
    }
    return content;
}

std::string new_journal_id() {
    return JournalId::random().text();
}

Result<void> set_public_journal_id(
        FileSystem& files, const std::filesystem::path& directory, const std::string& id) {
    return write_file_atomically(files, directory / kIdFile, as_bytes(id + "\n"));
}

}  // namespace foz::journal::local
