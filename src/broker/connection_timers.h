// SPDX-License-Identifier: Apache-2.0
// The deadlines of one reactor's connections: for the CONNECT, for the keep-alive, for the last
// words. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"
#include "broker/connection.h"
#include "broker/connection_table.h"
#include "broker/deadline_wheel.h"

namespace foz::broker {

class ConnectionTimers {
  public:
    /// A deadline is found at most this much late.
    static constexpr std::chrono::milliseconds kTick = DeadlineWheel::kTick;

    ConnectionTimers(std::chrono::milliseconds connect_timeout, SteadyTime now)
        : connect_timeout_(connect_timeout), wheel_(now) {}

    /// To be called when the deadline may have become an earlier one. A later one is found out when
    /// the earlier has passed: most packets move it, and cost nothing here.
    void set(Connection& connection, SteadyTime now) {
        if (const auto deadline = deadline_of(connection)) {
            connection.next_check = std::min(*deadline, now + DeadlineWheel::kHorizon);
            wheel_.add(connection.self, connection.next_check);
        }
    }

    /// Calls `overdue(Connection&)` for each whose deadline has passed by `now`.
    template <class Overdue>
    void advance(ConnectionTable& table, SteadyTime now, Overdue overdue) {
        wheel_.advance(now, [&](const ConnectionHandle& handle) {
            Connection* const connection = table.find(handle);
            if (connection == nullptr || now < connection->next_check) {
                return;  // gone, or an entry that a later one has replaced
            }
            const auto deadline = deadline_of(*connection);
            if (!deadline) {
                return;  // the entry is from before CONNECT, which wants no keep-alive
            }
            if (now < *deadline) {
                set(*connection, now);
            } else {
                overdue(*connection);
            }
        });
    }

  private:
    [[nodiscard]] std::optional<SteadyTime> deadline_of(const Connection& connection) const {
        constexpr std::chrono::seconds kLastWordsTime{3};  // for a peer that does not read
        if (connection.phase == Connection::Phase::closing) {
            return connection.last_packet + kLastWordsTime;
        }
        if (connection.protocol.state() != Protocol::State::connected) {
            return connection.accepted + connect_timeout_;
        }
        const std::chrono::seconds silence_max(connection.protocol.silence_max_seconds());
        if (silence_max.count() == 0) {
            return std::nullopt;
        }
        return connection.last_packet + silence_max;
    }

    const std::chrono::milliseconds connect_timeout_;
    DeadlineWheel wheel_;
};

}  // namespace foz::broker
