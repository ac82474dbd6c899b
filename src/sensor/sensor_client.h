// SPDX-License-Identifier: Apache-2.0
// One simulated ESP32: its thermometer and its side of one MQTT session, over any number of
// connections. Bytes in, bytes out; sockets and timers are the caller's (sensor_loop.h). One
// thread.
//
// A reading that was sent stays in a ring until it is acknowledged, and is sent again, in order, on
// the next connection: with DUP when the broker kept the session, as new when it did not
// [MQTT-4.4.0-1]. The packet id is the place in the ring, so none is in use twice [MQTT-2.2.1-3]. A
// reading that is due while the window is full or the broker away is not made yet, and so needs no
// memory: it is made later, with the time at which it was due.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mqtt/decoder.h"
#include "sensor/options.h"
#include "sensor/payload_template.h"
#include "sensor/statistics.h"
#include "sensor/temperature_model.h"

namespace foz::sensor {

/// What the sensors of one thread share.
struct SensorContext {
    const Options& options;
    PayloadTemplate payload;
    Statistics statistics;
    std::chrono::nanoseconds steady_to_system{0};  // wall-clock time minus steady time
    bool stopping = false;                         // no reading is made any more
    std::string record;  // lines of the record file that are not written yet
    std::string text;    // room for one payload

    explicit SensorContext(const Options& sensor_options);
};

class SensorClient {
  public:
    /// What is to become of the connection.
    enum class Verdict : std::uint8_t { keep, reconnect_now, reconnect_later };

    struct Received {
        std::size_t consumed = 0;  // bytes; the rest begins a packet that is not whole yet
        Verdict verdict = Verdict::keep;
    };

    /// `number` counts from 1. The context outlives the client.
    SensorClient(SensorContext& context, std::uint32_t number);

    /// The first reading is due at `first_due`. Before that call none is.
    void start(SteadyTime first_due) { next_due_ = first_due; }

    /// A connection to the broker was made: appends CONNECT.
    void open(SteadyTime now, std::string& out);

    /// Takes the whole packets at the start of `input`; appends what they ask for.
    [[nodiscard]] Received receive(std::string_view input, SteadyTime now, std::string& out);

    /// Appends what may be sent now: readings to be sent again, then those that are due, until the
    /// window is full or `out` has 64 KiB. True: only for the latter reason did it stop.
    bool publish(SteadyTime now, std::string& out);

    /// Once a second or so: appends PINGREQ when it is time; tells when the broker has been silent
    /// for too long.
    [[nodiscard]] Verdict keep_alive(SteadyTime now, std::string& out);

    /// The connection ended.
    void close() { state_ = State::closed; }

    /// Appends DISCONNECT.
    void disconnect(std::string& out);

    [[nodiscard]] bool ready() const { return state_ == State::ready; }
    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// When publish() may have something new to do, if nothing is received before;
    /// SteadyTime::max(): never.
    [[nodiscard]] SteadyTime wake_at() const;

    /// All readings that there will be are sent and acknowledged.
    [[nodiscard]] bool finished() const { return oldest_ == next_ && !more_to_come(); }

    [[nodiscard]] std::uint32_t unacknowledged() const;

  private:
    enum class State : std::uint8_t {
        closed,
        discarding,  // CONNECT sent only to end the session that an earlier process may have left
        connecting,  // CONNECT sent
        ready,
    };

    enum class Progress : std::uint8_t {
        done,
        published,
        released,  // QoS 2: PUBREC came, PUBREL is sent
    };

    /// A reading in the ring. 24 bytes, as there may be a hundred for each of thousands of sensors.
    struct Slot {
        SystemTime time;
        SteadyTime since;  // latency counts from here
        std::uint32_t sequence = 0;
        std::int16_t temperature_tenths = 0;
        Progress progress = Progress::done;
    };

    [[nodiscard]] Verdict handle(const mqtt::Frame& frame, SteadyTime now, std::string& out);
    [[nodiscard]] Verdict handle_connack(std::string_view body, SteadyTime now, std::string& out);
    [[nodiscard]] Verdict handle_acknowledgement(
        const mqtt::Frame& frame, SteadyTime now, std::string& out
    );
    [[nodiscard]] Verdict handle_disconnect(std::string_view body);
    [[nodiscard]] Verdict protocol_failed(const mqtt::DecodeError& error);

    void settle_lost_session(SteadyTime now);
    void finish(Slot& slot, SteadyTime now);
    void leave_finished_behind();

    [[nodiscard]] bool more_to_come() const;
    [[nodiscard]] bool window_is_open() const;
    [[nodiscard]] Slot& slot_of(std::uint32_t sequence) { return slots_[sequence % slots_.size()]; }
    void resend_oldest(std::string& out);
    void publish_new(SteadyTime now, std::string& out);
    void append_publish(const Slot& slot, bool dup, std::string& out);

    [[nodiscard]] mqtt::DecodeContext decode_context() const;
    [[nodiscard]] const Options& options() const { return context_->options; }

    SensorContext* context_;
    TemperatureModel temperature_;
    std::string client_id_;
    std::string topic_;
    std::vector<Slot> slots_;  // the ring; made when the first reading is
    SteadyTime next_due_ = SteadyTime::max();
    SteadyTime last_sent_;
    SteadyTime last_received_;
    SystemTime last_reading_;
    std::uint32_t number_;
    // Sequence numbers: oldest_ <= unsent_ <= next_. Those before oldest_ are done with, those
    // before unsent_ were sent on this connection, next_ is that of the reading to be made next.
    std::uint32_t oldest_ = 1;
    std::uint32_t unsent_ = 1;
    std::uint32_t next_ = 1;
    std::uint16_t window_ = 0;     // readings in flight at once that we and the broker allow
    std::uint16_t in_flight_ = 0;  // on this connection
    State state_ = State::closed;
    bool was_ready_ = false;
    bool session_kept_ = false;  // the broker still knows what was sent before this connection
    bool overdue_ = false;       // the next reading was due before, but the window was full
    bool discard_session_;
};

}  // namespace foz::sensor
