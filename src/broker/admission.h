// SPDX-License-Identifier: Apache-2.0
// Who is let in: by certificate, by password, or as anybody, as the listener's access policy says.
// It is decided before the client's session, or anyone else's, is touched. Connections that have
// not said who they are have a limit of their own. One thread, a reactor's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "base/event_loop.h"
#include "broker/connection.h"
#include "broker/connection_table.h"
#include "broker/reactor_context.h"
#include "broker/unidentified.h"
#include "mqtt/reason_code.h"

namespace foz::broker {

class Admission {
  public:
    struct Decision {
        enum class Kind : std::uint8_t { admitted, refused, awaited };

        Kind kind = Kind::awaited;
        mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // why it is refused
        std::string why;                                      // the same, for a person
    };

    /// `decided` gets the decisions that had to be awaited, on the loop's thread. All that is
    /// passed by reference must outlive it.
    Admission(ReactorContext& context, EventLoop& loop, ConnectionTable& table,
            std::function<void(Connection&, const Decision&)> decided)
        : context_(context), loop_(loop), table_(table), decided_(std::move(decided)) {}

    /// A new connection.
    void enter(Connection& connection);
    /// It is known who it is.
    void identify(Connection& connection);
    /// It goes.
    void leave(Connection& connection);

    struct Eviction {
        Connection* connection = nullptr;
        std::size_t of_network = 0;  // how many its network has
        std::size_t share = 0;       // of the limit, for this reactor
    };
    /// The connection that is to go, now that too many have not said who they are: whoever opens
    /// many of them cannot keep others out.
    [[nodiscard]] std::optional<Eviction> excess();

    /// Its CONNECT is here. Not called again for the same connection.
    [[nodiscard]] Decision decide(Connection& connection);

    /// Connections that have gone while their password waits to be checked, and had sent nothing
    /// more: nobody needs to know.
    [[nodiscard]] std::vector<ConnectionHandle> departed();

  private:
    [[nodiscard]] Decision check_password(Connection& connection, Credentials credentials);
    void take_verdict(
            ConnectionHandle handle, const std::string& user, access::PasswordVerdict verdict);
    [[nodiscard]] static Decision decision_of(
            const std::string& user, access::PasswordVerdict verdict);

    ReactorContext& context_;
    EventLoop& loop_;
    ConnectionTable& table_;
    const std::function<void(Connection&, const Decision&)> decided_;
    Unidentified unidentified_;
    std::vector<ConnectionHandle> password_waiters_;  // those that are gone are skipped
};

}  // namespace foz::broker
