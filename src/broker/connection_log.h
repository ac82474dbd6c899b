// SPDX-License-Identifier: Apache-2.0
// What a person is told in the log of connections and clients. Lines that clients cause go through
// ClientLog, which bounds them. One thread, a reactor's; what it writes to is shared.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "broker/connection.h"
#include "broker/reactor_context.h"

namespace foz::broker {

class ConnectionLog {
  public:
    /// `context` must outlive it.
    explicit ConnectionLog(ReactorContext& context) : context_(context) {}

    static void note_admitted(const Connection& connection);
    /// `reason` empty: the client has said DISCONNECT, which is no news.
    void note_closed(const Connection& connection, std::string_view cause, std::string_view reason,
            SteadyTime now);
    /// A connection that was let in has ended; without a DISCONNECT of its client again and again,
    /// there is something to mend.
    void note_end(const Connection& connection, SteadyTime now);
    /// Counts messages that the client was not sent, and says so.
    void note_losses(Connection& connection, SteadyTime now);
    /// Closed to keep limits.connections_unidentified: its network has `of_network` of the `share`
    /// that a reactor keeps.
    void note_evicted(const Connection& connection, std::size_t of_network, std::size_t share,
            SteadyTime now);
    void note_early_will(const std::string& client_id, SteadyTime now);

  private:
    void tell(
            const Connection& connection, std::string_view cause, std::string text, SteadyTime now);

    ReactorContext& context_;
};

}  // namespace foz::broker
