// SPDX-License-Identifier: Apache-2.0
#include "config/database_access.h"

#include <filesystem>
#include <string_view>

#include "base/file_system.h"

namespace foz::config {

std::string database_url(const Settings& settings, const Database& database) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (!database.url.starts_with(kSqlite)) {
        return database.url;
    }
    // An absolute path on the right of "/" stays as it is.
    const std::filesystem::path path = settings.data / database.url.substr(kSqlite.size());
    return std::string(kSqlite) + path.string();
}

Result<std::string> read_password(const Database& database) {
    constexpr std::uint64_t kPasswordFileBytesMax = 4096;
    if (!database.password_file) {
        return std::string();
    }
    auto content = read_file(real_file_system(), *database.password_file, kPasswordFileBytesMax);
    if (!content) {
        return fail(content.error().code, "password_file of [database.{}]: {}", database.name,
                content.error().message);
    }
    std::string line = content->substr(0, content->find_first_of("\r\n"));
    if (line.empty()) {
        return fail(ErrorCode::invalid,
                "{} has no password in its first line (password_file of [database.{}])",
                *database.password_file, database.name);
    }
    return line;
}

}  // namespace foz::config
