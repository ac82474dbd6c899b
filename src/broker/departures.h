// SPDX-License-Identifier: Apache-2.0
// Client ids that one reactor lets go of: of connections that have gone, and of sessions that it
// ends in the place of their clients. Each is free again only after the next append, so that the
// journal hears of everything that was before first. One thread, the reactor's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "broker/connection_handle.h"
#include "broker/connection_log.h"
#include "broker/reactor_context.h"
#include "broker/will.h"
#include "intake/inbox.h"

namespace foz::broker {

class Departures {
  public:
    /// All must outlive it.
    Departures(std::uint32_t reactor, ReactorContext& context, intake::Inbox& inbox,
            ConnectionLog& log)
        : reactor_(reactor), context_(context), inbox_(inbox), log_(log) {}

    /// A connection that has claimed `client_id` has gone; `will` waits for its delay.
    /// `subscriber`: its session, if the dispatcher knows of it; may be null.
    void add(std::string client_id, ConnectionHandle connection, std::optional<Will> will,
            std::shared_ptr<Session> subscriber) {
        waiting_.push_back(
                {std::move(client_id), connection, std::move(will), std::move(subscriber)});
    }
    /// The session of `client_id`, which the registry has handed to this reactor, ends.
    void add_ended_session(const std::string& client_id);

    /// Everything so far is appended: the client ids are free, and whoever waits for one gets it.
    void release(SteadyTime now);
    [[nodiscard]] bool empty() const { return waiting_.empty(); }

    /// Sessions that expire and wills whose delay is over. One reactor looks after them for all.
    void take_due(SteadyTime now);
    /// Ends a session by the wish of a person: here, at the reactor that has its connection, or, if
    /// that is this one, by the connection that is returned.
    [[nodiscard]] std::optional<ConnectionHandle> end_session(const std::string& client_id);
    /// Warns long before new devices cannot come in.
    void warn_of_sessions(SteadyTime now);

  private:
    struct Departure {
        std::string client_id;
        ConnectionHandle connection;
        std::optional<Will> will;
        std::shared_ptr<Session> subscriber;
    };

    /// This reactor as one that ends sessions.
    [[nodiscard]] ConnectionHandle ender() const {
        return {.reactor = reactor_, .slot = kNoSlot, .generation = 0};
    }

    const std::uint32_t reactor_;
    ReactorContext& context_;
    intake::Inbox& inbox_;
    ConnectionLog& log_;
    std::vector<Departure> waiting_;
    LogThrottle sessions_throttle_{std::chrono::hours(1)};
};

}  // namespace foz::broker
