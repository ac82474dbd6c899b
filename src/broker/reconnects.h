// SPDX-License-Identifier: Apache-2.0
// Finds clients that connect again and again: whose connections end badly, kLoopEnds times within
// kWindow. It forgets everything at the end of a window, and knows kClientsMax clients at most; in
// a flood of client ids those that come first. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"

namespace foz::broker {

class Reconnects {
  public:
    static constexpr unsigned kLoopEnds = 10;
    static constexpr std::chrono::minutes kWindow{10};
    static constexpr std::size_t kClientsMax = 20'000;

    struct Loop {
        unsigned ends = 0;
        std::chrono::seconds within{0};
    };
    /// A connection of this client has ended without a DISCONNECT of its own. What there is to say,
    /// once it is a loop.
    [[nodiscard]] std::optional<Loop> note_end(const std::string& client_id, SteadyTime now) {
        const MutexLock lock(mutex_);
        if (now - window_begin_ >= kWindow) {
            clients_.clear();
            window_begin_ = now;
        }
        if (clients_.size() >= kClientsMax && !clients_.contains(client_id)) {
            return std::nullopt;
        }
        Client& client =
                clients_.try_emplace(client_id, Client{.ends = 0, .first = now}).first->second;
        if (++client.ends < kLoopEnds) {
            return std::nullopt;
        }
        return Loop{
            .ends = client.ends,
            .within = std::chrono::duration_cast<std::chrono::seconds>(now - client.first),
        };
    }

  private:
    struct Client {
        unsigned ends = 0;
        SteadyTime first;
    };

    Mutex mutex_;
    std::unordered_map<std::string, Client> clients_ FOZ_GUARDED_BY(mutex_);
    SteadyTime window_begin_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::broker
