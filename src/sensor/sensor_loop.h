// SPDX-License-Identifier: Apache-2.0
// Runs a share of the sensors on one thread: their sockets, their timers, the record file. One read
// and one write for each batch of acknowledgements is all that it does, and 10,000 connections cost
// no buffers while they are silent.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "sensor/options.h"
#include "sensor/sensor_client.h"
#include "sensor/sensor_connection.h"
#include "sensor/statistics.h"
#include "sensor/wire.h"

namespace foz::sensor {

/// What the loops of a fleet and its owner tell each other; any thread. After a change, wake() the
/// loops.
struct FleetSignals {
    std::atomic<bool> stop{
        false};  // make no more readings; end when all are acknowledged or the drain is over
    std::atomic<bool> abandon{false};             // end at once
    std::atomic<std::uint32_t> sensors_ready{0};  // that have been connected at least once
    std::function<void()> all_ready;  // called by the loop that sees the last one connected
};

/// How far a loop is; any thread.
struct LoopProgress {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> reconnections{0};
    std::atomic<std::uint32_t> connected{0};
    std::atomic<bool> finished{false};
};

/// Which sensors a loop runs.
struct SensorRange {
    std::uint32_t first = 1;  // number of the first
    std::uint32_t count = 0;
};

/// run() is its thread's; wake() and progress() are for any thread.
class SensorLoop {
  public:
    /// What is passed by reference outlives the loop.
    SensorLoop(const Options& options, const WireEnd& broker, FleetSignals& signals,
            SensorRange range, const Clock& clock);

    /// Opens the record file.
    [[nodiscard]] Result<void> open();

    /// Returns when every sensor is finished, or as the signals say.
    void run();

    /// Makes run() look at the signals.
    void wake() { loop_.wake(); }

    [[nodiscard]] const LoopProgress& progress() const { return progress_; }

    /// After run().
    [[nodiscard]] const Statistics& statistics() const { return context_.statistics; }

  private:
    struct Sensor {
        Sensor(SensorContext& context, std::uint32_t number, EventLoop& loop, std::uint32_t index)
            : client(context, number), connection(loop, index) {}

        SensorClient client;
        SensorConnection connection;
        SteadyTime timer = SteadyTime::max();  // its earliest entry in timers_
        std::uint32_t failures = 0;            // connections in a row that did not come about
        bool connecting = false;               // until CONNACK
        bool finished = false;
        bool queued = false;   // in to_connect_
        bool counted = false;  // among FleetSignals::sensors_ready
    };

    struct Timer {
        SteadyTime at;
        std::uint32_t index;
        [[nodiscard]] bool operator<(const Timer& other) const {
            return at > other.at;
        }  // earliest on top
    };

    void obey_signals(SteadyTime now);
    void start_readings(SteadyTime now);
    void stop_readings(SteadyTime now);
    void run_timers(SteadyTime now);
    void check_keep_alive(SteadyTime now);
    void open_waiting_connections(SteadyTime now);
    void wait_for_events();
    [[nodiscard]] SteadyTime wait_until(SteadyTime now) const;
    void handle_event(const EventLoop::Ready& ready);

    void finish_opening(std::uint32_t index);
    void read(std::uint32_t index);
    void take_input(std::uint32_t index, std::string_view input);
    void note_ready(Sensor& sensor);
    void publish_and_write(std::uint32_t index, SteadyTime now);
    void publish_after(std::uint32_t index, SteadyTime now);
    void lose(std::uint32_t index, SensorClient::Verdict verdict, std::string_view reason);
    void queue_to_connect(std::uint32_t index);
    void set_timer(std::uint32_t index, SteadyTime at);
    void note_if_finished(Sensor& sensor);
    void write_record();
    void show_progress();
    void end();

    const Options& options_;
    const WireEnd& broker_;
    FleetSignals& signals_;
    SensorContext context_;
    LoopProgress progress_;
    const Clock& clock_;
    EventLoop loop_;
    std::vector<Sensor> sensors_;
    std::priority_queue<Timer> timers_;
    std::deque<std::uint32_t> to_connect_;
    std::vector<std::uint32_t> publish_again_;  // stopped at the size of a batch
    std::string out_;                           // of the connection that is being handled
    std::vector<char> in_;
    Descriptor record_file_{-1};
    LogThrottle throttle_;
    SteadyTime next_keep_alive_check_;
    SteadyTime stop_at_ = SteadyTime::max();
    SteadyTime drained_at_ = SteadyTime::max();
    std::uint64_t random_ = 1;  // for the delays of reconnecting
    std::uint32_t connecting_ = 0;
    std::uint32_t connected_ = 0;
    std::uint32_t unfinished_;
    bool started_ = false;
};

}  // namespace foz::sensor
