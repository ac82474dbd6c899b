// SPDX-License-Identifier: Apache-2.0
// A Link with a real Mosquitto at the other end, and what a person is told when there is none.
#include "client/link.h"

#include <future>
#include <mutex>

#include <gtest/gtest.h>

#include "tests/support/mosquitto_broker.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/test_authority.h"
#include "tests/support/wait_until.h"

namespace foz::client {
namespace {

using support::wait_until;

/// A link and one who uses it, on a loop of their own.
class LinkUnderTest final : public LinkUser {
  public:
    explicit LinkUnderTest(
            std::string url, const std::function<void(config::Remote&, SessionTerms&)>& adapt =
                                     [](config::Remote&, SessionTerms&) {}) {
        config::Remote remote;
        remote.name = "test";
        remote.url = std::move(url);
        remote.client_id = "foz-test";
        remote.retry_delay_max = std::chrono::milliseconds(200);
        auto terms = session_terms(remote);
        terms->filters = {{.filter = "t/#", .qos = 2}};
        adapt(remote, *terms);
        link_ = std::make_unique<Link>(loop_,
                Link::Options{.log_name = "source test", .remote = remote, .terms = *terms},
                std::make_shared<session::Session>("$source/test", session::kNeverExpires), *this,
                real_clock());
        loop_.post([this] { link_->start(); });
    }
    ~LinkUnderTest() override { loop_.stop(); }

    [[nodiscard]] LinkStatus status() const { return link_->status(); }
    [[nodiscard]] bool becomes_ready(std::uint64_t times = 1) {
        return wait_until([&] { return status().connections >= times; });
    }
    /// Waits for the first failure of that kind.
    [[nodiscard]] std::string fails_with(Cause cause) {
        const bool failed = wait_until([&] { return has_failed_with(cause); });
        const auto error = status().error;
        return failed ? error->message
                      : fmt::format("(it did not) {}", error ? error->message : "no error at all");
    }
    [[nodiscard]] bool has_failed_with(Cause cause) const {
        const auto error = status().error;
        return error && error->cause == cause;
    }
    [[nodiscard]] bool resumed() {
        bool present = false;
        loop_.run([&] { present = link_->protocol().session_present(); });
        return present;
    }
    void publish(std::string_view topic, std::string_view payload, std::uint8_t qos) {
        loop_.run([&] {
            if (link_->has_capacity()) {
                link_->publish(
                        {.message = {.topic = topic, .payload = payload, .qos = qos}, .tag = 1});
                link_->flush();
            }
        });
    }
    void stop() {
        std::promise<void> stopped;
        loop_.post([&] { link_->stop([&] { stopped.set_value(); }); });
        stopped.get_future().wait();
    }
    [[nodiscard]] std::vector<std::string> payloads() const {
        const std::scoped_lock lock(mutex_);
        return payloads_;
    }
    [[nodiscard]] bool receives(std::size_t count) const {
        return wait_until([&] { return payloads().size() >= count; });
    }

  private:
    void on_session(bool) override {}
    void on_message(const mqtt::Publish& message) override {
        const std::scoped_lock lock(mutex_);
        payloads_.emplace_back(message.payload);
    }
    void on_release(std::uint16_t) override {}
    void on_answer_due(Answer answer) override { link_->acknowledge(answer); }
    void on_delivered(std::uint64_t, mqtt::ReasonCode) override {}
    void on_ready() override {}
    void on_read_end() override {}
    void on_writable() override {}
    void on_lost(const LinkFailure&) override {}

    mutable std::mutex mutex_;
    std::vector<std::string> payloads_;  // guarded by mutex_
    Loop loop_{"test"};
    std::unique_ptr<Link> link_;
};

std::string tcp(std::uint16_t port) {
    return fmt::format("mqtt://127.0.0.1:{}", port);
}

/// `text` for one thing, and that it says what it should.
void expect_says(const std::string& message, std::string_view text) {
    EXPECT_NE(message.find(text), std::string::npos) << message;
}

TEST(Link, carries_messages_of_every_qos_both_ways) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    for (const std::string_view version : {"3.1.1", "5"}) {
        LinkUnderTest link(tcp(mosquitto.port()), [&](config::Remote&, SessionTerms& terms) {
            terms.version =
                    version == "5" ? mqtt::ProtocolVersion::v5 : mqtt::ProtocolVersion::v3_1_1;
        });
        ASSERT_TRUE(link.becomes_ready());
        for (std::uint8_t qos = 0; qos <= 2; ++qos) {
            link.publish("t/a", std::to_string(qos), qos);
            ASSERT_TRUE(link.receives(qos + 1U));
        }
        EXPECT_EQ(link.payloads(), (std::vector<std::string>{"0", "1", "2"}));
        link.stop();
        EXPECT_EQ(link.status().state, LinkState::stopped);
    }
}

TEST(Link, carries_a_message_of_many_reads) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    LinkUnderTest link(tcp(mosquitto.port()));
    ASSERT_TRUE(link.becomes_ready());
    const std::string large(3 << 20, 'x');
    link.publish("t/a", large, 1);
    link.publish("t/a", "small", 1);
    ASSERT_TRUE(link.receives(2));
    EXPECT_EQ(link.payloads(), (std::vector<std::string>{large, "small"}));
}

