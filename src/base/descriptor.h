// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace foz {

/// A file descriptor that is closed in the end. -1: none.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

}  // namespace foz
