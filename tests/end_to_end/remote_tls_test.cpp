// SPDX-License-Identifier: Apache-2.0
// What a person is told when foz and a broker do not come together over TLS: one message, the same
// in the log of `foz run` and from `foz check --connect`. The brokers are Mosquitto, and
// `openssl s_server` for what Mosquitto cannot do.
#include <algorithm>
#include <ranges>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/test_authority.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

using support::key_of;
using support::TestAuthority;
using support::wait_until;
using Lines = std::vector<std::string>;

/// The lines of `text` with `word` in them.
Lines lines_with(std::string_view word, const std::string& text) {
    Lines found;
    for (const auto line : std::views::split(text, '\n')) {
        const std::string_view one(line.begin(), line.end());
        if (one.find(word) != std::string_view::npos) {
            found.emplace_back(one);
        }
    }
    return found;
}

/// The value of `tls` in a configuration.
std::string written(const config::ClientTls& tls) {
    std::string text;
    const auto add = [&](std::string_view key, const std::optional<std::string>& value) {
        if (value) {
            text += fmt::format("{}{} = \"{}\"", text.empty() ? "" : ", ", key, *value);
        }
    };
    add("ca", tls.ca);
    add("certificate", tls.certificate);
    add("key", tls.key);
    add("crl", tls.crl);
    for (const std::string& protocol : tls.alpn) {
        text += fmt::format(", alpn = [\"{}\"]", protocol);
    }
    return "tls = { " + text + " }";
}

class RemoteTls : public testing::Test {
  protected:
    /// A Mosquitto with a listener at port() that has this certificate, and one without TLS.
    void start_mosquitto(const std::string& certificate, std::string_view more = "") {
        mosquitto_ = std::make_unique<support::MosquittoBroker>(support::MosquittoOptions{
            .persistence = false,
            .configuration = fmt::format("listener {} 127.0.0.1\ncertfile {}\nkeyfile {}\n{}",
                    port_, certificate, key_of(certificate), more),
        });
        mosquitto_->start();
        ASSERT_TRUE(wait_until([&] { return support::accepts_connections(port_); }));
    }
    /// One that wants certificates of the clients.
    void start_strict_mosquitto() {
        start_mosquitto(ca_.server({"localhost"}),
                fmt::format(
                        "cafile {}\ncrlfile {}\nrequire_certificate true\n", ca_.ca(), ca_.crl()));
    }
    void start_openssl(const std::string& certificate, const std::vector<std::string>& more) {
        std::vector<std::string> command = {
            "openssl",
            "s_server",
            "-quiet",
            "-accept",
            fmt::format("127.0.0.1:{}", port_),
            "-cert",
            certificate,
            "-key",
            key_of(certificate),
        };
        command.insert(command.end(), more.begin(), more.end());
        openssl_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
            .command = command, .user = "", .output = foz_.path("openssl.log")});
        ASSERT_TRUE(wait_until([&] { return support::accepts_connections(port_); }));
    }

    void configure(const std::string& url, const std::optional<config::ClientTls>& tls) {
        foz_.configure(
                fmt::format("[source.plant]\nurl = \"{}\"\nretry_delay_max = \"100ms\"\nsubscribe "
                            "= [\"sensors/#\"]\n{}\n{}",
                        url, tls ? written(*tls) : "", kReadings));
    }
    [[nodiscard]] std::string url(std::string_view scheme = "mqtts") const {
        return fmt::format("{}://localhost:{}", scheme, port_);
    }

    /// What `foz check --connect` says is wrong, which is one thing.
    std::string check_says() {
        const Outcome checked = foz_.run_configured({"check", "--connect"});
        EXPECT_EQ(checked.exit_code, 1) << checked;
        const Lines errors = lines_with("error  ", checked.output);
        EXPECT_EQ(errors.size(), 1U) << checked;
        EXPECT_TRUE(lines_with("ok  ", checked.output).size() >= 3) << checked;
        return errors.empty() ? "" : errors.front();
    }
    /// What the log of `foz run` says about the source after some attempts, which is one thing.
    std::string log_says() {
        foz_.start();
        const auto lines = [this] { return lines_with("source plant: not connected", foz_.log()); };
        EXPECT_TRUE(wait_until([&] { return !lines().empty(); })) << foz_.log();
        EXPECT_EQ(foz_.stop(), 0);
        EXPECT_EQ(lines().size(), 1U) << "the same is not said again at once\n" << foz_.log();
        return lines().empty() ? "" : lines().front();
    }
    /// Both have all of this.
    void expect_said(const Lines& parts) {
        for (const std::string& message : {check_says(), log_says()}) {
            for (const std::string& part : parts) {
                EXPECT_NE(message.find(part), std::string::npos) << part << "\nis not in\n"
                                                                 << message;
            }
        }
    }

    TestAuthority ca_{"plant CA"};
    std::uint16_t port_ = support::free_port();
    std::unique_ptr<support::MosquittoBroker> mosquitto_;
    std::unique_ptr<support::ChildProcess> openssl_;
    FozUnderTest foz_;
};

