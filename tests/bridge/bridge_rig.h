// SPDX-License-Identifier: Apache-2.0
// A bridge with a journal and a state database of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "bridge/bridge.h"
#include "config/settings.h"
#include "journal/local/local_journal.h"
#include "mqtt/message.h"
#include "state/state_database.h"
#include "tests/bridge/mosquitto_subscriber.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::bridge {

class BridgeRig {
  public:
    explicit BridgeRig(const std::vector<std::string>& topics, std::uint16_t port);
    ~BridgeRig();

    /// To be changed before start().
    config::Bridge& settings() { return settings_; }
    struct JournalTerms {
        std::uint64_t size_max = 10ULL << 30;
        std::uint64_t retain_bytes = 1ULL << 30;  // that all have passed
        std::uint64_t tail_bytes = 16ULL << 20;
        FileSystem* files = &real_file_system();
    };
    /// Before start(): an empty one.
    void replace_journal(const JournalTerms& terms);
    void start();
    /// Waits until it is connected.
    [[nodiscard]] bool connected() const;
    /// A clean end.
    void drain();
    /// What kill -9 leaves: nothing is told to anybody. The journal is opened again.
    void crash();

    /// Appends a message as foz's own broker would, and waits until it is durable.
    journal::Position publish(
            std::string_view topic, std::string_view payload, std::uint8_t qos = 1);
    journal::Position append(const foz::mqtt::Message& message);
    /// Publishes on `topic` until the journal takes nothing more.
    [[nodiscard]] bool fill_journal(std::string_view topic);
    /// `count` messages "0", "1", ... in a few appends; does not wait.
    void publish_many(
            std::string_view topic, std::size_t first, std::size_t count, std::uint8_t qos);

    /// The records of messages in the journal that came in by the bridge:
    /// "topic|payload|qos|retain".
    [[nodiscard]] std::vector<std::string> received() const;
    [[nodiscard]] bool receives(std::size_t count) const;
    [[nodiscard]] BridgeStatus status() const { return bridge_->status(); }
    /// Waits until nothing is left to be sent.
    [[nodiscard]] bool catches_up() const;

    [[nodiscard]] journal::Journal& journal() { return *journal_; }
    [[nodiscard]] state::StateDatabase& state() { return *state_; }

  private:
    void open_journal();

    support::TemporaryDirectory directory_;
    config::Bridge settings_;
    JournalTerms journal_terms_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;
    std::unique_ptr<Bridge> bridge_;
};

}  // namespace foz::bridge
