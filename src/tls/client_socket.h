// SPDX-License-Identifier: Apache-2.0
// TLS of a client over a socket that does not block, for an event loop of its own (level-triggered
// epoll): the caller owns the socket and waits for it. Clients over Asio take ClientContext alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tls/client_context.h"
#include "tls/handle.h"

namespace foz::tls {

/// What a call waits for before it goes on.
enum class Waiting : std::uint8_t { nothing, readable, writable };

/// One thread at a time; movable. After an error the connection is over.
class ClientSocket {
  public:
    /// `descriptor`: connected, non-blocking; it must outlive this. Error: invalid when no
    /// certificate can be for `host`.
    [[nodiscard]] static Result<ClientSocket> create(
            const ClientContext& context, int descriptor, const std::string& host);

    /// Goes on with the handshake. nothing: it is done. Error: unavailable, with the likely cause.
    [[nodiscard]] Result<Waiting> shake_hands();

    /// Bytes put to the beginning of `to`; 0: none is there yet. Error: unavailable, also at the
    /// orderly end.
    [[nodiscard]] Result<std::size_t> read(std::span<char> to);
    /// Whether read() has more for which the socket will not become readable.
    [[nodiscard]] bool holds_more() const;

    /// How many of `bytes` were taken; fewer: call it again with the rest when the socket is
    /// writable. That an error ended the connection shows at the next read().
    [[nodiscard]] std::size_t write(std::string_view bytes);

  private:
    ClientSocket(Handle<ssl_st> connection, std::string host)
        : connection_(std::move(connection)), host_(std::move(host)) {}
    [[nodiscard]] Error failure(int result) const;

    Handle<ssl_st> connection_;
    std::string host_;
};

}  // namespace foz::tls
