// SPDX-License-Identifier: Apache-2.0
// A broker that foz exchanges messages with: a Link whose messages out come from the journal
// (sender.h, with what it promises in bridge_cursor.h) and whose messages in go into the journal
// (intake/link_intake.h: the other broker gets its acknowledgement when the journal has the
// message).
//
// What came in by a bridge never goes out by it again: it is known by its client id in the journal,
// "$bridge/NAME". That the other broker does not send back what it was just sent, No Local sees to
// in MQTT 5, and the sign of a bridge to Mosquitto in 3.1.1. A broker of MQTT 5 without No Local
// (AWS IoT Core) makes an echo, which is known by its mark (echo_mark.h), acknowledged, and not
// journaled again. A broker of 3.1.1 that does not heed the sign makes one that nothing tells from
// another client's message; it is in the journal once more and goes no further.
//
// Each bridge has one thread of its own; nothing polls.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bridge/echo_mark.h"
#include "bridge/sender.h"
#include "bridge/topic_map.h"
#include "client/link.h"
#include "config/settings.h"
#include "intake/link_intake.h"
#include "journal/journal.h"
#include "session/session_holder.h"
#include "state/state_database.h"

namespace foz::bridge {

/// A snapshot for people.
struct BridgeStatus {
    std::string name;
    std::string url;
    client::LinkStatus link;
    std::uint64_t received = 0;  // in the journal, since the start; so are the next five
    std::uint64_t sent = 0;      // acknowledged by the other broker
    std::uint64_t expired = 0;   // not sent, because their message expiry interval was over
    std::uint64_t refused = 0;   // the other broker can never take them: dead letters
    std::uint64_t dropped = 0;   // came in at QoS 0 while the journal had no room
    std::uint64_t echoes = 0;    // came back, and are in the journal already
    std::uint64_t behind = 0;    // records of the journal that are not dealt with yet
};

/// What a bridge works with; all outlive it.
struct BridgeDependencies {
    intake::LinkIntakeTerms intake;
    journal::Journal& journal;
    state::StateDatabase& state;
    const Clock& clock;
};

/// Any thread.
class Bridge final : public intake::LinkIntake {
  public:
    /// Starts to connect. `recovered` are all sessions of the journal; it finds its own.
    /// Errors: a password file or state database that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<Bridge>> start(const config::Bridge& settings,
            std::span<const std::shared_ptr<session::Session>> recovered,
            const BridgeDependencies& dependencies);
    /// Stops at once; drain() first for a clean end.
    ~Bridge() override;

    /// Stops reading, acknowledges what becomes durable, sends what the journal holds if the other
    /// broker is there, until `deadline`, and disconnects.
    void drain(SteadyTime deadline);

    [[nodiscard]] BridgeStatus status() const;

    [[nodiscard]] std::vector<std::shared_ptr<session::Session>> persistent_sessions() override;

    void on_durable(const journal::Durable& durable) override;
    void on_failed(const Error& error) override;

  private:
    Bridge(const config::Bridge& settings, Setup setup, const BridgeDependencies& dependencies);
    [[nodiscard]] static Result<client::SessionTerms> terms_of(
            const config::Bridge& settings, const TopicMap& topics);
    void notify(std::string_view state);

    // On the loop's thread:
    [[nodiscard]] std::string_view journal_topic(std::string_view topic) override;
    [[nodiscard]] std::optional<std::string_view> topic_of(const mqtt::Publish& message) override;
    void on_session(bool present) override;
    void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) override;
    void on_ready() override;
    void on_read_end() override;
    void on_writable() override;
    void on_lost(const client::LinkFailure& failure) override;

    const config::Bridge settings_;
    const TopicMap topics_;
    const bool receives_;
    const std::optional<EchoMark> mark_;
    std::atomic<std::uint64_t> echoes_{0};
    Sender sender_;
    std::string topic_;           // of the message that is being taken; on the loop's thread
    LogThrottle stray_throttle_;  // the same
};

}  // namespace foz::bridge
