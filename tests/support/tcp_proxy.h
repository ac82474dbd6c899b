// SPDX-License-Identifier: Apache-2.0
// A TCP proxy on 127.0.0.1 that a test controls: what networks do to connections, on command.
// Throws std::runtime_error when it cannot listen.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace foz::support {

/// When the bytes waited for have come from the client.
enum class CutWhen : std::uint8_t {
    before_forwarding,  // the server never sees them
    after_forwarding,   // the server gets and handles them; its answer does not come through
};

/// Any thread may call any method. Forwards until destroyed; the target may come and go.
class TcpProxy {
  public:
    explicit TcpProxy(std::uint16_t target_port);
    ~TcpProxy();

    [[nodiscard]] std::uint16_t port() const;
    /// Ends all connections, on both sides.
    void cut_all();
    /// While on, new connections are closed as soon as they are made.
    void refuse(bool on);
    /// While on, nothing is forwarded in either direction, and connections stay open.
    void black_hole(bool on);
    /// Each piece is forwarded this much later.
    void delay(std::chrono::milliseconds delay);
    /// Once, when `bytes` come from a client: cuts that connection. Finds bytes that are split over
    /// two packets.
    void cut_on(std::string bytes, CutWhen when);
    /// How many times cut_on has cut.
    [[nodiscard]] std::size_t cuts() const;
    /// Connections accepted since the start.
    [[nodiscard]] std::size_t accepted() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace foz::support
