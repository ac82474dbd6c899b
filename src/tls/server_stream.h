// SPDX-License-Identifier: Apache-2.0
// One TLS connection of a listener, without its socket: the caller passes in what came from the
// peer, and sends what it is given. Never blocks, keeps no byte of its own: what comes in is
// decrypted at once, up to a record that is not complete (which OpenSSL keeps), and what goes out
// is appended to the caller's buffer. So an idle connection has no buffer at all.
//
// A recipe for the loop: recv(); receive(); handle the plaintext; send(); write() the ciphertext.
// After any call, send what was appended to `to_peer`, also when the state is closed or failed:
// then it is the alert that tells the peer why.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tls/handle.h"
#include "tls/server_context.h"

namespace foz::tls {

enum class StreamState : std::uint8_t {
    handshake,  // nothing can be sent yet
    open,
    closed,  // the peer ended it in order; nothing more comes, nothing more can be sent
    failed,  // see error()
};

/// What receive() did.
struct Received {
    StreamState state = StreamState::handshake;
    std::size_t size = 0;  // bytes of plaintext
};

/// One thread at a time; movable. A few KiB: see docs/certificates.md.
class ServerStream {
  public:
    /// receive() needs room for what it is given and one record more, of which all but the end may
    /// have come earlier.
    static constexpr std::size_t kExtraRoom = std::size_t{16} << 10;

    /// Fails only when there is no memory.
    [[nodiscard]] static Result<ServerStream> create(const ServerContext& context);

    /// Takes bytes from the peer. Plaintext goes to the beginning of `plaintext`, which must be at
    /// least from_peer.size() + kExtraRoom long; answers of TLS itself are appended to `to_peer`.
    /// Plaintext that comes together with the end of the handshake, or before an orderly end, is
    /// delivered. Not to be called when closed or failed.
    [[nodiscard]] Received receive(
            std::string_view from_peer, std::span<char> plaintext, std::string& to_peer);

    /// Encrypts all of `plaintext` and appends it to `to_peer`. Only when open. False: the
    /// connection has failed.
    [[nodiscard]] bool send(std::string_view plaintext, std::string& to_peer);

    /// Appends the orderly end (close_notify). Nothing can be sent after.
    void close(std::string& to_peer);

    [[nodiscard]] StreamState state() const { return state_; }

    /// The CN of the client's certificate, which has been verified; "" when it showed none. From
    /// the moment that the state is open.
    [[nodiscard]] const std::string& peer_name() const { return peer_name_; }
    /// `TLSv1.3, TLS_AES_256_GCM_SHA384`
    [[nodiscard]] std::string protocol() const;
    /// Why it failed, for a log line that begins with who the peer is: `plain MQTT on a TLS
    /// listener; ...`. "" unless failed.
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    explicit ServerStream(Handle<ssl_st> connection) : connection_(std::move(connection)) {}

    void shake_hands();
    void finish_handshake();
    bool stopped();
    void fail(std::string reason);

    Handle<ssl_st> connection_;
    StreamState state_ = StreamState::handshake;
    bool begun_ = false;  // the peer has sent something
    std::string peer_name_;
    std::string error_;
};

}  // namespace foz::tls
