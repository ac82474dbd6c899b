// SPDX-License-Identifier: Apache-2.0
// foz certs and foz passwd as a person uses them.
#include <chrono>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"

namespace foz::end_to_end {
namespace {

class CertsTest : public testing::Test {
  protected:
    Outcome certs(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "certs");
        arguments.insert(arguments.end(), {"--dir", foz_.path("certs").string()});
        return foz_.run(std::move(arguments));
    }
    /// Runs a shell command in the test's folder, with "$FOZ".
    Outcome shell(const std::string& command) {
        const auto output = foz_.path("shell.log");
        std::filesystem::remove(output);
        support::ChildProcess process({.command = {"/bin/sh", "-c",
                                           fmt::format("cd '{}' && FOZ='{}' && {}",
                                                   foz_.path("").string(), FOZ_BINARY, command)},
            .user = "",
            .output = output});
        const auto exit_code = process.wait(std::chrono::seconds(30));
        return {exit_code.value_or(-1), support::content_of(output)};
    }

    FozUnderTest foz_;
};

TEST_F(CertsTest, AreMadeRenewedRevokedAndListed) {
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    const Outcome server = certs({"server", "--name", "broker.example", "--address", "10.0.0.5"});
    EXPECT_EQ(server.exit_code, 0) << server;
    EXPECT_TRUE(server.says("certs/servers/broker.example.crt")) << server;
    EXPECT_EQ(certs({"device", "esp32-1", "esp32-2", "--days", "30"}).exit_code, 0);
    EXPECT_EQ(certs({"renew", "esp32-1"}).exit_code, 0);
    const Outcome revoked = certs({"revoke", "esp32-2"});
    EXPECT_EQ(revoked.exit_code, 0) << revoked;
    EXPECT_TRUE(revoked.says("crl.pem")) << revoked;
    const Outcome list = certs({"list"});
    EXPECT_TRUE(list.says("broker.example") && list.says("esp32-1")) << list;
    EXPECT_TRUE(list.says("revoked on ")) << list;
    const Outcome soon = certs({"list", "--within", "31"});
    EXPECT_TRUE(soon.says("esp32-1") && !soon.says("broker.example")) << soon;
    const Outcome none = certs({"renew", "--within", "31"});
    EXPECT_EQ(none.exit_code, 0) << none;
    EXPECT_FALSE(none.says("esp32-1")) << "it was renewed already\n" << none;
}

TEST_F(CertsTest, AreNotOverwrittenUnasked) {
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    ASSERT_EQ(certs({"device", "esp32-1"}).exit_code, 0);
    for (const std::vector<std::string>& again :
            {std::vector<std::string>{"init"}, {"device", "esp32-1"}}) {
        const Outcome refused = certs(again);
        EXPECT_EQ(refused.exit_code, 2) << refused;
        EXPECT_TRUE(refused.says("--force")) << refused;
    }
    EXPECT_EQ(certs({"device", "esp32-1", "--force"}).exit_code, 0);
}

TEST_F(CertsTest, SayWhatIsMissing) {
    const Outcome early = certs({"device", "esp32-1"});
    EXPECT_EQ(early.exit_code, 1) << early;
    EXPECT_TRUE(early.says("foz certs init")) << early;
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    EXPECT_EQ(certs({"device"}).exit_code, 2);
    EXPECT_EQ(certs({"server"}).exit_code, 2);
    EXPECT_EQ(certs({"revoke", "nobody"}).exit_code, 1);
    EXPECT_EQ(certs({"server", "--name", "a b"}).exit_code, 2);
}

TEST_F(CertsTest, AreMadeByTheThousandFromASpreadsheet) {
    constexpr int kDevices = 500;
    std::string csv = "\xEF\xBB\xBFID;Site\r\n";
    for (int i = 0; i < kDevices; ++i) {
        csv += fmt::format("\"esp32-{}\";Lisboa\r\n", i);
    }
    foz_.write("ids.csv", csv);
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    const Outcome made = certs({"device", "--csv", foz_.path("ids.csv").string()});
    EXPECT_EQ(made.exit_code, 0) << made;
    EXPECT_TRUE(made.says("500 in all")) << made;
    EXPECT_TRUE(std::filesystem::exists(foz_.path("certs/devices/esp32-499.key")));
    const Outcome verified =
            shell("openssl verify -CAfile certs/ca.crt certs/devices/esp32-499.crt");
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(CertsTest, PasswdWritesWhatMosquittoPasswdWrites) {
    const Outcome set = shell("echo secret | $FOZ passwd passwords esp32-1");
    EXPECT_EQ(set.exit_code, 0) << set;
    EXPECT_TRUE(shell("cat passwords").says("esp32-1:$7$100000$"));
    EXPECT_TRUE(shell("stat -c %a passwords").says("600"));
    EXPECT_EQ(shell("printf other | $FOZ passwd passwords esp32-2 --batch --iterations 1000")
                      .exit_code,
            0);
    EXPECT_EQ(shell("$FOZ passwd passwords esp32-1 --delete").exit_code, 0);
    const Outcome left = shell("cat passwords");
    EXPECT_TRUE(left.says("esp32-2:$7$1000$") && !left.says("esp32-1")) << left;
    const Outcome nobody = shell("$FOZ passwd passwords esp32-1 --delete");
    EXPECT_EQ(nobody.exit_code, 1) << nobody;
    EXPECT_EQ(shell("echo secret | $FOZ passwd passwords 'a:b'").exit_code, 2);
    EXPECT_EQ(shell("$FOZ passwd passwords esp32-3 </dev/null").exit_code, 2);
}

TEST_F(CertsTest, CheckNamesTheFileOfAListenerThatCannotBeUsed) {
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    ASSERT_EQ(certs({"server", "--name", "localhost"}).exit_code, 0);
    ASSERT_EQ(certs({"device", "esp32-1"}).exit_code, 0);
    const auto check_with = [&](std::string_view key, std::string_view more) {
        foz_.configure(
                fmt::format("[listener.locked]\naddress = \"127.0.0.1:0\"\n{}tls = {{ certificate "
                            "= \"certs/servers/localhost.crt\", key = \"{}\", client_ca = "
                            "\"certs/ca.crt\", crl = \"certs/crl.pem\" }}\n",
                        more, key));
        return foz_.run_configured({"check"});
    };
    const Outcome good = check_with("certs/servers/localhost.key", "");
    EXPECT_EQ(good.exit_code, 0) << good;
    EXPECT_TRUE(good.says("localhost (localhost) by \"foz CA\"")) << good;
    EXPECT_TRUE(good.says("clients must show a certificate")) << good;
    const Outcome other = check_with("certs/devices/esp32-1.key", "");
    EXPECT_EQ(other.exit_code, 1) << other;
    EXPECT_TRUE(other.says("foz.toml:") && other.says("is not the key of certificate")) << other;
    const Outcome missing =
            check_with("certs/servers/localhost.key", "password_file = \"passwords\"\n");
    EXPECT_EQ(missing.exit_code, 1) << missing;
    EXPECT_TRUE(missing.says("passwords is not there; `foz passwd")) << missing;
}

TEST_F(CertsTest, ACertificateThatExpiresSoonIsAWarningThatStopsNobody) {
    ASSERT_EQ(certs({"init"}).exit_code, 0);
    ASSERT_EQ(certs({"server", "--name", "localhost", "--days", "3"}).exit_code, 0);
    foz_.configure(
            "[listener.locked]\naddress = \"127.0.0.1:0\"\nallow_anonymous = true\ntls = { "
            "certificate = \"certs/servers/localhost.crt\", key = \"certs/servers/localhost.key\" "
            "}\n");
    const Outcome checked = foz_.run_configured({"check"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    EXPECT_TRUE(checked.says("warn   ") && checked.says("is valid until")) << checked;
}

}  // namespace
}  // namespace foz::end_to_end
