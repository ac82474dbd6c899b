// SPDX-License-Identifier: Apache-2.0
// The part of SensorLoop that deals with one connection: open, read, write, lose.
#include <algorithm>

#include "base/check.h"
#include "sensor/sensor_loop.h"

namespace foz::sensor {

namespace {

using Interest = EventLoop::Interest;
using Verdict = SensorClient::Verdict;

constexpr std::uint32_t kConnectingMax = 100;  // at once, so that the broker's backlog holds them
constexpr std::size_t kReadBytes = 64 << 10;
constexpr auto kReconnectFirst = std::chrono::milliseconds(100);
constexpr std::uint32_t kReconnectDoublings = 5;  // up to 3.2 s

}  // namespace

void SensorLoop::open_waiting_connections(SteadyTime now) {
    while (!to_connect_.empty() && connecting_ < kConnectingMax) {
        const std::uint32_t index = to_connect_.front();
        to_connect_.pop_front();
        Connection& connection = connections_[index];
        connection.queued = false;
        if (connection.wire.is_open() || connection.finished) {
            continue;
        }
        if (auto opened = open_wire(index); !opened) {
            connection.wire = Wire();
            ++connection.failures;
            context_.statistics.last_error = opened.error().message;
            set_timer(index, now + kReconnectFirst * (1 << kReconnectDoublings));
        }
    }
}

Result<void> SensorLoop::open_wire(std::uint32_t index) {
    Connection& connection = connections_[index];
    auto opened = Wire::open(broker_, connection.failures);
    if (!opened) {
        return pass_on(opened);
    }
    connection.wire = *std::move(opened);
    connection.connecting = true;
    connection.transport_open = false;
    connection.interest = Interest::none;
    ++connecting_;
    watch(index, Interest::both);
    return {};
}

void SensorLoop::watch(std::uint32_t index, Interest interest) {
    Connection& connection = connections_[index];
    FOZ_CHECK(
        loop_.change_interest(connection.wire.descriptor(), index, connection.interest, interest)
    );
    connection.interest = interest;
}

void SensorLoop::finish_opening(std::uint32_t index) {
    Connection& connection = connections_[index];
    const auto waiting = connection.wire.finish_opening(broker_);
    if (!waiting) {
        lose(index, Verdict::reconnect_later, waiting.error().message);
        return;
    }
    watch(index, *waiting == tls::Waiting::writable ? Interest::write : Interest::read);
    if (*waiting != tls::Waiting::nothing) {
        return;
    }
    connection.transport_open = true;
    out_.clear();
    connection.client.open(clock_.steady_now(), out_);
    write(index);
}

void SensorLoop::read(std::uint32_t index) {
    Connection& connection = connections_[index];
    do {
        const std::size_t kept = connection.partial.size();
        if (in_.size() < kept + kReadBytes) {
            in_.resize(kept + kReadBytes);
        }
        std::ranges::copy(connection.partial, in_.begin());
        const auto size = connection.wire.read(std::span(in_).subspan(kept, kReadBytes));
        if (!size) {
            lose(index, Verdict::reconnect_later, size.error().message);
            return;
        }
        if (*size == 0) {
            return;
        }
        take_input(index, kept + *size);
    } while (connection.wire.holds_more());
}

// The first bytes of in_: what was left of before, and what has come.
void SensorLoop::take_input(std::uint32_t index, std::size_t size) {
    Connection& connection = connections_[index];
    const SteadyTime now = clock_.steady_now();
    const std::string_view input(in_.data(), size);
    out_.clear();
    const auto [consumed, verdict] = connection.client.receive(input, now, out_);
    connection.partial.assign(input.substr(consumed));
    if (verdict != Verdict::keep) {
        write(index);
        lose(index, verdict, context_.statistics.last_error);
        return;
    }
    if (connection.connecting && connection.client.ready()) {
        note_ready(connection);
    }
    publish_after(index, now);
}

void SensorLoop::note_ready(Connection& connection) {
    connection.connecting = false;
    connection.failures = 0;
    --connecting_;
    ++connected_;
    if (!std::exchange(connection.counted, true) && ++signals_.sensors_ready == options_.count) {
        signals_.all_ready();
    }
}

void SensorLoop::publish_and_write(std::uint32_t index, SteadyTime now) {
    out_.clear();
    publish_after(index, now);
}

// Readings follow what out_ holds already, in the same write. They wait while the socket is full.
void SensorLoop::publish_after(std::uint32_t index, SteadyTime now) {
    Connection& connection = connections_[index];
    const bool more = connection.unsent.empty() && connection.client.publish(now, out_);
    write(index);
    if (more && connection.unsent.empty()) {
        publish_again_.push_back(index);
    } else if (const SteadyTime at = connection.client.wake_at(); at > now) {
        set_timer(index, at);
    }
    note_if_finished(connection);
}

// Writes out_, or keeps what the socket does not take. That an error ended the connection shows at
// the next read.
void SensorLoop::write(std::uint32_t index) {
    if (out_.empty()) {
        return;
    }
    Connection& connection = connections_[index];
    std::string_view rest = out_;
    if (connection.unsent.empty()) {
        rest.remove_prefix(connection.wire.write(rest));
        if (rest.empty()) {
            return;
        }
        watch(index, Interest::both);
    }
    connection.unsent.append(rest);
}

void SensorLoop::write_unsent(std::uint32_t index) {
    Connection& connection = connections_[index];
    connection.unsent.erase(0, connection.wire.write(connection.unsent));
    if (!connection.unsent.empty()) {
        return;
    }
    connection.unsent.shrink_to_fit();
    watch(index, Interest::read);
    publish_and_write(index, clock_.steady_now());
}

void SensorLoop::lose(std::uint32_t index, Verdict verdict, std::string_view reason) {
    Connection& connection = connections_[index];
    --(connection.connecting ? connecting_ : connected_);
    connection.connecting = false;
    connection.client.close();
    connection.wire = Wire();
    connection.unsent.clear();
    connection.partial.clear();
    if (verdict == Verdict::reconnect_now) {
        queue_to_connect(index);
        return;
    }
    context_.statistics.last_error = reason;
    const SteadyTime now = clock_.steady_now();
    if (const auto held_back = throttle_.pass(now)) {
        spdlog::warn(
            "connection of sensor {}: {}; it tries again", connection.client.client_id(), reason
        );
    }
    // Half of the delay is random, so that a thousand sensors do not come back in one instant.
    const auto delay =
        kReconnectFirst * (1 << std::min(connection.failures++, kReconnectDoublings));
    random_ = random_ * 6364136223846793005 + 1442695040888963407;
    set_timer(
        index, now + delay / 2 + delay / 2 * static_cast<std::int64_t>(random_ >> 48) / 0x10000
    );
    note_if_finished(connection);
}

void SensorLoop::queue_to_connect(std::uint32_t index) {
    if (!std::exchange(connections_[index].queued, true)) {
        to_connect_.push_back(index);
    }
}

}  // namespace foz::sensor
