// SPDX-License-Identifier: Apache-2.0
#include "access/password_file.h"

#include <gtest/gtest.h>

#include "tests/support/test_authority.h"

namespace foz::access {
namespace {

using support::expect_value;

// As mosquitto_passwd 2.0.11 wrote them: `-b` and `-H sha512 -b`.
constexpr std::string_view kFromMosquitto =
        "seven:$7$101$oVJTWm5BPzAHxdAc$"
        "M9gGZUcd1hi5ZaR0lM8QrrN1OG4LQHlp00zvQdCv5ehYKr0o15eaaE3oqVWqtTZ4w9rDLePD3T/fe3J9YTOx8w==\n"
        "six:$6$NVUMcy4mYyrI8ByS$TwTg1XpEUWbzsq2pFrL05t/"
        "z6jQ3Udt8F7mjTR4E0ziTTWvxqcahujC0Eol0u6y9SwGbitYNH8rzvekHS1/D+w==\n";

std::shared_ptr<const PasswordFile> parsed(std::string_view content) {
    return expect_value(PasswordFile::parse(content, "passwords"));
}

std::string error_of(std::string_view content) {
    const auto file = PasswordFile::parse(content, "passwords");
    return file ? "" : file.error().message;
}

TEST(PasswordFile, reads_both_forms_of_mosquitto_passwd) {
    const auto file = parsed(kFromMosquitto);
    EXPECT_EQ(file->size(), 2U);
    EXPECT_TRUE(file->verify("seven", "correct horse"));
    EXPECT_TRUE(file->verify("six", "correct horse"));
    EXPECT_FALSE(file->verify("seven", "correct horsE"));
    EXPECT_FALSE(file->verify("six", ""));
    EXPECT_FALSE(file->verify("eight", "correct horse"));
    EXPECT_FALSE(file->verify("", ""));
}

TEST(PasswordFile, has_a_line_for_each_user_that_changes_with_the_password) {
    std::string content = expect_value(with_password("", "esp32", "old", 10));
    content = expect_value(with_password(content, "other", "x", 10));
    const std::string before = parsed(content)->line_of("esp32");
    EXPECT_TRUE(before.starts_with("$7$10$")) << before;
    EXPECT_EQ(parsed(content)->line_of("nobody"), "");
    content = expect_value(with_password(content, "other", "y", 10));
    EXPECT_EQ(parsed(content)->line_of("esp32"), before);
    content = expect_value(with_password(content, "esp32", "old", 10));
    EXPECT_NE(parsed(content)->line_of("esp32"), before) << "another salt";
}

TEST(PasswordFile, is_written_and_read_back) {
    std::string content = expect_value(with_password("# our devices\n", "esp32-1", "a:b$c", 1'000));
    content = expect_value(with_password(content, "esp32-2", "", 10));
    EXPECT_TRUE(parsed(content)->verify("esp32-1", "a:b$c"));
    EXPECT_TRUE(parsed(content)->verify("esp32-2", ""));
    content = expect_value(with_password(content, "esp32-1", "new", 10));
    EXPECT_TRUE(parsed(content)->verify("esp32-1", "new"));
    EXPECT_FALSE(parsed(content)->verify("esp32-1", "a:b$c"));
    EXPECT_TRUE(parsed(content)->verify("esp32-2", ""));
    content = expect_value(without_user(content, "esp32-2"));
    EXPECT_EQ(parsed(content)->size(), 1U);
    EXPECT_TRUE(content.starts_with("# our devices\nesp32-1:$7$10$")) << content;
    EXPECT_FALSE(without_user(content, "esp32-2"));
}

TEST(PasswordFile, gives_every_password_a_salt_of_its_own) {
    EXPECT_NE(*with_password("", "a", "same", 1), *with_password("", "a", "same", 1));
}

TEST(PasswordFile, ends_its_lines_as_it_likes) {
    const std::string line = expect_value(with_password("", "a", "b", 1));
    EXPECT_TRUE(parsed("\r\n\n" + line.substr(0, line.size() - 1) + "\r\n")->verify("a", "b"));
    EXPECT_TRUE(parsed(line.substr(0, line.size() - 1))->verify("a", "b"));
    EXPECT_FALSE(parsed("")->verify("a", "b"));
}

TEST(PasswordFile, names_the_line_that_is_wrong) {
    EXPECT_EQ(error_of("# ok\nnobody\n"), "passwords:2: a line must be NAME:HASH");
    EXPECT_EQ(error_of("a:secret\n"),
            "passwords:1: the password is not hashed; `foz passwd FILE NAME` (or mosquitto_passwd) "
            "writes it");
    EXPECT_NE(error_of("a:$argon2id$v=19$x\n").find("Argon2"), std::string::npos);
    const std::string good = expect_value(with_password("", "a", "b", 1));
    EXPECT_EQ(error_of(good + good),
            "passwords:2: \"a\" stands there twice; take one of the lines out");
    for (const char* damaged :
            {"a:$7$1$x", "a:$7$0$AAAA$AAAA", "a:$7$-1$AAAA$AAAA", "a:$7$99999999999$AAAA$AAAA",
                "a:$7$1$AAAA$AAAA", "a:$6$AAAA$AA=A", "a:$6$$", "a:$7$", ":x"}) {
        EXPECT_TRUE(error_of(damaged).starts_with("passwords:1: ")) << damaged;
    }
}

TEST(PasswordFile, takes_no_name_that_its_lines_could_not_hold) {
    for (const char* name : {"", "a:b", "#a", "a\nb"}) {
        EXPECT_FALSE(with_password("", name, "x", 1)) << name;
    }
}

TEST(PasswordFile, says_where_it_should_be_when_it_is_missing) {
    const auto file = PasswordFile::load("/nowhere/passwords");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message,
            "password_file /nowhere/passwords is not there; `foz passwd /nowhere/passwords NAME` "
            "makes it");
}

}  // namespace
}  // namespace foz::access
