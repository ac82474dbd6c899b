// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the password file: the first line of the input is a user name, the rest a password
// file. Whatever the name and the file, that user can be added and taken out again, and nobody else
// notices.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "access/password_file.h"
#include "base/check.h"
#include "tests/fuzz/fuzz_target.h"

namespace foz::access {
namespace {

using Passwords = std::shared_ptr<const PasswordFile>;

Passwords parsed(std::string_view content) {
    auto made = PasswordFile::parse(content, "passwords");
    FOZ_CHECK(made.has_value());
    return *std::move(made);
}

/// Of the lines that have one. May be more than the file's: a comment can have a colon, too.
std::vector<std::string> names_in(std::string_view content) {
    std::vector<std::string> names;
    while (!content.empty()) {
        const std::string_view line = content.substr(0, content.find('\n'));
        content.remove_prefix(std::min(line.size() + 1, content.size()));
        names.emplace_back(line.substr(0, line.find(':')));
    }
    return names;
}

/// The hash of each user is read back as it was.
void check_hashes(const PasswordFile& passwords, std::string_view content) {
    std::string own_spelling;
    for (const std::string& name : names_in(content)) {
        const std::string hash = passwords.line_of(name);
        if (!hash.empty()) {
            own_spelling += fmt::format("{}:{}\n", name, hash);
        }
    }
    const Passwords again = parsed(own_spelling);
    FOZ_CHECK(again->size() == passwords.size());
    for (const std::string& name : names_in(content)) {
        FOZ_CHECK(again->line_of(name) == passwords.line_of(name));
    }
}

void check_others(const PasswordFile& before, const PasswordFile& after, std::string_view content,
        std::string_view name) {
    for (const std::string& other : names_in(content)) {
        FOZ_CHECK(other == name || before.line_of(other) == after.line_of(other));
    }
}

void try_input(std::string_view input) {
    const std::string_view name = input.substr(0, input.find('\n'));
    const std::string_view content = input.substr(std::min(name.size() + 1, input.size()));
    const auto before = PasswordFile::parse(content, "passwords");
    if (!before) {
        FOZ_CHECK(before.error().message.starts_with("passwords:"));
    } else {
        check_hashes(**before, content);
    }
    const auto with = with_password(content, name, "secret", 1);
    if (!with || !before) return;
    const bool is_new = (*before)->line_of(name).empty();
    const Passwords after = parsed(*with);
    FOZ_CHECK(after->size() == (*before)->size() + (is_new ? 1 : 0));
    FOZ_CHECK(after->verify(name, "secret") && !after->verify(name, "secret "));
    check_others(**before, *after, content, name);

    const auto without = without_user(*with, name);
    FOZ_CHECK(without && parsed(*without)->size() == after->size() - 1);
    FOZ_CHECK(parsed(*without)->line_of(name).empty());
    check_others(**before, *parsed(*without), content, name);
}

}  // namespace
}  // namespace foz::access

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::access::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}
