// SPDX-License-Identifier: Apache-2.0
#include "sensor/sensor_connection.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace foz::sensor {

namespace {

using Interest = EventLoop::Interest;

constexpr std::size_t kReadBytes = 64 << 10;

}  // namespace

Result<void> SensorConnection::open(const WireEnd& broker, std::uint32_t attempt) {
    auto opened = Wire::open(broker, attempt);
    if (!opened) {
        return pass_on(opened);
    }
    wire_ = *std::move(opened);
    watch(Interest::both);
    return {};
}

Result<bool> SensorConnection::finish_opening(const WireEnd& broker) {
    auto waiting = wire_.finish_opening(broker);
    if (!waiting) {
        return pass_on(waiting);
    }
    watch(*waiting == tls::Waiting::writable ? Interest::write : Interest::read);
    usable_ = *waiting == tls::Waiting::nothing;
    return usable_;
}

void SensorConnection::close() {
    wire_ = Wire();
    interest_ = Interest::none;  // a closed descriptor is forgotten by the loop
    usable_ = false;
    unsent_.clear();
    partial_.clear();
}

Result<std::string_view> SensorConnection::read(std::vector<char>& buffer) {
    const std::size_t kept = partial_.size();
    if (buffer.size() < kept + kReadBytes) {
        buffer.resize(kept + kReadBytes);
    }
    std::ranges::copy(partial_, buffer.begin());
    auto size = wire_.read(std::span(buffer).subspan(kept, kReadBytes));
    if (!size) {
        return pass_on(size);
    }
    return std::string_view(buffer.data(), *size == 0 ? 0 : kept + *size);
}

void SensorConnection::write(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    if (unsent_.empty()) {
        bytes.remove_prefix(wire_.write(bytes));
        if (bytes.empty()) {
            return;
        }
        watch(Interest::both);
    }
    unsent_.append(bytes);
}

bool SensorConnection::write_unsent() {
    unsent_.erase(0, wire_.write(unsent_));
    if (!unsent_.empty()) {
        return false;
    }
    unsent_.shrink_to_fit();
    watch(Interest::read);
    return true;
}

void SensorConnection::watch(Interest interest) {
    FOZ_CHECK(loop_->change_interest(wire_.descriptor(), token_, interest_, interest));
    interest_ = interest;
}

}  // namespace foz::sensor
