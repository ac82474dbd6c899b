// SPDX-License-Identifier: Apache-2.0
#include "base/redaction.h"

#include <gtest/gtest.h>

namespace foz {
namespace {

TEST(Redaction, hides_the_password_of_a_user_wherever_it_ends) {
    EXPECT_EQ(redacted_url("postgresql://foz:secret@db:5432/x"), "postgresql://foz:***@db:5432/x");
    EXPECT_EQ(redacted_url("mariadb://foz:s@cr:t@db/x"), "mariadb://foz:***@db/x");
    EXPECT_EQ(redacted_url("mysql://foz:se/cr et@db/x"), "mysql://foz:***@db/x");
    EXPECT_EQ(redacted_url("mqtts://foz:se?cret@host"), "mqtts://foz:***@host");
    EXPECT_EQ(redacted_url("foz:secret@host"), "foz:***@host") << "the scheme was forgotten";
}

TEST(Redaction, hides_options_that_are_secrets) {
    EXPECT_EQ(redacted_url("postgresql://db/x?user=foz&password=a b&sslPassword=c&sslmode=require"),
            "postgresql://db/x?user=foz&password=***&sslPassword=***&sslmode=require");
    EXPECT_EQ(redacted_url("postgresql://db/x?pass%77ord=a"), "postgresql://db/x?pass%77ord=***");
    EXPECT_EQ(redacted_url("wss://h/mqtt?X-Amz-Signature=abc&x=1"),
            "wss://h/mqtt?X-Amz-Signature=***&x=1");
}

TEST(Redaction, leaves_a_url_without_a_password_as_it_is) {
    for (const char* url :
            {"sqlite:data/a:b@c.sqlite", "postgresql://foz@db:5432/x?application_name=a@b",
                "mqtt://[::1]:1883", "mariadb://foz@db/x?socket=/run/x.sock"}) {
        EXPECT_EQ(redacted_url(url), url);
    }
}

TEST(Redaction, hides_every_password_in_a_text) {
    EXPECT_EQ(redacted("lost \"mqtt://a:b@h\" and postgresql://c:d@e/f?password=g; trying again"),
            "lost \"mqtt://a:***@h\" and postgresql://c:***@e/f?password=*** trying again");
    EXPECT_EQ(redacted("host=db password='a b' dbname=x"), "host=db password=*** dbname=x");
    EXPECT_EQ(redacted("password_file = \"x\", (using password: YES)"),
            "password_file = \"x\", (using password: YES)");
}

TEST(Redaction, hides_pieces_of_the_password_that_a_driver_quotes) {
    EXPECT_EQ(redacted_message(
                      "could not translate host name \"cret@db\"", "postgresql://foz:se/cret@db/x"),
            "could not translate host name \"***@db\"");
    EXPECT_EQ(redacted_message(
                      "invalid percent-encoded token: \"se%zzcret\"", "postgresql://f:se%zzcret@h"),
            "invalid percent-encoded token: \"***\"");
    EXPECT_EQ(redacted_message("no user \"pa ss\"", "mariadb://h/x", "pa ss"), "no user \"***\"");
    EXPECT_EQ(redacted_message("the host is not there", "mysql://f:ho@h"), "the host is not there");
}

TEST(Redaction, does_not_hide_again_what_is_hidden_however_many_stars_a_password_has) {
    std::string url = "mariadb://foz:";
    for (int i = 0; i < 100; ++i) {
        url += "**/";
    }
    EXPECT_EQ(redacted_message("\"**\" is not a port", url + "@db/x"), "\"**\" is not a port");
}

}  // namespace
}  // namespace foz
