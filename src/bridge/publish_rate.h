// SPDX-License-Identifier: Apache-2.0
// Keeps what is published within the rates that a broker allows for a connection: a bucket
// of messages and one of bytes. Pure; one thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "config/aws_iot_limits.h"

namespace foz::bridge {

class PublishRate {
  public:
    explicit PublishRate(const config::RemoteLimits& limits);

    /// False for a broker without limits: then nothing below needs to be called.
    [[nodiscard]] bool limited() const { return limited_; }
    /// How long to wait until a message may be published; zero: now.
    [[nodiscard]] std::chrono::nanoseconds wait(SteadyTime now);
    /// One was published, of that many bytes.
    void take(std::size_t bytes);

  private:
    const double messages_per_second_;
    const double bytes_per_second_;
    const bool limited_;
    double messages_;
    double bytes_;
    SteadyTime filled_;
};

}  // namespace foz::bridge
