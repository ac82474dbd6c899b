// SPDX-License-Identifier: Apache-2.0
// What foz makes is accepted by the programs that people have: openssl, Mosquitto and its clients.
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "access/password_file.h"
#include "tests/support/child_process.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/test_authority.h"
#include "tests/support/wait_until.h"

namespace foz::tls {
namespace {

using support::expect_value;
using support::key_of;
using support::TestAuthority;

/// A program's exit code, and what it said in `output`.
int run(std::vector<std::string> command, const std::string& output) {
    support::ChildProcess process({.command = std::move(command), .user = "", .output = output});
    return process.wait(std::chrono::seconds(20)).value_or(-1);
}

class ProgramsTest : public testing::Test {
  protected:
    /// Mosquitto with `lines` for a listener of its own; that listener's port.
    std::uint16_t start_mosquitto(const std::string& lines) {
        const std::uint16_t port = support::free_port();
        mosquitto_ = std::make_unique<support::MosquittoBroker>(support::MosquittoOptions{
            .configuration = fmt::format("listener {} 127.0.0.1\n{}\n", port, lines),
        });
        mosquitto_->start();
        return port;
    }
    int publish(std::uint16_t port, std::vector<std::string> with) {
        std::vector<std::string> command = {
            "mosquitto_pub",
            "-h",
            "localhost",
            "-p",
            std::to_string(port),
            "-t",
            "t",
            "-m",
            "m",
            "-q",
            "1",
        };
        command.insert(command.end(), with.begin(), with.end());
        return run(std::move(command), output_);
    }
    int publish_with(std::uint16_t port, const std::string& certificate) {
        return publish(
                port, {"--cafile", ca_.ca(), "--cert", certificate, "--key", key_of(certificate)});
    }

    TestAuthority ca_;
    std::string output_ = ca_.path("output");
    std::unique_ptr<support::MosquittoBroker> mosquitto_;
};

TEST_F(ProgramsTest, openssl_verifies_the_certificates_and_the_list) {
    const std::string server = ca_.server({"broker.example", "*.sites.example"}, {"10.0.0.5"});
    const std::string device = ca_.device("esp32-1");
    const std::string revoked = ca_.device("esp32-2");
    ca_.revoke("esp32-2");
    const auto verify = [&](const std::string& purpose, const std::string& certificate,
                                const std::string& name_option, const std::string& name) {
        return run({"openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", ca_.crl(),
                       "-CAfile", ca_.ca(), "-purpose", purpose, name_option, name, certificate},
                output_);
    };
    EXPECT_EQ(verify("sslserver", server, "-verify_hostname", "broker.example"), 0)
            << support::content_of(output_);
    EXPECT_EQ(verify("sslserver", server, "-verify_hostname", "a.sites.example"), 0);
    EXPECT_EQ(verify("sslserver", server, "-verify_ip", "10.0.0.5"), 0);
    EXPECT_NE(verify("sslserver", server, "-verify_hostname", "other.example"), 0);
    EXPECT_EQ(verify("sslclient", device, "-verify_depth", "1"), 0) << support::content_of(output_);
    EXPECT_NE(verify("sslserver", device, "-verify_depth", "1"), 0);
    EXPECT_NE(verify("sslclient", revoked, "-verify_depth", "1"), 0);
}

TEST_F(ProgramsTest, openssl_ca_goes_on_with_the_index) {
    ca_.device("esp32-1");
    ca_.revoke("esp32-1");
    std::ofstream(ca_.path("ca.conf"))
            << "[ca]\ndefault_ca=c\n[c]\ndatabase=" << ca_.path("index.txt")
            << "\ndefault_md=sha256\ndefault_crl_days=30\n";
    ASSERT_EQ(run({"openssl", "ca", "-config", ca_.path("ca.conf"), "-gencrl", "-keyfile",
                      ca_.path("ca.key"), "-cert", ca_.ca(), "-out", ca_.path("their.pem")},
                      output_),
            0)
            << support::content_of(output_);
    ASSERT_EQ(run({"openssl", "crl", "-in", ca_.path("their.pem"), "-noout", "-text"}, output_), 0);
    const auto all = ca_.authority().list();
    EXPECT_NE(support::content_of(output_).find("Serial Number: " + all->front().serial),
            std::string::npos);
}

TEST_F(ProgramsTest, aws_gets_a_verification_certificate_with_its_code_as_cn) {
    const std::string code(64, 'a');
    const std::string certificate = ca_.device(code);
    ASSERT_EQ(
            run({"openssl", "x509", "-in", certificate, "-noout", "-subject", "-issuer"}, output_),
            0);
    std::string shown = support::content_of(output_);
    std::erase(shown, ' ');  // OpenSSL 3.0 has some around "="
    EXPECT_EQ(shown, "subject=CN=" + code + "\nissuer=CN=testCA\n");
}

TEST_F(ProgramsTest, mosquitto_takes_the_certificates_and_refuses_the_revoked) {
    const std::string server = ca_.server({"localhost"});
    const std::string device = ca_.device("esp32-1");
    const std::string revoked = ca_.device("esp32-2");
    ca_.revoke("esp32-2");
    const std::uint16_t port = start_mosquitto(
            fmt::format("cafile {}\ncertfile {}\nkeyfile {}\ncrlfile {}\nrequire_certificate "
                        "true\nuse_identity_as_username true\n",
                    ca_.ca(), server, key_of(server), ca_.crl()));
    EXPECT_EQ(publish_with(port, device), 0) << support::content_of(output_) << mosquitto_->log();
    EXPECT_NE(mosquitto_->log().find("u'esp32-1'"), std::string::npos) << mosquitto_->log();
    EXPECT_NE(publish_with(port, revoked), 0);
    EXPECT_NE(publish(port, {"--cafile", ca_.ca()}), 0);
}

TEST_F(ProgramsTest, mosquitto_takes_the_password_file) {
    const std::string content =
            expect_value(access::with_password("", "esp32-1", "corr ect", 1'000));
    std::ofstream(ca_.path("passwords")) << content;
    const std::uint16_t port = start_mosquitto("password_file " + ca_.path("passwords"));
    EXPECT_EQ(publish(port, {"-u", "esp32-1", "-P", "corr ect"}), 0)
            << support::content_of(output_);
    EXPECT_NE(publish(port, {"-u", "esp32-1", "-P", "wrong"}), 0);
}

TEST_F(ProgramsTest, the_file_of_mosquitto_passwd_is_taken) {
    const std::string file = ca_.path("passwords");
    std::ofstream(file) << expect_value(access::with_password("", "ours", "one", 10));
    ASSERT_EQ(run({"mosquitto_passwd", "-b", file, "theirs", "two"}, output_), 0);
    ASSERT_EQ(run({"mosquitto_passwd", "-b", "-H", "sha512", file, "old", "three"}, output_), 0);
    const auto passwords = expect_value(access::PasswordFile::load(file));
    EXPECT_TRUE(passwords->verify("ours", "one"));
    EXPECT_TRUE(passwords->verify("theirs", "two"));
    EXPECT_TRUE(passwords->verify("old", "three"));
    EXPECT_FALSE(passwords->verify("old", "two"));
}

}  // namespace
}  // namespace foz::tls
