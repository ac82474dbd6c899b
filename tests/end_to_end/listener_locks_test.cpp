// SPDX-License-Identifier: Apache-2.0
// The locks of a listener, tried with mosquitto_pub: certificates, passwords, what is said of those
// who are not let in, and SIGHUP.
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

using Arguments = std::vector<std::string>;

class ListenerLocksTest : public testing::Test {
  protected:
    void SetUp() override {
        run({"certs", "init"});
        run({"certs", "server", "--name", "localhost"});
        run({"certs", "device", "esp32-1", "esp32-2"});
        ASSERT_EQ(shell("echo secret | $FOZ passwd passwords ana --iterations 1000"), 0);
    }
    void run(Arguments arguments) {
        arguments.insert(arguments.end(), {"--dir", path("certs")});
        const Outcome outcome = foz_.run(std::move(arguments));
        ASSERT_EQ(outcome.exit_code, 0) << outcome;
    }
    int shell(const std::string& command) {
        support::ChildProcess process(
                {.command = {"/bin/sh", "-c",
                     fmt::format("cd '{}' && FOZ='{}' && {}", path(""), FOZ_BINARY, command)},
                    .user = "",
                    .output = path("shell.log")});
        return process.wait(std::chrono::seconds(30)).value_or(-1);
    }
    /// Starts foz with a listener of these keys on secure_port_.
    void start(const std::string& keys) {
        foz_.configure(fmt::format("[listener.locked]\naddress = \"127.0.0.1:{}\"\n{}\n",
                               secure_port_, keys) +
                       kReadings);
        foz_.start();
        // start() waits for the first listener only.
        ASSERT_TRUE(
                support::wait_until([&] { return support::accepts_connections(secure_port_); }));
    }
    static std::string tls(const std::string& more = "") {
        return "tls = { certificate = \"certs/servers/localhost.crt\", key = "
               "\"certs/servers/localhost.key\"" +
               more + " }";
    }
    static std::string tls_with_clients() {
        return tls(", client_ca = \"certs/ca.crt\", crl = \"certs/crl.pem\"");
    }
    int publish(Arguments with) {
        Arguments command = {
            "mosquitto_pub",
            "-h",
            "localhost",
            "-p",
            std::to_string(secure_port_),
            "-t",
            "sensors/a",
            "-m",
            reading(20.5),
            "-q",
            "1",
        };
        command.insert(command.end(), with.begin(), with.end());
        support::ChildProcess process(
                {.command = command, .user = "", .output = path("mosquitto_pub.log")});
        return process.wait(std::chrono::seconds(20)).value_or(-1);
    }
    [[nodiscard]] Arguments as(const std::string& device) const {
        return {
            "--cafile",
            path("certs/ca.crt"),
            "--cert",
            path("certs/devices/" + device + ".crt"),
            "--key",
            path("certs/devices/" + device + ".key"),
        };
    }
    [[nodiscard]] bool log_says(std::string_view text) const {
        return support::wait_until([&] { return foz_.log().find(text) != std::string::npos; });
    }
    [[nodiscard]] std::string path(std::string_view name) const { return foz_.path(name).string(); }

    FozUnderTest foz_;
    std::uint16_t secure_port_ = support::free_port();
};

TEST_F(ListenerLocksTest, ADeviceWithACertificateIsLetInAndItsReadingStored) {
    start(tls_with_clients());
    EXPECT_EQ(publish(as("esp32-1")), 0) << foz_.log();
    EXPECT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "1"));
}

TEST_F(ListenerLocksTest, SimulatedSensorsComeInWithACertificate) {
    start(tls_with_clients());
    Arguments sensors = {
        "sensor",
        "--url",
        fmt::format("mqtts://localhost:{}", secure_port_),
        "--topic",
        "sensors/{n}",
        "--payload",
        R"({"temp": {sequence}, "dh": "{time_us}"})",
        "--count",
        "5",
        "--messages",
        "300",
        "--full-speed",
    };
    Arguments strangers = sensors;
    strangers.insert(strangers.end(), {"--cafile", path("certs/ca.crt"), "--duration", "1s"});
    const Outcome refused = foz_.run(std::move(strangers));
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_TRUE(refused.says("certificate")) << refused;
    const Arguments identity = as("esp32-1");
    sensors.insert(sensors.end(), identity.begin(), identity.end());
    const Outcome published = foz_.run(std::move(sensors));
    EXPECT_EQ(published.exit_code, 0) << published;
    EXPECT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "1500")) << foz_.log();
}

