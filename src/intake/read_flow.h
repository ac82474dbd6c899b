// SPDX-License-Identifier: Apache-2.0
// When a source or a bridge reads from its broker, as a state machine without I/O.
//
//            what came is not on disk yet, or has no room
//   reading ─────────────────────────────────────────────▶ paused
//      ▲ ▲                    everything is on disk           │ │
//      │ └────────────────────────────────────────────────────┘ │ a bridge, and the journal is full
//      │                                                        ▼
//      └──────────── everything is on disk ───────────────── skipping      (or reading, while
//                                                                           memory has room)
// While paused, what arrives gathers in the socket and becomes one larger append.
//
// A bridge must not stay paused at a full journal: the acknowledgements of what it has sent come
// between the messages, and the journal may wait for nothing else (docs/decisions/0008). It reads
// on, keeps what arrives up to a limit, and skips messages beyond that: those of QoS 1 and 2 stay
// the broker's, which sends them again on a new connection; those of QoS 0 are lost.
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foz::intake {

class ReadFlow {
  public:
    enum class State : std::uint8_t { reading, paused, skipping, stopped };

    /// What its owner is to do about the connection.
    enum class Action : std::uint8_t {
        none,
        pause,      // read no more
        resume,     // read again
        reconnect,  // read again, by a new connection: the broker has skipped messages to send
    };

    /// Kept in memory by a bridge while the journal has no room.
    static constexpr std::size_t kKeptBytesMax = 4 << 20;

    /// `reads_on`: a bridge.
    explicit ReadFlow(bool reads_on) : reads_on_(reads_on) {}

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] bool reads_on() const { return reads_on_; }

    /// A message of that QoS has come. False: it is skipped.
    [[nodiscard]] bool takes(std::uint8_t qos);
    /// What one read has brought was to be appended: all of it is (`appended`) and is on disk
    /// (`durable`), or `kept_bytes` are left.
    [[nodiscard]] Action after_read(bool appended, bool durable, std::size_t kept_bytes);
    /// Paused for some time, and the journal says that it is full.
    [[nodiscard]] Action at_full_journal(std::size_t kept_bytes);
    /// Everything received is on disk.
    [[nodiscard]] Action when_durable();
    /// For good.
    [[nodiscard]] Action stop();
    /// The connection is lost: its broker sends everything again that was not acknowledged.
    void on_lost() { owed_ = false; }

  private:
    const bool reads_on_;
    State state_ = State::reading;
    bool owed_ = false;  // messages of QoS 1 or 2 were skipped on this connection
};

}  // namespace foz::intake
