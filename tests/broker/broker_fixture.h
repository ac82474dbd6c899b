// SPDX-License-Identifier: Apache-2.0
// A broker over real sockets, with a real journal, and the packets that its clients send.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "broker/broker.h"
#include "delivery/session_recovery.h"
#include "delivery/session_saver.h"
#include "delivery/set_aside.h"
#include "mqtt/encoder.h"
#include "tests/broker/raw_client.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::broker {

inline const std::string kConnackAccepted("\x20\x02\x00\x00", 4);
inline const std::string kConnackSessionPresent("\x20\x02\x01\x00", 4);

[[nodiscard]] inline std::string connect_bytes(
        std::string_view client_id, bool clean = true, std::uint16_t keep_alive = 0) {
    mqtt::Connect connect;
    connect.client_id = client_id;
    connect.clean_start = clean;
    connect.keep_alive_seconds = keep_alive;
    std::string bytes;
    mqtt::append_connect(bytes, connect);
    return bytes;
}

[[nodiscard]] inline std::string publish_bytes(
        std::uint8_t qos, std::uint16_t packet_id, std::string_view payload = "{}") {
    mqtt::Publish publish;
    publish.topic = "esp32/pub";
    publish.payload = payload;
    publish.qos = qos;
    publish.packet_id = packet_id;
    std::string bytes;
    mqtt::append_publish(bytes, publish, mqtt::ProtocolVersion::v3_1_1);
    return bytes;
}

[[nodiscard]] inline std::string ack_bytes(mqtt::PacketType type, std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, type, packet_id);
    return bytes;
}

class BrokerOverSockets : public testing::Test {
  protected:
    void SetUp() override {
        settings_.listeners = {{.name = "test", .address = "127.0.0.1:0"}};
        settings_.reactors = 2;
        start();
    }

    void start() {
        journal_ = journal::local::open_or_fail(
                real_file_system(), {.directory = directory_ / "journal",
                                        .segment_bytes = 1 << 20,
                                        .size_max = journal_max_,
                                        .free_space_min = 0,
                                        .retain_bytes = retain_bytes_});
        ASSERT_TRUE(journal_);
        auto state = state::StateDatabase::open(directory_ / "state.db");
        ASSERT_TRUE(state) << state.error().message;
        state_ = std::move(*state);
        set_aside_ = std::make_unique<delivery::SetAside>(*state_, journal_->status().id);
        auto sessions =
                delivery::recover_sessions(*journal_, *state_, settings_.limits.retained_bytes);
        ASSERT_TRUE(sessions) << sessions.error().message;
        retained_ = sessions->retained;
        auto broker = Broker::start(
                settings_, *journal_, std::move(*sessions), clock(), set_aside_.get());
        ASSERT_TRUE(broker) << broker.error().message;
        broker_ = std::move(*broker);
    }

    /// By which the broker waits; the journal goes by the machine's.
    [[nodiscard]] virtual const Clock& clock() const { return real_clock(); }

    void save_sessions() {
        session::SessionHolder* const holders[] = {broker_.get()};
        delivery::SessionSaver(*journal_, *state_, *set_aside_, real_clock(), retained_)
                .save(holders);
    }

    /// As a crash would: nothing is saved, nobody is told.
    void restart() {
        broker_.reset();
        set_aside_.reset();
        state_.reset();
        journal_.reset();
        start();
    }

    [[nodiscard]] std::uint16_t port() const { return broker_->listeners().front()->port(); }
    [[nodiscard]] bool wait_for_connections(std::uint64_t count) {
        return support::wait_until([&] { return broker_->status().connections == count; });
    }
    [[nodiscard]] std::uint64_t messages_in_journal() {
        std::uint64_t messages = 0;
        const auto reader = journal_->read_from(journal_->status().first).value();
        while (const std::optional<journal::Record> record = reader->next().value()) {
            messages +=
                    record->kind == static_cast<std::uint8_t>(mqtt::RecordKind::message) ? 1 : 0;
        }
        return messages;
    }

    support::TemporaryDirectory directory_;
    config::Settings settings_;
    std::uint64_t journal_max_ = 1 << 30;
    std::uint64_t retain_bytes_ = 1 << 30;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;
    std::unique_ptr<delivery::SetAside> set_aside_;
    std::shared_ptr<const delivery::RetainedMessages> retained_;
    std::unique_ptr<Broker> broker_;
};

}  // namespace foz::broker
