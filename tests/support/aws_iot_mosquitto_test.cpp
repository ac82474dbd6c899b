// SPDX-License-Identifier: Apache-2.0
// AwsIotStandIn with real clients: mosquitto_pub, mosquitto_sub and a Mosquitto that bridges.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/aws_iot_stand_in.h"
#include "tests/support/child_process.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

std::filesystem::path example(std::string_view name) {
    return std::filesystem::path(FOZ_EXAMPLES) / "aws-iot-core" / name;
}

/// Everywhere in `text`.
void put(std::string& text, const std::string& usual, const std::string& here) {
    for (std::size_t at = 0; (at = text.find(usual, at)) != std::string::npos;) {
        text.replace(at, usual.size(), here);
    }
}

class AwsIotMosquitto : public testing::Test {
  protected:
    void start(const AwsIotOptions& options = {}) {
        server = std::make_unique<AwsIotStandIn>(options);
        const std::string certificate = server->authority().device("device");
        // The names under which AWS hands them out.
        std::filesystem::copy(server->authority().ca(), directory / "AmazonRootCA1.pem");
        std::filesystem::copy(certificate, directory / "cert.crt");
        std::filesystem::copy(key_of(certificate), directory / "private.pem.key");
    }

    [[nodiscard]] std::vector<std::string> command(const std::string& program, std::uint16_t port,
            const std::vector<std::string>& more) const {
        std::vector<std::string> words = {
            program,
            "-h",
            "localhost",
            "-p",
            std::to_string(port),
            "--cafile",
            (directory / "AmazonRootCA1.pem").string(),
            "--cert",
            (directory / "cert.crt").string(),
            "--key",
            (directory / "private.pem.key").string(),
            "-q",
            "1",
        };
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    /// Of a command that runs to its end.
    int exit_code(const std::vector<std::string>& words) const {
        ChildProcess process({.command = words, .user = "", .output = directory / "output"});
        return process.wait(std::chrono::seconds(20)).value_or(-1);
    }

    [[nodiscard]] bool connected(const std::string& client_id) const {
        const auto session = server->session(client_id);
        return session && session->connected;
    }

    TemporaryDirectory directory;
    std::unique_ptr<AwsIotStandIn> server;
};

TEST_F(AwsIotMosquitto, publishes_over_both_ports_in_both_versions) {
    start();
    for (const std::string version : {"mqttv311", "mqttv5"}) {
        const std::vector<std::string> message = {
            "-V", version, "-i", "pub", "-t", "esp32/pub", "-m", version};
        EXPECT_EQ(exit_code(command("mosquitto_pub", server->port(), message)), 0);
        auto with_alpn = message;
        with_alpn.insert(with_alpn.end(), {"--tls-alpn", "x-amzn-mqtt-ca"});
        EXPECT_EQ(exit_code(command("mosquitto_pub", server->alpn_port(), with_alpn)), 0);
        EXPECT_NE(exit_code(command("mosquitto_pub", server->alpn_port(), message)), 0);
    }
    std::vector<std::string> payloads;
    for (const AwsIotMessage& message : server->received()) {
        payloads.push_back(message.payload);
    }
    EXPECT_EQ(payloads, (std::vector<std::string>{"mqttv311", "mqttv311", "mqttv5", "mqttv5"}));
}

TEST_F(AwsIotMosquitto, is_disconnected_for_qos_2_and_large_payloads) {
    start();
    EXPECT_NE(exit_code(command("mosquitto_pub", server->port(),
                      {"-q", "2", "-i", "a", "-t", "esp32/pub", "-m", "x"})),
            0);
    std::ofstream(directory / "large") << std::string((128 << 10) + 1, 'x');
    // It reconnects and tries again for ever.
    ChildProcess large({
        .command = command("mosquitto_pub", server->port(),
                {"-i", "b", "-t", "esp32/pub", "-f", (directory / "large").string()}),
        .user = "",
        .output = directory / "output",
    });
    EXPECT_TRUE(wait_until([&] {
        const auto refusals = server->refusals();
        return !refusals.empty() && refusals.back().reason == "packet too large";
    }));
    EXPECT_TRUE(server->received().empty());
}

TEST_F(AwsIotMosquitto, gets_what_was_stored_for_its_session) {
    start();
    const std::vector<std::string> session = {"-i", "sub", "-c", "-V", "mqttv311", "-t", "esp32/#"};
    {
        ChildProcess first({
            .command = command("mosquitto_sub", server->port(), session),
            .user = "",
            .output = directory / "first",
        });
        ASSERT_TRUE(wait_until([&] {
            const auto there = server->session("sub");
            return there && there->filters == std::vector<std::string>{"esp32/#"};
        }));
    }
    ASSERT_TRUE(wait_until([&] { return !connected("sub"); }));
    for (const char* payload : {"one", "two", "three"}) {
        server->publish("esp32/pub", payload);
    }
    auto three = session;
    three.insert(three.end(), {"-C", "3"});
    EXPECT_EQ(exit_code(command("mosquitto_sub", server->port(), three)), 0);
    EXPECT_EQ(content_of(directory / "output"), "one\ntwo\nthree\n");
}

TEST_F(AwsIotMosquitto, bridges_as_in_the_example) {
    start({.policies = {aws_iot_policy_from(example("bridge-policy.json"), "device")}});
    std::string section = content_of(example("mosquitto-bridge.conf"));
    put(section, "CODE-ats.iot.us-east-1.amazonaws.com:8883",
            "localhost:" + std::to_string(server->port()));
    put(section, "/etc/mosquitto/certs", directory.path().string());
    MosquittoBroker broker({.persistence = false, .configuration = section});
    broker.start();
    ASSERT_TRUE(wait_until([&] { return connected("bridge-1"); })) << broker.log();
    run_to_end({"mosquitto_pub", "-p", std::to_string(broker.port()), "-q", "1", "-t", "esp32/pub",
        "-m", R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})"});
    const auto message = server->wait_for_publish("esp32/pub").value_or(AwsIotMessage{});
    EXPECT_EQ(message.client_id, "bridge-1") << broker.log();
    EXPECT_EQ(message.qos, 1);
    EXPECT_TRUE(server->refusals().empty()) << server->refusals().front().reason;
}

TEST_F(AwsIotMosquitto, reads_with_the_policy_of_the_example) {
    start({.policies = {aws_iot_policy_from(example("policy.json"), "device")}});
    ChildProcess reader({
        .command = command("mosquitto_sub", server->port(),
                {"-i", "foz-1", "-c", "-t", "esp32/pub", "-C", "1"}),
        .user = "",
        .output = directory / "read",
    });
    ASSERT_TRUE(wait_until([&] {
        const auto session = server->session("foz-1");
        return session && session->filters == std::vector<std::string>{"esp32/pub"};
    }));
    server->publish("esp32/pub", "23.5");
    EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0);
    EXPECT_EQ(content_of(directory / "read"), "23.5\n");
    EXPECT_NE(exit_code(command(
                      "mosquitto_pub", server->port(), {"-i", "other", "-t", "a", "-m", "x"})),
            0);
}

}  // namespace
}  // namespace foz::support
