// SPDX-License-Identifier: Apache-2.0
#include "sensor/sensor_loop.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX's
#include <unistd.h>

namespace foz::sensor {

namespace {

using Verdict = SensorClient::Verdict;

constexpr auto kKeepAliveCheck = std::chrono::seconds(1);
constexpr std::uint32_t kConnectingMax = 100;  // at once, so that the broker's backlog holds them
constexpr auto kReconnectFirst = std::chrono::milliseconds(100);
constexpr std::uint32_t kReconnectDoublings = 5;  // up to 3.2 s

Error failed_call(std::string_view what) {
    return {ErrorCode::io, fmt::format("{}: {}", what, errno_message(errno))};
}

// OpenSSL writes to sockets that the broker has closed; that is an error, not the end of foz.
void block_broken_pipes() {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

}  // namespace

SensorLoop::SensorLoop(const Options& options, const WireEnd& broker, FleetSignals& signals,
        SensorRange range, const Clock& clock)
    : options_(options),
      broker_(broker),
      signals_(signals),
      context_(options),
      clock_(clock),
      loop_(clock),
      random_(options.seed + range.first),
      unfinished_(range.count) {
    sensors_.reserve(range.count);
    for (std::uint32_t index = 0; index < range.count; ++index) {
        sensors_.emplace_back(context_, range.first + index, loop_, index);
        queue_to_connect(index);
    }
}

Result<void> SensorLoop::open() {
    if (!options_.record.empty()) {
        record_file_ = Descriptor(
                ::open(options_.record.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        if (record_file_.number() < 0) {
            return std::unexpected(failed_call(options_.record.string()));
        }
    }
    return {};
}

void SensorLoop::run() {
    block_broken_pipes();
    const SteadyTime begin = clock_.steady_now();
    context_.steady_to_system = clock_.system_now().time_since_epoch() - begin.time_since_epoch();
    next_keep_alive_check_ = begin + kKeepAliveCheck;
    while (unfinished_ > 0 && !signals_.abandon) {
        const SteadyTime now = clock_.steady_now();
        if (now >= drained_at_) {
            break;
        }
        obey_signals(now);
        run_timers(now);
        check_keep_alive(now);
        open_waiting_connections(now);
        for (const std::uint32_t index : std::exchange(publish_again_, {})) {
            publish_and_write(index, now);
        }
        wait_for_events();
        write_record();
        show_progress();
    }
    end();
}

void SensorLoop::obey_signals(SteadyTime now) {
    if (!started_ && (!options_.together || signals_.sensors_ready == options_.count)) {
        start_readings(now);
    }
    if (!context_.stopping && (signals_.stop || now >= stop_at_)) {
        stop_readings(now);
    }
}

// The sensors' first readings are spread over one interval, as those of real ones would be.
void SensorLoop::start_readings(SteadyTime now) {
    started_ = true;
    if (options_.duration.count() > 0) {
        stop_at_ = now + options_.duration;
    }
    if (options_.idle) {
        return;
    }
    const auto count = static_cast<std::int64_t>(sensors_.size());
    for (std::uint32_t index = 0; index < sensors_.size(); ++index) {
        Sensor& sensor = sensors_[index];
        sensor.client.start(now + options_.interval / count * index);
        if (sensor.client.ready()) {
            publish_and_write(index, now);
        }
    }
}

void SensorLoop::stop_readings(SteadyTime now) {
    context_.stopping = true;
    stop_at_ = SteadyTime::max();
    drained_at_ = now + options_.drain;
    for (Sensor& sensor : sensors_) {
        note_if_finished(sensor);
    }
}

void SensorLoop::run_timers(SteadyTime now) {
    while (!timers_.empty() && timers_.top().at <= now) {
        const Timer timer = timers_.top();
        timers_.pop();
        Sensor& sensor = sensors_[timer.index];
        if (sensor.timer != timer.at) {
            continue;  // replaced by an earlier one
        }
        sensor.timer = SteadyTime::max();
        if (sensor.connection.is_open()) {
            publish_and_write(timer.index, now);
        } else {
            queue_to_connect(timer.index);
        }
    }
}

void SensorLoop::check_keep_alive(SteadyTime now) {
    if (now < next_keep_alive_check_) {
        return;
    }
    next_keep_alive_check_ = now + kKeepAliveCheck;
    for (std::uint32_t index = 0; index < sensors_.size(); ++index) {
        Sensor& sensor = sensors_[index];
        out_.clear();
        const auto verdict = sensor.client.keep_alive(now, out_);
        sensor.connection.write(out_);
        if (verdict != Verdict::keep) {
            lose(index, verdict, context_.statistics.last_error);
        }
    }
}

SteadyTime SensorLoop::wait_until(SteadyTime now) const {
    if (!publish_again_.empty()) {
        return now;
    }
    SteadyTime until = std::min({next_keep_alive_check_, stop_at_, drained_at_});
    if (!timers_.empty()) {
        until = std::min(until, timers_.top().at);
    }
    return until;
}

void SensorLoop::wait_for_events() {
    for (const EventLoop::Ready& ready : loop_.wait(wait_until(clock_.steady_now()))) {
        handle_event(ready);
    }
    loop_.run_posted();
}

void SensorLoop::handle_event(const EventLoop::Ready& ready) {
    const auto index = static_cast<std::uint32_t>(ready.token);
    Sensor& sensor = sensors_[index];
    if (!sensor.connection.is_open()) {
        return;
    }
    if (!sensor.connection.is_usable()) {
        finish_opening(index);
        return;
    }
    if (ready.writable && sensor.connection.has_unsent() && sensor.connection.write_unsent()) {
        publish_and_write(index, clock_.steady_now());
    }
    if (ready.readable && sensor.connection.is_open()) {
        read(index);
    }
}

void SensorLoop::open_waiting_connections(SteadyTime now) {
    while (!to_connect_.empty() && connecting_ < kConnectingMax) {
        const std::uint32_t index = to_connect_.front();
        to_connect_.pop_front();
        Sensor& sensor = sensors_[index];
        sensor.queued = false;
        if (sensor.connection.is_open() || sensor.finished) {
            continue;
        }
        if (auto opened = sensor.connection.open(broker_, sensor.failures); !opened) {
            ++sensor.failures;
            context_.statistics.last_error = opened.error().message;
            set_timer(index, now + kReconnectFirst * (1 << kReconnectDoublings));
            continue;
        }
        sensor.connecting = true;
        ++connecting_;
    }
}

void SensorLoop::finish_opening(std::uint32_t index) {
    Sensor& sensor = sensors_[index];
    const auto usable = sensor.connection.finish_opening(broker_);
    if (!usable) {
        lose(index, Verdict::reconnect_later, usable.error().message);
        return;
    }
    if (*usable) {
        out_.clear();
        sensor.client.open(clock_.steady_now(), out_);
        sensor.connection.write(out_);
    }
}

void SensorLoop::read(std::uint32_t index) {
    SensorConnection& connection = sensors_[index].connection;
    do {
        const auto input = connection.read(in_);
        if (!input) {
            lose(index, Verdict::reconnect_later, input.error().message);
            return;
        }
        if (input->empty()) {
            return;
        }
        take_input(index, *input);
    } while (connection.holds_more());
}

void SensorLoop::take_input(std::uint32_t index, std::string_view input) {
    Sensor& sensor = sensors_[index];
    const SteadyTime now = clock_.steady_now();
    out_.clear();
    const auto [consumed, verdict] = sensor.client.receive(input, now, out_);
    sensor.connection.keep(input.substr(consumed));
    if (verdict != Verdict::keep) {
        sensor.connection.write(out_);
        lose(index, verdict, context_.statistics.last_error);
        return;
    }
    if (sensor.connecting && sensor.client.ready()) {
        note_ready(sensor);
    }
    publish_after(index, now);
}

void SensorLoop::note_ready(Sensor& sensor) {
    sensor.connecting = false;
    sensor.failures = 0;
    --connecting_;
    ++connected_;
    if (!std::exchange(sensor.counted, true) && ++signals_.sensors_ready == options_.count) {
        signals_.all_ready();
    }
}

void SensorLoop::publish_and_write(std::uint32_t index, SteadyTime now) {
    out_.clear();
    publish_after(index, now);
}

// Readings follow what out_ holds already, in the same write. They wait while the socket is full.
void SensorLoop::publish_after(std::uint32_t index, SteadyTime now) {
    Sensor& sensor = sensors_[index];
    const bool more = !sensor.connection.has_unsent() && sensor.client.publish(now, out_);
    sensor.connection.write(out_);
    if (more && !sensor.connection.has_unsent()) {
        publish_again_.push_back(index);
    } else if (const SteadyTime at = sensor.client.wake_at(); at > now) {
        set_timer(index, at);
    }
    note_if_finished(sensor);
}

void SensorLoop::lose(std::uint32_t index, Verdict verdict, std::string_view reason) {
    Sensor& sensor = sensors_[index];
    --(sensor.connecting ? connecting_ : connected_);
    sensor.connecting = false;
    sensor.client.close();
    sensor.connection.close();
    if (verdict == Verdict::reconnect_now) {
        queue_to_connect(index);
        return;
    }
    context_.statistics.last_error = reason;
    const SteadyTime now = clock_.steady_now();
    if (const auto held_back = throttle_.pass(now)) {
        spdlog::warn(
                "connection of sensor {}: {}; it tries again", sensor.client.client_id(), reason);
    }
    // Half of the delay is random, so that a thousand sensors do not come back in one instant.
    const auto delay = kReconnectFirst * (1 << std::min(sensor.failures++, kReconnectDoublings));
    random_ = random_ * 6364136223846793005 + 1442695040888963407;
    set_timer(index,
            now + delay / 2 + delay / 2 * static_cast<std::int64_t>(random_ >> 48) / 0x10000);
    note_if_finished(sensor);
}

void SensorLoop::queue_to_connect(std::uint32_t index) {
    if (!std::exchange(sensors_[index].queued, true)) {
        to_connect_.push_back(index);
    }
}

void SensorLoop::set_timer(std::uint32_t index, SteadyTime at) {
    if (at < sensors_[index].timer) {
        sensors_[index].timer = at;
        timers_.push({at, index});
    }
}

void SensorLoop::note_if_finished(Sensor& sensor) {
    if (!sensor.finished && sensor.client.finished() && !sensor.connection.has_unsent()) {
        sensor.finished = true;
        --unfinished_;
    }
}

void SensorLoop::write_record() {
    if (context_.record.empty()) {
        return;
    }
    // One write for the batch: with O_APPEND the lines of several loops do not mix.
    const auto size = static_cast<ssize_t>(context_.record.size());
    if (::write(record_file_.number(), context_.record.data(), context_.record.size()) != size) {
        context_.statistics.last_error = failed_call(options_.record.string()).message;
        signals_.abandon = true;
    }
    context_.record.clear();
}

void SensorLoop::show_progress() {
    const Statistics& statistics = context_.statistics;
    progress_.sent.store(statistics.sent, std::memory_order_relaxed);
    progress_.acknowledged.store(statistics.acknowledged, std::memory_order_relaxed);
    progress_.reconnections.store(statistics.reconnections, std::memory_order_relaxed);
    progress_.connected.store(connected_, std::memory_order_relaxed);
}

void SensorLoop::end() {
    write_record();
    for (std::uint32_t index = 0; index < sensors_.size(); ++index) {
        Sensor& sensor = sensors_[index];
        context_.statistics.unacknowledged += sensor.client.unacknowledged();
        if (sensor.client.ready()) {
            out_.clear();
            sensor.client.disconnect(out_);
            sensor.connection.write(out_);
        }
        sensor.connection.close();
    }
    connected_ = 0;
    show_progress();
    progress_.finished = true;
}

}  // namespace foz::sensor
