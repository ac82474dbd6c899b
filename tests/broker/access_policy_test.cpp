// SPDX-License-Identifier: Apache-2.0
// Who is let in, over real sockets: passwords, TLS, certificates, and reading the files again.
#include "broker/access_policy.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "access/password_file.h"
#include "broker/broker.h"
#include "mqtt/encoder.h"
#include "tests/broker/raw_client.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::broker {
namespace {

constexpr std::uint32_t kFewIterations = 10;  // quick; the format is the same

const std::string kAccepted("\x20\x02\x00\x00", 4);
const std::string kWrongPassword("\x20\x02\x00\x04", 4);
const std::string kNotAuthorized("\x20\x02\x00\x05", 4);

std::string connect_with(std::optional<std::string_view> user_name = {},
        std::optional<std::string_view> password = {}) {
    mqtt::Connect connect;
    connect.client_id = "device";
    connect.user_name = user_name;
    connect.password = password;
    std::string bytes;
    mqtt::append_connect(bytes, connect);
    return bytes;
}

class AccessPolicyTest : public testing::Test {
  protected:
    void SetUp() override {
        write_passwords({{"esp32", "secret"}});
        listener_ = {.name = "test", .address = "127.0.0.1:0"};
        listener_.password_file = (directory_ / "passwd").string();
    }

    void write_passwords(const std::vector<std::pair<std::string, std::string>>& users,
            std::uint32_t iterations = kFewIterations) {
        std::string content;
        for (const auto& [name, password] : users) {
            content = access::with_password(content, name, password, iterations).value();
        }
        std::ofstream(directory_ / "passwd") << content;
    }

    void start() {
        journal_ = journal::local::open_or_fail(
                real_file_system(), {.directory = directory_ / "journal",
                                        .segment_bytes = 1 << 20,
                                        .free_space_min = 0});
        ASSERT_TRUE(journal_);
        config::Settings settings;
        settings.listeners = {listener_};
        settings.reactors = 1;
        auto broker = Broker::start(settings, *journal_, {}, real_clock());
        ASSERT_TRUE(broker) << broker.error().message;
        broker_ = *std::move(broker);
    }

    /// What the server answers to a CONNECT.
    std::string answer(const std::string& connect) {
        RawClient client(broker_->listeners().front()->port());
        client.send(connect);
        return client.receive(kAccepted.size());
    }

