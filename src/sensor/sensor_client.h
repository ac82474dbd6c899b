// SPDX-License-Identifier: Apache-2.0
// One simulated ESP32: its thermometer and its side of one MQTT session, over any number of
// connections. Bytes in, bytes out; sockets and timers are the caller's (sensor_loop.h). One
// thread.
//
// A reading that was sent stays in the Outbox until it is acknowledged, and is sent again on the
// next connection (session/outbox.h). A reading that is due while the window is full or the broker
// away is not made yet, and so needs no memory: it is made later, with the time at which it was
// due.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mqtt/decoder.h"
#include "sensor/options.h"
#include "sensor/payload_template.h"
#include "sensor/statistics.h"
#include "sensor/temperature_model.h"
#include "session/outbox.h"

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

    /// Appends what may be sent now: all readings to be sent again for which the window has room,
    /// then those that are due, until the window is full or `out` has 64 KiB. True: only for the
    /// latter reason did it stop.
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
    [[nodiscard]] bool finished() const { return unacknowledged() == 0 && !more_to_come(); }

    [[nodiscard]] std::size_t unacknowledged() const { return outbox_ ? outbox_->size() : 0; }

  private:
    enum class State : std::uint8_t {
        closed,
        discarding,  // CONNECT sent only to end the session that an earlier process may have left
        connecting,  // CONNECT sent
        ready,
    };

    [[nodiscard]] Verdict handle(const mqtt::Frame& frame, SteadyTime now, std::string& out);
    [[nodiscard]] Verdict handle_connack(std::string_view body, SteadyTime now, std::string& out);
    [[nodiscard]] Verdict handle_acknowledgement(
            const mqtt::Frame& frame, SteadyTime now, std::string& out);
    [[nodiscard]] Verdict handle_disconnect(std::string_view body);
    [[nodiscard]] Verdict protocol_failed(const mqtt::DecodeError& error);

    void finish_what_the_broker_took(SteadyTime now);
    void finish(std::uint64_t sequence, SteadyTime now);

    [[nodiscard]] bool more_to_come() const;
    [[nodiscard]] bool window_is_open() const;
    void publish_new(SteadyTime now, std::string& out);
    /// Latency of the reading counts from here.
    [[nodiscard]] SteadyTime& since_of(std::uint64_t sequence) {
        return since_[sequence & (since_.size() - 1)];
    }

    [[nodiscard]] mqtt::DecodeContext decode_context() const;
    [[nodiscard]] const Options& options() const { return context_->options; }

    SensorContext* context_;
    TemperatureModel temperature_;
    std::string client_id_;
    std::string topic_;
    // Of QoS 1 and 2, with the readings' sequence numbers as tags. Made when the first reading is,
    // as is since_: a silent sensor has neither.
    std::optional<session::Outbox> outbox_;
    std::vector<SteadyTime> since_;  // a power of two
    SteadyTime next_due_ = SteadyTime::max();
    SteadyTime last_sent_;
    SteadyTime last_received_;
    SystemTime last_reading_;
    std::uint32_t number_;
    std::uint32_t next_ = 1;    // sequence number of the reading to be made next
    std::uint16_t window_ = 0;  // readings in flight at once that we and the broker allow
    State state_ = State::closed;
    bool was_ready_ = false;
    bool overdue_ = false;  // the next reading was due before, but the window was full
    bool discard_session_;
};

}  // namespace foz::sensor