TEST_F(RemoteTls, a_wrong_ca_is_named) {
    start_mosquitto(ca_.server({"localhost"}));
    const TestAuthority other("other CA");
    configure(url(), other.client_tls());
    expect_said({
        "the broker's certificate \"localhost\"",
        "comes from the CA \"plant CA\", which is not trusted here: ",
        "set \"ca\" of tls to that CA's certificate",
    });
}

TEST_F(RemoteTls, an_old_ca_of_the_same_name_is_told_apart) {
    start_mosquitto(ca_.server({"localhost"}));
    const TestAuthority old("plant CA");
    configure(url(), old.client_tls());
    expect_said({"the CA \"plant CA\", which is not trusted here (another one of that name is, "
                 "with another key): "});
}

TEST_F(RemoteTls, a_wrong_host_name_is_named_with_the_right_ones) {
    start_mosquitto(ca_.server({"broker.example", "mqtt.example"}));
    configure(url(), ca_.client_tls());
    expect_said({
        "the broker's certificate \"broker.example\"",
        "is for broker.example, mqtt.example, not for localhost: ",
        "server_name of tls",
    });
}

TEST_F(RemoteTls, an_expired_certificate_is_named_with_its_date) {
    start_mosquitto(ca_.server(
            {"localhost"}, {}, {.ago = std::chrono::days(20), .validity = std::chrono::days(10)}));
    configure(url(), ca_.client_tls());
    expect_said({
        "the broker's certificate \"localhost\"",
        "expired on ",
        "10 days ago (this machine's date is ",
        "renew it, or set this machine's clock",
    });
    const Outcome checked = foz_.run_configured({"check", "--connect"});
    EXPECT_EQ(lines_with("seen   source plant: TLS: certificate localhost", checked.output).size(),
            1U)
            << "what has expired is not \"ok\"\n"
            << checked;
}

TEST_F(RemoteTls, a_revoked_certificate_is_named) {
    const std::string certificate = ca_.server({"localhost"});
    start_mosquitto(certificate);
    ca_.revoke("localhost");
    config::ClientTls tls = ca_.client_tls();
    tls.crl = ca_.crl();
    configure(url(), tls);
    expect_said({"the broker's certificate \"localhost\"", "was revoked by its CA: "});
}

TEST_F(RemoteTls, a_key_of_another_certificate_is_named_with_both_files) {
    start_strict_mosquitto();
    const std::string certificate = ca_.device("foz");
    const std::string key = key_of(ca_.device("other"));
    config::ClientTls tls = ca_.client_tls(certificate);
    tls.key = key;
    configure(url(), tls);
    const std::string expected = fmt::format(
            "key {} is not the key of certificate {} (\"foz\"): take the two files that were made "
            "together",
            key, certificate);
    EXPECT_NE(log_says().find(expected), std::string::npos);
    const Outcome checked = foz_.run_configured({"check"});
    EXPECT_EQ(lines_with("error  ", checked.output), Lines{"error  source plant: " + expected})
            << "that needs no connection";
}

TEST_F(RemoteTls, a_broker_that_wants_a_certificate_is_understood) {
    start_strict_mosquitto();
    configure(url(), ca_.client_tls());
    expect_said({"the broker wants a client certificate: set \"certificate\" and \"key\" of tls"});
}

TEST_F(RemoteTls, what_the_broker_says_about_the_clients_certificate_is_passed_on) {
    start_strict_mosquitto();
    TestAuthority other("other CA");
    config::ClientTls tls = other.client_tls(other.device("foz"));
    tls.ca = ca_.ca();
    configure(url(), tls);
    expect_said({"the broker does not trust the CA of foz's client certificate: give "});
}

TEST_F(RemoteTls, a_client_certificate_that_was_revoked_is_named) {
    const std::string certificate = ca_.device("foz");
    ca_.revoke("foz");
    start_strict_mosquitto();
    configure(url(), ca_.client_tls(certificate));
    expect_said({"the broker says that foz's client certificate was revoked: "});
}

