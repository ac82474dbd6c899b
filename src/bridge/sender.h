// SPDX-License-Identifier: Apache-2.0
// The half of a bridge that sends: reads the journal, publishes what the topic lines take out, in
// the journal's order, and moves the bridge's cursor behind what the other broker has acknowledged.
// Promises: bridge_cursor.h.
//
// The loop's thread, but for what says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "bridge/bridge_cursor.h"
#include "bridge/outgoing_message.h"
#include "bridge/publish_rate.h"
#include "bridge/topic_map.h"
#include "bridge/undeliverable.h"
#include "client/link.h"
#include "client/loop.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::bridge {

/// Counters for people; any thread.
struct SenderCounters {
    std::atomic<std::uint64_t> sent{0};       // and acknowledged, at QoS 1 and 2
    std::atomic<std::uint64_t> expired{0};    // not sent: their expiry interval was over
    std::atomic<std::uint64_t> refused{0};    // dead letters
    std::atomic<journal::Position> position;  // of the next record to be looked at
};

class Sender {
  public:
    /// The tag of what has no record in the journal.
    static constexpr std::uint64_t kNoRecord = journal::Position::beyond_all().number();

    /// What is passed by reference outlives it.
    Sender(const config::Bridge& bridge, const TopicMap& topics, journal::Journal& journal,
            state::StateDatabase& state, const Clock& clock);

    /// Before the link starts. Errors: a state database or journal that cannot be read.
    [[nodiscard]] Result<void> start(client::Loop& loop, client::Link& link);

    /// The link is ready; what was not acknowledged on the last connection was sent again.
    void on_ready();

    /// Publishes as much as there is and the link takes. Call when the link is writable; comes back
    /// by itself for the rest.
    void pump();

    /// What a LinkUser is told.
    void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason);

    /// Moves the cursor, and sends the PUBRELs held back until then.
    void advance_cursor();

    /// The journal has become durable further. Any thread.
    void on_durable();

    /// Nothing more to send, or to wait for.
    [[nodiscard]] bool done() const;

    [[nodiscard]] const SenderCounters& counters() const { return counters_; }

  private:
    enum class Step : std::uint8_t { taken, nothing, later };

    [[nodiscard]] Step step(SystemTime now);
    void send(const journal::Record& record, const OutgoingMessage& outgoing);
    [[nodiscard]] bool within_rate();
    void post_pump();
    void pump_after(std::chrono::nanoseconds delay);
    void complain(const Error& error);
    void watch();

    const std::string log_name_;
    journal::Journal& journal_;
    const Clock& clock_;
    client::Loop* loop_ = nullptr;
    client::Link* link_ = nullptr;
    OutgoingMessages messages_;
    BridgeCursor cursor_;
    Undeliverable undeliverable_;
    PublishRate rate_;
    std::unique_ptr<journal::Reader> reader_;  // none: nothing goes out
    std::atomic<bool> waiting_{false};         // for records; on_durable() posts pump()
    bool pump_posted_ = false;
    bool watching_ = false;
    std::uint64_t watched_ = 0;  // the oldest message in the outbox, when watch() was called last
    SenderCounters counters_;
    LogThrottle failed_throttle_;
};

}  // namespace foz::bridge
