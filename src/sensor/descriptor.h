// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <unistd.h>

namespace foz::sensor {

/// A file descriptor, closed by the destructor.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~Descriptor() {
        if (is_open()) {
            ::close(value_);
        }
    }

    [[nodiscard]] bool is_open() const { return value_ >= 0; }
    [[nodiscard]] int get() const { return value_; }

  private:
    int value_ = -1;
};

}  // namespace foz::sensor