TEST_F(RemoteTls, a_client_certificate_is_warned_of_before_it_expires) {
    start_strict_mosquitto();
    configure(url(), ca_.client_tls(ca_.device("foz", {.validity = std::chrono::days(5)})));
    const Outcome checked = foz_.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    const Lines warnings = lines_with("warn  ", checked.output);
    ASSERT_EQ(warnings.size(), 1U) << checked;
    EXPECT_NE(
            warnings.front().find("devices/foz.crt (\"foz\") is valid until "), std::string::npos);
    foz_.start();
    EXPECT_TRUE(wait_until([&] {
        return foz_.log().find("source plant: connected to") != std::string::npos;
    })) << foz_.log();
    EXPECT_EQ(lines_with("is valid until ", foz_.log()).size(), 1U) << foz_.log();
}

TEST_F(RemoteTls, a_broker_of_tls_1_1_is_named) {
    start_openssl(ca_.server({"localhost"}), {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
    configure(url(), ca_.client_tls());
    expect_said({"the broker speaks TLS 1.1 or older, and foz speaks 1.2 and 1.3: update "});
}

TEST_F(RemoteTls, a_port_without_tls_is_recognised) {
    start_mosquitto(ca_.server({"localhost"}));
    configure(fmt::format("mqtts://localhost:{}", mosquitto_->port()), ca_.client_tls());
    expect_said({
        "instead of answering in TLS: is it the right port (MQTT over TLS is mostly on 8883), or ",
        "should the url begin with mqtt://",
    });
}

TEST_F(RemoteTls, a_port_with_tls_is_recognised) {
    start_mosquitto(ca_.server({"localhost"}));
    configure(url("mqtt"), std::nullopt);
    expect_said({
        "the connection ended before the broker had answered CONNECT",
        "is it an MQTT port without TLS (with TLS the url begins with mqtts://)",
    });
}

TEST_F(RemoteTls, a_port_without_websocket_is_recognised) {
    start_mosquitto(ca_.server({"localhost"}));
    configure(url("wss"), ca_.client_tls());
    expect_said({"no WebSocket there (", "(otherwise the url begins with mqtts://)"});
}

TEST_F(RemoteTls, readings_come_over_websocket_in_tls) {
    start_mosquitto(ca_.server({"localhost"}),
            fmt::format("cafile {}\nrequire_certificate true\nprotocol websockets\n", ca_.ca()));
    config::ClientTls tls = ca_.client_tls(ca_.device("foz"));
    tls.alpn = {"http/1.1"};
    configure(url("wss") + "/mqtt", tls);
    const Outcome checked = foz_.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    EXPECT_TRUE(checked.says("source plant: WebSocket: /mqtt")) << checked;
    EXPECT_TRUE(checked.says("source plant: SUBSCRIBE: all granted")) << checked;
    foz_.start();
    ASSERT_TRUE(wait_until([&] {
        return foz_.log().find("source plant: connected to") != std::string::npos;
    })) << foz_.log();
    support::run_to_end({"mosquitto_pub", "-p", std::to_string(mosquitto_->port()), "-q", "1", "-t",
        "sensors/a", "-m", reading(21)});
    EXPECT_TRUE(foz_.becomes("SELECT device, temp FROM readings", "a|21.0")) << foz_.log();
    EXPECT_EQ(foz_.stop(), 0);
}

TEST_F(RemoteTls, a_bridge_is_checked_as_a_source_is) {
    start_mosquitto(ca_.server({"localhost"}));
    const auto bridge = [&](const config::ClientTls& tls) {
        foz_.configure(fmt::format(
                "[bridge.cloud]\nurl = \"{}\"\ntopics = [\"# out 1\"]\n{}\n", url(), written(tls)));
        return foz_.run_configured({"check", "--connect"});
    };
    const Outcome good = bridge(ca_.client_tls());
    EXPECT_EQ(good.exit_code, 0) << good;
    EXPECT_TRUE(good.says("bridge cloud: CONNECT: new session")) << good;
    EXPECT_FALSE(good.says("SUBSCRIBE")) << good;
    const Outcome bad = bridge(TestAuthority("other CA").client_tls());
    EXPECT_EQ(bad.exit_code, 1) << bad;
    EXPECT_TRUE(bad.says("bridge cloud: the broker's certificate \"localhost\"")) << bad;
}

}  // namespace
}  // namespace foz::end_to_end
