// SPDX-License-Identifier: Apache-2.0
// Everything that can be wrong with the files of a listener, and what a person is told.
#include "tls/server_context.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/child_process.h"
#include "tests/support/test_authority.h"

namespace foz::tls {
namespace {

using support::expect_value;
using support::key_of;
using support::TestAuthority;

class ServerContextTest : public testing::Test {
  protected:
    std::string error() const {
        const auto loaded = ServerContext::load(settings_, real_clock().system_now());
        return loaded ? "" : loaded.error().message;
    }
    std::string written(const std::string& name, const std::string& content) const {
        std::ofstream(ca_.path(name)) << content;
        return ca_.path(name);
    }

    TestAuthority ca_;
    config::ServerTls settings_ = ca_.server_tls();
};

TEST_F(ServerContextTest, requires_certificates_when_there_is_a_client_ca) {
    const auto loaded = expect_value(ServerContext::load(settings_, real_clock().system_now()));
    EXPECT_EQ(loaded->client_certificate(), config::ClientCertificate::required);
    EXPECT_TRUE(loaded->warnings().empty());
    EXPECT_NE(loaded->description().find("broker.example (broker.example, localhost, 127.0.0.1)"),
            std::string::npos)
            << loaded->description();
    settings_.client_ca.reset();
    settings_.crl.reset();
    EXPECT_EQ(expect_value(ServerContext::load(settings_, real_clock().system_now()))
                      ->client_certificate(),
            config::ClientCertificate::none);
}

TEST_F(ServerContextTest, names_a_file_that_is_missing) {
    settings_.certificate = ca_.path("nowhere.crt");
    EXPECT_EQ(error(), "certificate " + ca_.path("nowhere.crt") +
                               " is not there; write the right path, or make it with `foz certs`");
    settings_ = ca_.server_tls();
    settings_.crl = ca_.path("nowhere.pem");
    EXPECT_TRUE(error().starts_with("crl " + ca_.path("nowhere.pem") + " is not there")) << error();
}

TEST_F(ServerContextTest, names_a_file_that_is_no_pem) {
    settings_.key = written("text.key", "I am a text");
    EXPECT_EQ(error(),
            "key " + ca_.path("text.key") + " is not PEM, a text with -----BEGIN ...-----");
    settings_.key = written("der.key", "\x30\x82\x01\x02");
    EXPECT_NE(error().find("looks like DER"), std::string::npos) << error();
}

TEST_F(ServerContextTest, names_files_that_were_exchanged) {
    std::swap(settings_.certificate, settings_.key);
    EXPECT_NE(error().find("has no -----BEGIN CERTIFICATE-----; is it another file?"),
            std::string::npos)
            << error();
}

TEST_F(ServerContextTest, names_a_file_that_is_damaged) {
    settings_.certificate =
            written("cut.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    EXPECT_NE(error().find("cut.crt is damaged: "), std::string::npos) << error();
}

TEST_F(ServerContextTest, names_a_key_of_another_certificate) {
    settings_.key = key_of(ca_.device("esp32-1"));
    EXPECT_EQ(error(), "key " + settings_.key + " is not the key of certificate " +
                               settings_.certificate +
                               " (\"broker.example\"): take the two files that were made together");
}

TEST_F(ServerContextTest, names_a_key_that_needs_a_passphrase) {
    const std::string locked = ca_.path("locked.key");
    support::run_to_end({"/usr/bin/openssl", "pkey", "-in", settings_.key, "-aes256", "-passout",
        "pass:secret", "-out", locked});
    settings_.key = locked;
    EXPECT_NE(error().find("locked.key needs a passphrase"), std::string::npos) << error();
}

TEST_F(ServerContextTest, names_the_revocation_list_of_another_ca) {
    TestAuthority other("other CA");
    settings_.crl = other.crl();
    EXPECT_NE(error().find("is not from the CA whose certificates it is to revoke"),
            std::string::npos)
            << error();
}

TEST_F(ServerContextTest, warns_of_certificates_that_clients_will_refuse) {
    const auto warnings_at = [&](std::chrono::days later) {
        return expect_value(ServerContext::load(settings_, real_clock().system_now() + later))
                ->warnings();
    };
    EXPECT_TRUE(warnings_at(std::chrono::days(800)).empty());
    ASSERT_EQ(warnings_at(std::chrono::days(815)).size(), 1U);
    EXPECT_NE(warnings_at(std::chrono::days(815))[0].find("for 9 days"), std::string::npos);
    EXPECT_NE(warnings_at(std::chrono::days(830))[0].find("is expired on"), std::string::npos);
    EXPECT_NE(warnings_at(std::chrono::days(-1))[0].find("not valid before"), std::string::npos);
    settings_.certificate = ca_.device("esp32-1");
    settings_.key = key_of(settings_.certificate);
    EXPECT_NE(warnings_at({})[0].find("not made for servers"), std::string::npos);
}

TEST_F(ServerContextTest, keeps_the_old_files_in_force_when_the_new_ones_are_broken) {
    const SystemTime now = real_clock().system_now();
    const auto first = expect_value(ServerContext::load(settings_, now));
    ReloadableServerContext context(settings_, first);
    EXPECT_TRUE(context.reload(now));
    const auto second = context.current();
    EXPECT_NE(second, first);
    written("servers/broker.example.crt", "broken");
    const auto failed = context.reload(now);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("is not PEM"), std::string::npos);
    EXPECT_EQ(context.current(), second);
}

}  // namespace
}  // namespace foz::tls
