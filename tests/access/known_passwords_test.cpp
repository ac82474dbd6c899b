// SPDX-License-Identifier: Apache-2.0
#include "access/known_passwords.h"

#include <gtest/gtest.h>

namespace foz::access {
namespace {

using namespace std::chrono_literals;

std::string with_users(std::string content, std::initializer_list<std::string_view> users) {
    for (const std::string_view user : users) {
        content = access::with_password(content, user, "secret", 10).value();
    }
    return content;
}

std::shared_ptr<const access::PasswordFile> read(const std::string& content) {
    return access::PasswordFile::parse(content, "passwd").value();
}

TEST(KnownPasswords, what_was_right_stays_so_when_the_file_is_read_again) {
    KnownPasswords known;
    const std::string content = with_users("", {"a", "b"});
    known.remember(known.key_of(*read(content), "a", "secret"), true, {});
    const auto again = read(with_users(content, {"b", "c"}));
    EXPECT_EQ(known.find(known.key_of(*again, "a", "secret"), {}), true);
    EXPECT_EQ(known.find(known.key_of(*again, "a", "Secret"), {}), std::nullopt);
    EXPECT_EQ(known.find(known.key_of(*again, "b", "secret"), {}), std::nullopt);
}

TEST(KnownPasswords, a_line_that_was_changed_or_taken_out_is_not_known) {
    KnownPasswords known;
    const std::string content = with_users("", {"a", "b"});
    known.remember(known.key_of(*read(content), "a", "secret"), true, {});
    const auto changed = read(with_users(content, {"a"}));
    EXPECT_EQ(known.find(known.key_of(*changed, "a", "secret"), {}), std::nullopt);
    const auto gone = read(access::without_user(content, "a").value());
    EXPECT_EQ(known.find(known.key_of(*gone, "a", "secret"), {}), std::nullopt);
}

TEST(KnownPasswords, what_was_wrong_is_known_for_some_seconds) {
    KnownPasswords known;
    const auto passwords = read(with_users("", {"a"}));
    const std::string key = known.key_of(*passwords, "a", "guess");
    const SteadyTime now{};
    known.remember(key, false, now);
    EXPECT_EQ(known.find(key, now + 9s), false);
    EXPECT_EQ(known.find(key, now + KnownPasswords::kWrongFor), std::nullopt);
}

TEST(KnownPasswords, many_wrong_ones_use_bounded_memory_and_leave_what_is_right) {
    KnownPasswords known;
    known.remember("right", true, {});
    for (int i = 0; i < 30'000; ++i) {
        known.remember(std::to_string(i), false, {});
    }
    EXPECT_EQ(known.find("29999", {}), false);
    EXPECT_EQ(known.find("0", {}), std::nullopt);
    EXPECT_EQ(known.find("right", {}), true);
}

}  // namespace
}  // namespace foz::access