    support::TemporaryDirectory directory_;
    config::Listener listener_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<Broker> broker_;
};

TEST_F(AccessPolicyTest, the_right_password_opens_and_is_remembered) {
    start();
    EXPECT_EQ(answer(connect_with("esp32", "secret")), kAccepted);
    EXPECT_EQ(answer(connect_with("esp32", "secret")), kAccepted);
}

TEST_F(AccessPolicyTest, a_wrong_password_an_unknown_name_and_no_password_do_not) {
    start();
    EXPECT_EQ(answer(connect_with("esp32", "Secret")), kWrongPassword);
    EXPECT_EQ(answer(connect_with("esp33", "secret")), kWrongPassword);
    EXPECT_EQ(answer(connect_with("esp32")), kWrongPassword);
    EXPECT_EQ(broker_->status().connections_refused, 3U);
}

TEST_F(AccessPolicyTest, without_a_name_only_an_anonymous_listener_lets_in) {
    start();
    EXPECT_EQ(answer(connect_with()), kNotAuthorized);
    broker_.reset();
    journal_.reset();
    listener_.allow_anonymous = true;
    start();
    EXPECT_EQ(answer(connect_with()), kAccepted);
    EXPECT_EQ(answer(connect_with("esp32", "wrong")), kWrongPassword);
}

TEST_F(AccessPolicyTest, a_refused_client_does_not_take_a_session_over) {
    start();
    RawClient device(broker_->listeners().front()->port());
    device.send(connect_with("esp32", "secret"));
    ASSERT_EQ(device.receive(kAccepted.size()), kAccepted);
    EXPECT_EQ(answer(connect_with("esp32", "guess")), kWrongPassword);
    device.send(std::string("\xC0\x00", 2));
    EXPECT_EQ(device.receive(2), std::string("\xD0\x00", 2)) << "PINGRESP: it is still there";
}

TEST_F(AccessPolicyTest, a_client_is_not_read_from_while_its_password_is_checked) {
    constexpr std::uint32_t kAboutASecond = 1'000'000;
    write_passwords({{"esp32", "secret"}}, kAboutASecond);
    start();
    RawClient stranger(broker_->listeners().front()->port());
    stranger.send(connect_with("esp32", "guess") + "\x30\xFF\xFF\xFF\x7F");  // a long packet
    constexpr std::size_t kPieces = 64;
    std::atomic<std::size_t> sent = 0;
    std::thread sender([&] {
        const std::string piece(1 << 18, '\0');
        while (sent < kPieces && stranger.send(piece)) {
            ++sent;
        }
    });
    EXPECT_EQ(stranger.receive(kWrongPassword.size()), kWrongPassword);
    EXPECT_LT(sent, kPieces) << "what the sockets hold, and no more";
    broker_.reset();
    sender.join();
}

TEST_F(AccessPolicyTest,
        a_reading_is_kept_though_its_device_hangs_up_while_its_password_is_checked) {
    write_passwords({{"esp32", "secret"}}, 200'000);
    start();
    const std::string publish("\x30\x04\x00\x01t1", 6);
    {
        const RawClient at_once(broker_->listeners().front()->port());
        at_once.send(connect_with("esp32", "secret") + publish);
    }
    {
        const RawClient later(broker_->listeners().front()->port());
        later.send(connect_with("esp32", "secret"));
        ASSERT_TRUE(support::wait_until([&] { return broker_->status().connections_total == 2; }));
        later.send(publish);
    }
    EXPECT_TRUE(support::wait_until([&] { return broker_->status().messages == 2; }))
            << broker_->status().messages;
    EXPECT_TRUE(support::wait_until([&] { return broker_->status().connections == 0; }));
}

TEST_F(AccessPolicyTest, a_reading_of_one_that_hung_up_with_a_wrong_password_is_not_kept) {
    start();
    {
        const RawClient stranger(broker_->listeners().front()->port());
        stranger.send(connect_with("esp32", "guess") + std::string("\x30\x04\x00\x01t1", 6));
    }
    EXPECT_TRUE(support::wait_until([&] { return broker_->status().connections_refused == 1; }));
    EXPECT_EQ(broker_->status().messages, 0U);
}

TEST_F(AccessPolicyTest, a_check_for_a_connection_that_is_gone_is_not_made) {
    write_passwords({{"esp32", "secret"}}, 200'000);
    start();
    for (int i = 0; i < 50; ++i) {
        const RawClient gone(broker_->listeners().front()->port());
        gone.send(connect_with("esp32", fmt::format("guess {}", i)));
    }
    EXPECT_TRUE(support::wait_until([&] {
        const auto status = broker_->status();
        return status.connections_total == 50 && status.connections <= 1;
    }));
    EXPECT_EQ(answer(connect_with("esp32", "secret")), kAccepted) << "soon, not after 50 checks";
}

TEST_F(AccessPolicyTest, the_password_file_is_read_again_and_a_broken_one_leaves_the_old_in_force) {
    start();
    write_passwords({{"esp32", "new"}});
    EXPECT_EQ(answer(connect_with("esp32", "secret")), kAccepted) << "not read again yet";
    broker_->reload();
    EXPECT_EQ(answer(connect_with("esp32", "secret")), kWrongPassword);
    EXPECT_EQ(answer(connect_with("esp32", "new")), kAccepted);
    std::ofstream(directory_ / "passwd") << "esp32:not a hash\n";
    broker_->reload();
    EXPECT_EQ(answer(connect_with("esp32", "new")), kAccepted);
}

TEST_F(AccessPolicyTest, a_broken_password_file_is_an_error_at_the_start) {
    std::ofstream(directory_ / "passwd") << "esp32\n";
    const auto policy = AccessPolicy::open(listener_, real_clock().system_now());
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().message.find("listener test: "), std::string::npos)
            << policy.error().message;
}

}  // namespace
}  // namespace foz::broker
