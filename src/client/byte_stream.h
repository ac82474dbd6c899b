// SPDX-License-Identifier: Apache-2.0
// One layer of a connection: bytes over TCP, over TLS, or in the frames of a WebSocket. Each but
// the lowest lies on another, which its owner keeps. For the .cpp files of this folder, on the
// loop's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include <boost/system/error_code.hpp>

namespace foz::client {

/// No callback comes from inside the call that was given it. This stays until the last one came, or
/// the loop is gone: whatever keeps it is kept by the callbacks.
class ByteStream {
  public:
    using Done = std::move_only_function<void(const boost::system::error_code&, std::size_t)>;

    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;

    /// Reads at least one byte into `into`; one at a time. Says how many there are.
    virtual void read(std::span<char> into, Done done) = 0;

    /// Writes all of `bytes`, which stay where they are until `done`; one at a time.
    virtual void write(std::string_view bytes, Done done) = 0;
};

}  // namespace foz::client
