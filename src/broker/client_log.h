// SPDX-License-Identifier: Apache-2.0
// What clients do that a person has to mend (refused, too large, again and again), as warnings in
// the log. The first time that a client gives a cause, there is a line at once; what follows of the
// same is counted, and said on a line of its own after a minute, then after ten, then every hour. A
// cause that many clients give has kLinesMax lines a minute, kNetworkLinesMax of them for one
// address; the others are counted together, for that cause, so that one cause hides no other.
//
// Memory is bounded. Any thread; a line is written under its lock.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"

namespace foz::broker {

class ClientLog {
  public:
    static constexpr unsigned kLinesMax = 30;
    static constexpr unsigned kNetworkLinesMax = 10;
    static constexpr std::size_t kEntriesMax = 8'192;
    static constexpr std::size_t kCausesMax = 256;

    struct Event {
        std::string_view cause;    // the same for all events of a kind: no name, no value in it
        std::string_view who;      // tells clients apart: a client id, or an address
        std::string_view network;  // Peer::network() of the client
        std::string text;          // client, cause, and what to do
    };
    void note(Event event, SteadyTime now);

    /// Says the counts that are due, and forgets who has been quiet. About once a second.
    void tell(SteadyTime now);

  private:
    struct Entry {
        std::string text;          // of the last event
        std::uint64_t more = 0;    // events since it was last written
        SteadyTime written;        // when it was
        SteadyTime last;           // the last event
        std::size_t interval = 0;  // in kIntervals: until the next line
    };
    struct Cause {
        SteadyTime minute;  // when the lines below began to be counted
        unsigned lines = 0;
        std::unordered_map<std::string, unsigned> network_lines;  // at most kLinesMax
        std::uint64_t others = 0;  // events that had no line and no entry, since others_since
        SteadyTime others_since;
        std::string example;  // the text of the last of them
    };

    [[nodiscard]] Cause& cause_of(std::string_view name, SteadyTime now) FOZ_REQUIRES(mutex_);
    void tell_entries(SteadyTime now) FOZ_REQUIRES(mutex_);
    void tell_others(SteadyTime now) FOZ_REQUIRES(mutex_);

    static constexpr std::array kIntervals = {
        std::chrono::minutes(1), std::chrono::minutes(10), std::chrono::minutes(60)};

    Mutex mutex_;
    std::unordered_map<std::string, Entry> entries_ FOZ_GUARDED_BY(mutex_);  // by cause and who
    std::unordered_map<std::string, Cause> causes_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::broker
