// SPDX-License-Identifier: Apache-2.0
// What people get to know of a Link: its status, one line in the log when it is connected and one
// when it is lost (not the same one over and over), and what a row of lost connections means
// together that a single one doesn't say.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "client/client_protocol.h"
#include "client/link.h"

namespace foz::client {

/// status() on any thread, all else on the loop's.
class LinkReporter {
  public:
    LinkReporter(std::string log_name, const config::Remote& remote, const Clock& clock);

    void set_state(LinkState state);
    void note_attempt();
    /// What may soon keep it from connecting; says the same only once.
    void note_warnings(const std::vector<std::string>& warnings);
    void note_ready(const ClientProtocol& protocol);
    /// Filters that were refused, when that has changed.
    void note_trouble(const std::string& trouble);

    /// The connection ended with `failure`, in `state` of the protocol. Returns what it most likely
    /// means, and logs that.
    LinkFailure note_lost(LinkFailure failure, const ClientProtocol& protocol);

    /// How long the connection that was lost last had been ready; zero if it never was.
    [[nodiscard]] SteadyTime::duration last_ready_for() const { return ready_for_; }
    [[nodiscard]] LinkStatus status() const;

  private:
    [[nodiscard]] LinkFailure interpret(LinkFailure failure, const ClientProtocol& protocol);

    const std::string log_name_;
    const std::string url_;
    const bool with_tls_;
    const Clock& clock_;

    SteadyTime ready_since_;
    SteadyTime::duration ready_for_{};
    unsigned hung_up_on_ = 0;  // times in a row that the broker ended a young connection
    std::string logged_loss_;  // the last one, and when
    SteadyTime logged_at_;
    bool loss_logged_since_ready_ = true;
    std::vector<std::string> warnings_;

    mutable Mutex mutex_;
    LinkStatus status_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::client