TEST(Link, comes_back_when_the_broker_does_and_takes_up_its_session) {
    support::MosquittoBroker mosquitto({.persistence = true, .configuration = ""});
    mosquitto.start();
    LinkUnderTest link(tcp(mosquitto.port()));
    ASSERT_TRUE(link.becomes_ready());
    mosquitto.stop();
    expect_says(link.fails_with(Cause::refused), "nobody listens on");
    mosquitto.start();
    ASSERT_TRUE(link.becomes_ready(2));
    EXPECT_TRUE(link.resumed());
    mosquitto.kill_9();
    mosquitto.start();
    ASSERT_TRUE(link.becomes_ready(3));
    link.publish("t/a", "again", 1);
    EXPECT_TRUE(link.receives(1));
}

TEST(Link, names_the_name_that_cannot_be_resolved) {
    LinkUnderTest link("mqtt://no-such-host.invalid:1883");
    expect_says(link.fails_with(Cause::name_not_resolved),
            "\"no-such-host.invalid\" cannot be resolved");
}

TEST(Link, says_that_a_password_is_wrong) {
    support::TemporaryDirectory directory;
    const std::string passwords = (directory / "passwords").string();
    support::run_to_end({"mosquitto_passwd", "-c", "-b", passwords, "foz", "right"});
    support::MosquittoBroker mosquitto(
            {.persistence = false, .configuration = "password_file " + passwords});
    mosquitto.start();
    const auto with_password = [](std::string password) {
        return [password](config::Remote&, SessionTerms& terms) {
            terms.user_name = "foz";
            terms.password = password;
            terms.version = mqtt::ProtocolVersion::v3_1_1;
        };
    };
    LinkUnderTest wrong(tcp(mosquitto.port()), with_password("wrong"));
    // Mosquitto does not tell it apart from "not authorised" in MQTT 3.1.1.
    EXPECT_TRUE(wait_until([&] {
        return wrong.has_failed_with(Cause::not_authorized) ||
               wrong.has_failed_with(Cause::bad_credentials);
    }));
    LinkUnderTest right(tcp(mosquitto.port()), with_password("right"));
    EXPECT_TRUE(right.becomes_ready());
}

TEST(Link, recognises_another_client_with_its_id) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    for (const auto version : {mqtt::ProtocolVersion::v3_1_1, mqtt::ProtocolVersion::v5}) {
        const auto adapt = [version](config::Remote&, SessionTerms& terms) {
            terms.version = version;
        };
        LinkUnderTest one(tcp(mosquitto.port()), adapt);
        LinkUnderTest other(tcp(mosquitto.port()), adapt);
        EXPECT_TRUE(wait_until([&] {
            return one.has_failed_with(Cause::taken_over) ||
                   other.has_failed_with(Cause::taken_over);
        }));
    }
}

