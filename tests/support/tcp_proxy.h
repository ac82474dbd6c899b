// SPDX-License-Identifier: Apache-2.0
// A TCP proxy on 127.0.0.1 that a test controls: what networks do to connections, on command.
// Throws std::runtime_error when it cannot listen.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace foz::support {

/// When the bytes waited for have come from the client.
enum class CutWhen : std::uint8_t {
    before_forwarding,  // the server never sees them
    after_forwarding,   // the server gets and handles them; its answer does not come through
    never,  // the same, but the connection stays open: the proxy becomes a black hole instead
};

enum class Side : std::uint8_t { client, server };

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
    /// While on, what comes from either side is taken and thrown away, nothing answers, and
    /// connections stay open. Switched off, those that have lost bytes are cut.
    void swallow(bool on);
    /// Each piece is forwarded this much later.
    void delay(std::chrono::milliseconds delay);
    /// Once, when `bytes` come from a client: cuts that connection. Finds bytes that are split over
    /// two packets.
    void cut_on(std::string bytes, CutWhen when);
    /// Once: after so many more bytes (1 or more) have come from this side, and been forwarded, the
    /// connection that they came on is cut, in the middle of whatever they were.
    void truncate(Side from, std::size_t bytes);
    /// How many times the bytes of cut_on have come, and truncate has cut.
    [[nodiscard]] std::size_t cuts() const;
    /// Connections accepted since the start.
    [[nodiscard]] std::size_t accepted() const;

    /// What is forwarded from now on: `seen` is called just before the bytes are sent on, on a
    /// thread for each side of each connection. Connections are numbered from 1.
    using Witness = std::function<void(std::size_t connection, Side from, std::string_view bytes)>;
    void watch(Witness seen);

    /// Changes what is forwarded from now on, on the threads that forward. May be empty again.
    using Change = std::function<void(Side from, std::string& bytes)>;
    void change(Change change);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace foz::support