TEST_F(ListenerLocksTest, ADeviceWithoutACertificateIsNamedInTheLog) {
    start(tls_with_clients());
    EXPECT_NE(publish({"--cafile", path("certs/ca.crt")}), 0);
    EXPECT_TRUE(log_says("showed no certificate")) << foz_.log();
}

TEST_F(ListenerLocksTest, PlainTextOnTheTlsPortIsNamedInTheLog) {
    start(tls());
    EXPECT_NE(publish({}), 0);
    EXPECT_TRUE(log_says("plain MQTT on a TLS listener")) << foz_.log();
}

TEST_F(ListenerLocksTest, TlsOnAPortWithoutItIsNamedInTheLog) {
    start("");
    EXPECT_NE(publish({"--cafile", path("certs/ca.crt")}), 0);
    EXPECT_TRUE(log_says("TLS on a listener without it")) << foz_.log();
}

TEST_F(ListenerLocksTest, ARevokedDeviceIsOutAfterSighupAndOthersStayIn) {
    start(tls_with_clients());
    EXPECT_EQ(publish(as("esp32-2")), 0) << foz_.log();
    run({"certs", "revoke", "esp32-2"});
    foz_.send(SIGHUP);
    EXPECT_TRUE(support::wait_until([&] { return publish(as("esp32-2")) != 0; })) << foz_.log();
    EXPECT_TRUE(log_says("\"esp32-2\"")) << foz_.log();
    EXPECT_TRUE(log_says("was revoked by its CA")) << foz_.log();
    EXPECT_EQ(publish(as("esp32-1")), 0) << foz_.log();
}

TEST_F(ListenerLocksTest, ABrokenCertificateAtSighupLeavesTheOldOneInForce) {
    start(tls_with_clients());
    foz_.write("certs/servers/localhost.crt", "broken");
    foz_.send(SIGHUP);
    EXPECT_TRUE(log_says("is not PEM")) << foz_.log();
    EXPECT_EQ(publish(as("esp32-1")), 0) << foz_.log();
}

TEST_F(ListenerLocksTest, APasswordOpensAListenerThatHasAPasswordFile) {
    start("password_file = \"passwords\"\n" + tls());
    const std::string ca = path("certs/ca.crt");
    EXPECT_EQ(publish({"--cafile", ca, "-u", "ana", "-P", "secret"}), 0) << foz_.log();
    EXPECT_NE(publish({"--cafile", ca, "-u", "ana", "-P", "wrong"}), 0);
    EXPECT_NE(publish({"--cafile", ca, "-u", "bob", "-P", "secret"}), 0);
    EXPECT_NE(publish({"--cafile", ca}), 0) << "anonymous";
    EXPECT_TRUE(log_says(R"(wrong password, or no such user: "ana")")) << foz_.log();
    ASSERT_EQ(shell("echo other | $FOZ passwd passwords ana --iterations 1000"), 0);
    foz_.send(SIGHUP);
    EXPECT_TRUE(support::wait_until([&] {
        return publish({"--cafile", ca, "-u", "ana", "-P", "other"}) == 0;
    })) << foz_.log();
    EXPECT_NE(publish({"--cafile", ca, "-u", "ana", "-P", "secret"}), 0);
}

TEST_F(ListenerLocksTest, WithBothACertificateOrAPasswordWillDo) {
    start("password_file = \"passwords\"\n" +
            tls(", client_ca = \"certs/ca.crt\", client_certificate = \"optional\""));
    const std::string ca = path("certs/ca.crt");
    EXPECT_EQ(publish(as("esp32-1")), 0) << foz_.log();
    EXPECT_EQ(publish({"--cafile", ca, "-u", "ana", "-P", "secret"}), 0) << foz_.log();
    EXPECT_NE(publish({"--cafile", ca}), 0);
}

}  // namespace
}  // namespace foz::end_to_end
