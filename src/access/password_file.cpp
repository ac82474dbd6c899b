// SPDX-License-Identifier: Apache-2.0
#include "access/password_file.h"

#include <algorithm>

#include "base/file_system.h"

namespace foz::access {
namespace {

constexpr std::uint32_t kUsualIterations = 100'000;

/// The next line, without its end, which is taken away.
std::string_view take_line(std::string_view& content) {
    const std::size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

bool means_nothing(std::string_view line) {
    return line.empty() || line.starts_with('#');
}

std::string_view name_in(std::string_view line) {
    return means_nothing(line) ? std::string_view() : line.substr(0, line.find(':'));
}

/// The content without that user's lines, every line with its end; whether there was one.
std::pair<std::string, bool> split_off(std::string_view content, std::string_view name) {
    std::string others;
    bool found = false;
    while (!content.empty()) {
        const std::string_view line = take_line(content);
        if (name_in(line) == name && !means_nothing(line)) {
            found = true;
        } else {
            others += line;
            others += '\n';
        }
    }
    return {std::move(others), found};
}

Result<void> check_name(std::string_view name) {
    const bool control = std::ranges::any_of(name, [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
    });
    constexpr std::size_t kNameBytesMax = 65'535;  // what MQTT can carry
    if (name.empty() || name.size() > kNameBytesMax || control || name.starts_with('#') ||
            name.find(':') != std::string_view::npos) {
        return fail(ErrorCode::invalid,
                "\"{}\" cannot be a user name: it must not be empty, begin with #, or have a colon "
                "or a control character",
                name);
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<const PasswordFile>> PasswordFile::load(const std::filesystem::path& path) {
    constexpr std::uint64_t kFileBytesMax = 256 << 20;
    const auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content && content.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                "password_file {} is not there; `foz passwd {} NAME` makes it", path.string(),
                path.string());
    }
    if (!content) {
        return fail(
                content.error().code, "password_file cannot be used: {}", content.error().message);
    }
    return parse(*content, path.string());
}

Result<std::shared_ptr<const PasswordFile>> PasswordFile::parse(
        std::string_view content, std::string_view shown_name) {
    std::shared_ptr<PasswordFile> made(new PasswordFile());
    std::uint32_t iterations_most = 0;
    for (std::size_t number = 1; !content.empty(); ++number) {
        const std::string_view line = take_line(content);
        if (means_nothing(line)) {
            continue;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) {
            return fail(ErrorCode::invalid, "{}:{}: a line must be NAME:HASH", shown_name, number);
        }
        auto hash = parse_password_hash(line.substr(colon + 1));
        if (!hash) {
            return fail(hash.error().code, "{}:{}: {}", shown_name, number, hash.error().message);
        }
        iterations_most = std::max(iterations_most, hash->iterations);
        if (!made->users_.emplace(line.substr(0, colon), std::move(*hash)).second) {
            return fail(ErrorCode::invalid,
                    "{}:{}: \"{}\" stands there twice; take one of the lines out", shown_name,
                    number, line.substr(0, colon));
        }
    }
    made->nobodys_ = hash_password("", 1);
    made->nobodys_.iterations = made->users_.empty() ? kUsualIterations : iterations_most;
    return made;
}

std::string PasswordFile::line_of(std::string_view name) const {
    const auto user = users_.find(std::string(name));
    return user == users_.end() ? std::string() : password_hash_text(user->second);
}

bool PasswordFile::verify(std::string_view name, std::string_view password) const {
    const auto user = users_.find(std::string(name));
    const bool known = user != users_.end();
    return is_password(known ? user->second : nobodys_, password) && known;
}

Result<std::string> with_password(std::string_view content, std::string_view name,
        std::string_view password, std::uint32_t iterations) {
    if (auto usable = check_name(name); !usable) {
        return pass_on(usable);
    }
    auto [others, found] = split_off(content, name);
    return fmt::format(
            "{}{}:{}\n", others, name, password_hash_text(hash_password(password, iterations)));
}

Result<std::string> without_user(std::string_view content, std::string_view name) {
    auto [others, found] = split_off(content, name);
    if (!found) {
        return fail(ErrorCode::not_found, "there is no user \"{}\"", name);
    }
    return others;
}

}  // namespace foz::access
