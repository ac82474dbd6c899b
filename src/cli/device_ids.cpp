// SPDX-License-Identifier: Apache-2.0
#include "cli/device_ids.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file_system.h"

namespace foz::cli {
namespace {

constexpr std::array<std::string_view, 5> kHeaders = {
    "id", "device", "device_id", "deviceid", "name"};

/// A quote inside quotes is written twice.
std::string unquoted(std::string_view text) {
    std::string made;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            if (i + 1 == text.size() || text[i + 1] != '"') {
                break;
            }
            ++i;
        }
        made += text[i];
    }
    return made;
}

std::string first_column(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(' ');
    line.remove_prefix(std::min(begin, line.size()));
    if (line.starts_with('"')) {
        return unquoted(line);
    }
    line = line.substr(0, line.find_first_of(",;\t\r"));
    return std::string(line.substr(0, line.find_last_not_of(' ') + 1));
}

bool is_header(std::string text) {
    std::ranges::transform(text, text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return std::ranges::find(kHeaders, text) != kHeaders.end();
}

}  // namespace

Result<std::vector<std::string>> device_ids_in(const std::string& path) {
    constexpr std::uint64_t kFileBytesMax = 256 << 20;
    const auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content) {
        return std::unexpected(content.error());
    }
    std::string_view rest = *content;
    if (rest.starts_with("\xEF\xBB\xBF")) {
        rest.remove_prefix(3);  // spreadsheets put it there
    }
    std::vector<std::string> ids;
    for (bool first = true; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        std::string id = first_column(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (!id.empty() && !(first && is_header(id))) {
            ids.push_back(std::move(id));
        }
        first = false;
    }
    if (ids.empty()) {
        return fail(ErrorCode::invalid, "{} has no ids in its first column", path);
    }
    return ids;
}

}  // namespace foz::cli
