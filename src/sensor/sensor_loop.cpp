// SPDX-License-Identifier: Apache-2.0
#include "sensor/sensor_loop.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX's
#include <unistd.h>

#include "base/check.h"

namespace foz::sensor {

namespace {

constexpr auto kKeepAliveCheck = std::chrono::seconds(1);

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

SensorLoop::SensorLoop(
    const Options& options,
    const WireEnd& broker,
    FleetSignals& signals,
    SensorRange range,
    const Clock& clock
)
    : options_(options),
      broker_(broker),
      signals_(signals),
      context_(options),
      clock_(clock),
      loop_(clock),
      random_(options.seed + range.first),
      unfinished_(range.count) {
    connections_.reserve(range.count);
    for (std::uint32_t index = 0; index < range.count; ++index) {
        connections_.emplace_back(context_, range.first + index);
        queue_to_connect(index);
    }
}

Result<void> SensorLoop::open() {
    if (!options_.record.empty()) {
        record_file_ = Descriptor(
            ::open(options_.record.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
        );
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
    const auto count = static_cast<std::int64_t>(connections_.size());
    for (std::uint32_t index = 0; index < connections_.size(); ++index) {
        Connection& connection = connections_[index];
        connection.client.start(now + options_.interval / count * index);
        if (connection.client.ready()) {
            publish_and_write(index, now);
        }
    }
}

void SensorLoop::stop_readings(SteadyTime now) {
    context_.stopping = true;
    stop_at_ = SteadyTime::max();
    drained_at_ = now + options_.drain;
    for (Connection& connection : connections_) {
        note_if_finished(connection);
    }
}

void SensorLoop::run_timers(SteadyTime now) {
    while (!timers_.empty() && timers_.top().at <= now) {
        const Timer timer = timers_.top();
        timers_.pop();
        Connection& connection = connections_[timer.index];
        if (connection.timer != timer.at) {
            continue;  // replaced by an earlier one
        }
        connection.timer = SteadyTime::max();
        if (connection.wire.is_open()) {
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
    for (std::uint32_t index = 0; index < connections_.size(); ++index) {
        Connection& connection = connections_[index];
        out_.clear();
        const auto verdict = connection.client.keep_alive(now, out_);
        write(index);
        if (verdict != SensorClient::Verdict::keep) {
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
    Connection& connection = connections_[index];
    if (!connection.wire.is_open()) {
        return;
    }
    if (!connection.transport_open) {
        finish_opening(index);
        return;
    }
    if (ready.writable) {
        write_unsent(index);
    }
    if (ready.readable && connection.wire.is_open()) {
        read(index);
    }
}

void SensorLoop::set_timer(std::uint32_t index, SteadyTime at) {
    if (at < connections_[index].timer) {
        connections_[index].timer = at;
        timers_.push({at, index});
    }
}

void SensorLoop::note_if_finished(Connection& connection) {
    if (!connection.finished && connection.client.finished() && connection.unsent.empty()) {
        connection.finished = true;
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
    for (std::uint32_t index = 0; index < connections_.size(); ++index) {
        Connection& connection = connections_[index];
        context_.statistics.unacknowledged += connection.client.unacknowledged();
        if (connection.client.ready()) {
            out_.clear();
            connection.client.disconnect(out_);
            write(index);
        }
        connection.wire = Wire();
    }
    connected_ = 0;
    show_progress();
    progress_.finished = true;
}

}  // namespace foz::sensor
