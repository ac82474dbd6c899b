// SPDX-License-Identifier: Apache-2.0
// What foz subscribes to at another broker, over any number of connections. What the broker has
// granted is not asked for again while it keeps the session; what it has refused is, every minute.
// One thread.
//
//   ask() ──▶ some SUBSCRIBE packets ──▶ take() each SUBACK ──▶ complete
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/session_terms.h"
#include "mqtt/packet.h"

namespace foz::client {

class Subscriptions {
  public:
    /// `terms` must outlive it.
    explicit Subscriptions(const SessionTerms& terms)
        : terms_(terms), filters_(terms.filters.size()) {}

    /// The broker has no session: nothing is granted any more.
    void forget() { filters_.assign(filters_.size(), {}); }
    /// A connection is made: nothing is asked for again before its SUBACKs are there.
    void start_connection() { ask_again_ = SteadyTime::max(); }

    /// Appends the SUBSCRIBE packets for what is not granted. False: all is.
    [[nodiscard]] bool ask(std::string& out);
    /// Whether what was refused is to be asked for again.
    [[nodiscard]] bool is_due(SteadyTime now) const { return now >= ask_again_; }

    enum class Answer : std::uint8_t {
        unexpected,  // answers no SUBSCRIBE [MQTT-3.8.4-6]
        partial,     // others are to follow
        complete,
    };
    [[nodiscard]] Answer take(const mqtt::Suback& suback, SteadyTime now);

    /// Filters that the broker has refused or granted with less than was asked, for a person; empty
    /// when it took all.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    struct FilterState {
        bool granted = false;
        mqtt::ReasonCode answer = mqtt::ReasonCode::success;  // of the last SUBACK
    };

    void append_subscribe(std::size_t packet, std::string& out) const;
    void describe_trouble();

    const SessionTerms& terms_;
    std::vector<FilterState> filters_;  // of terms_.filters
    std::vector<std::size_t> asked_;    // the filters of this round of SUBSCRIBE packets, in order
    std::size_t subacks_pending_ = 0;   // of this round
    SteadyTime ask_again_ = SteadyTime::max();
    std::string trouble_;
};

}  // namespace foz::client