TEST(Link, does_not_hammer_a_broker_that_accepts_and_drops) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    support::TcpProxy proxy(mosquitto.port());
    proxy.refuse(true);
    LinkUnderTest link(tcp(proxy.port()), [](config::Remote& remote, SessionTerms&) {
        remote.retry_delay_max = std::chrono::seconds(60);
    });
    expect_says(link.fails_with(Cause::lost), "before the broker had answered CONNECT");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(wait_until([&] { return link.status().attempts >= 5; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
    proxy.refuse(false);
    EXPECT_TRUE(link.becomes_ready());
}

TEST(Link, gives_a_broker_up_that_does_not_answer) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    support::TcpProxy proxy(mosquitto.port());
    proxy.black_hole(true);
    LinkUnderTest link(tcp(proxy.port()), [](config::Remote& remote, SessionTerms& terms) {
        remote.connect_timeout = std::chrono::milliseconds(200);
        terms.keep_alive = std::chrono::seconds(1);
    });
    expect_says(link.fails_with(Cause::unreachable), "waiting for the broker's answer to CONNECT");
    proxy.black_hole(false);
    ASSERT_TRUE(link.becomes_ready());
    proxy.black_hole(true);
    expect_says(link.fails_with(Cause::silent), "not even to a PINGREQ");
}

TEST(Link, speaks_websocket) {
    const std::uint16_t port = support::free_port();
    support::MosquittoBroker mosquitto({.persistence = false,
        .configuration = fmt::format("listener {} 127.0.0.1\nprotocol websockets", port)});
    mosquitto.start();
    LinkUnderTest link(fmt::format("ws://127.0.0.1:{}/mqtt", port));
    ASSERT_TRUE(link.becomes_ready()) << mosquitto.log();
    link.publish("t/a", std::string(200'000, 'x'), 2);
    link.publish("t/a", "2", 2);
    EXPECT_TRUE(link.receives(2));
    mosquitto.stop();
    expect_says(link.fails_with(Cause::lost), "closed the connection");
}

TEST(Link, says_that_there_is_no_websocket) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    LinkUnderTest link(fmt::format("ws://127.0.0.1:{}", mosquitto.port()));
    expect_says(link.fails_with(Cause::websocket), "WebSocket");
}

/// A Mosquitto that speaks TLS, with a certificate for localhost.
class LinkOverTls : public testing::Test {
  protected:
    void start_mosquitto(const std::string& certificate, std::string_view rest = "") {
        mosquitto_ = std::make_unique<support::MosquittoBroker>(support::MosquittoOptions{
            .persistence = false,
            .configuration = fmt::format("listener {} 127.0.0.1\ncertfile {}\nkeyfile {}\n{}",
                    tls_port_, certificate, support::key_of(certificate), rest),
        });
        mosquitto_->start();
    }
    [[nodiscard]] std::string url(std::string_view scheme = "mqtts") const {
        return fmt::format("{}://localhost:{}", scheme, tls_port_);
    }
    [[nodiscard]] static auto trusting(const std::string& ca) {
        return [ca](config::Remote& remote, SessionTerms&) { remote.tls.emplace().ca = ca; };
    }

    support::TestAuthority authority_;
    std::uint16_t tls_port_ = support::free_port();
    std::unique_ptr<support::MosquittoBroker> mosquitto_;
};

TEST_F(LinkOverTls, carries_messages_with_a_client_certificate) {
    start_mosquitto(authority_.server({"localhost"}),
            fmt::format("cafile {}\nrequire_certificate true", authority_.ca()));
    LinkUnderTest link(url(), [&](config::Remote& remote, SessionTerms&) {
        remote.tls = authority_.client_tls(authority_.device("foz"));
    });
    ASSERT_TRUE(link.becomes_ready()) << mosquitto_->log();
    link.publish("t/a", std::string(200'000, 'x'), 2);
    EXPECT_TRUE(link.receives(1));

    LinkUnderTest without(url(), trusting(authority_.ca()));
    expect_says(without.fails_with(Cause::tls), "client certificate");
}

TEST_F(LinkOverTls, speaks_websocket) {
    start_mosquitto(authority_.server({"localhost"}), "protocol websockets");
    LinkUnderTest link(url("wss"), trusting(authority_.ca()));
    ASSERT_TRUE(link.becomes_ready()) << mosquitto_->log();
    link.publish("t/a", std::string(200'000, 'x'), 2);
    link.publish("t/a", "2", 2);
    EXPECT_TRUE(link.receives(2));
    mosquitto_->stop();
    expect_says(link.fails_with(Cause::lost), "closed the connection");
}

TEST_F(LinkOverTls, says_what_is_wrong_with_the_brokers_certificate) {
    start_mosquitto(authority_.server({"other.example"}));
    LinkUnderTest wrong_host(url(), trusting(authority_.ca()));
    expect_says(wrong_host.fails_with(Cause::tls), "localhost");

    const support::TestAuthority stranger("stranger");
    LinkUnderTest wrong_ca(url(), trusting(stranger.ca()));
    expect_says(wrong_ca.fails_with(Cause::tls), "trust");
}

TEST_F(LinkOverTls, says_when_one_side_speaks_tls_and_the_other_does_not) {
    start_mosquitto(authority_.server({"localhost"}));
    LinkUnderTest tls_to_plain(
            fmt::format("mqtts://localhost:{}", mosquitto_->port()), trusting(authority_.ca()));
    EXPECT_TRUE(wait_until([&] { return tls_to_plain.has_failed_with(Cause::tls); }));
    LinkUnderTest plain_to_tls(url("mqtt"));
    EXPECT_TRUE(wait_until([&] {
        return plain_to_tls.has_failed_with(Cause::not_mqtt) ||
               plain_to_tls.has_failed_with(Cause::lost);
    }));
}

TEST_F(LinkOverTls, names_the_file_that_cannot_be_read) {
    LinkUnderTest link(url(), trusting("/nowhere/ca.crt"));
    expect_says(link.fails_with(Cause::configuration), "/nowhere/ca.crt");
}

}  // namespace
}  // namespace foz::client
