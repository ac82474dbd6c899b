// SPDX-License-Identifier: Apache-2.0
#include "tls/server_stream.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "tls/certificate_facts.h"
#include "tls/openssl_error.h"
#include "tls/verification.h"

namespace foz::tls {
namespace {

/// Where OpenSSL reads from and writes to, for the length of one call.
struct Wires {
    std::string_view from_peer;
    std::string* to_peer = nullptr;
};

int read_wire(BIO* bio, char* into, std::size_t size, std::size_t* count) {
    auto* wires = static_cast<Wires*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (wires == nullptr || wires->from_peer.empty()) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *count = std::min(size, wires->from_peer.size());
    std::memcpy(into, wires->from_peer.data(), *count);
    wires->from_peer.remove_prefix(*count);
    return 1;
}

int write_wire(BIO* bio, const char* data, std::size_t size, std::size_t* count) {
    auto* wires = static_cast<Wires*>(BIO_get_data(bio));
    if (wires != nullptr) {
        wires->to_peer->append(data, size);
    }
    *count = size;
    return 1;
}

long control_wire(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* wire_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "foz wire");
        FOZ_CHECK(made != nullptr);
        BIO_meth_set_read_ex(made, read_wire);
        BIO_meth_set_write_ex(made, write_wire);
        BIO_meth_set_ctrl(made, control_wire);
        return made;
    }();
    return method;
}

/// Gives a connection its wires for the length of a scope.
class Wired {
  public:
    Wired(SSL* connection, std::string_view from_peer, std::string& to_peer)
        : bio_(SSL_get_rbio(connection)), wires_{from_peer, &to_peer} {
        BIO_set_data(bio_, &wires_);
        ERR_clear_error();
    }
    ~Wired() { BIO_set_data(bio_, nullptr); }
    Wired(const Wired&) = delete;
    Wired& operator=(const Wired&) = delete;

  private:
    BIO* bio_;
    Wires wires_;
};

/// What it is that begins with this byte, if it is no TLS; "" if it may be.
std::string foreign_protocol(char first) {
    constexpr char kHandshakeRecord = 0x16;
    constexpr char kMqttConnect = 0x10;
    if (first == kHandshakeRecord) {
        return "";
    }
    if (first == kMqttConnect) {
        return "plain MQTT on a TLS listener: let the client use TLS (mqtts://), or connect to a "
               "listener without it";
    }
    if (first == 'G' || first == 'P' || first == 'H' || first == 'O') {
        return "HTTP on an MQTT listener: this is no web server";
    }
    return fmt::format(
            "no TLS: the client's first byte is 0x{:02x}", static_cast<unsigned char>(first));
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
    });
}

}  // namespace

Result<ServerStream> ServerStream::create(const ServerContext& context) {
    Handle<SSL> connection(SSL_new(context.native()));
    BIO* bio = connection ? BIO_new(wire_method()) : nullptr;
    if (bio == nullptr) {
        return foz::fail(ErrorCode::no_space, "no TLS connection: {}", take_openssl_reason());
    }
    BIO_set_init(bio, 1);
    SSL_set_bio(connection.get(), bio, bio);
    SSL_set_accept_state(connection.get());
    return ServerStream(std::move(connection));
}

Received ServerStream::receive(
        std::string_view from_peer, std::span<char> plaintext, std::string& to_peer) {
    const bool ended = state_ == StreamState::closed || state_ == StreamState::failed;
    FOZ_CHECK(!ended);
    FOZ_CHECK(plaintext.size() >= from_peer.size() + kExtraRoom);
    if (!begun_ && !from_peer.empty()) {
        begun_ = true;
        if (std::string foreign = foreign_protocol(from_peer.front()); !foreign.empty()) {
            fail(std::move(foreign));
            return {state_, 0};
        }
    }
    const Wired wired(connection_.get(), from_peer, to_peer);
    if (state_ == StreamState::handshake) {
        shake_hands();
    }
    std::size_t size = 0;
    while (state_ == StreamState::open) {
        std::size_t count = 0;
        const std::span<char> room = plaintext.subspan(size);
        if (SSL_read_ex(connection_.get(), room.data(), room.size(), &count) != 1) {
            if (!stopped()) {
                break;
            }
        }
        size += count;
    }
    return {state_, size};
}

void ServerStream::shake_hands() {
    if (SSL_do_handshake(connection_.get()) == 1) {
        finish_handshake();
    } else {
        stopped();
    }
}

/// Whether the last call ended the connection, rather than wait for more bytes.
bool ServerStream::stopped() {
    switch (SSL_get_error(connection_.get(), 0)) {
        case SSL_ERROR_WANT_READ: return false;
        case SSL_ERROR_ZERO_RETURN: state_ = StreamState::closed; return true;
        default:
            fail(explain_error(connection_.get(), ERR_get_error(), Role::server, ""));
            ERR_clear_error();
            return true;
    }
}

void ServerStream::finish_handshake() {
    state_ = StreamState::open;
    const X509* certificate = SSL_get0_peer_certificate(connection_.get());
    if (certificate == nullptr) {
        return;
    }
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        // Only a resumed session comes so far: nothing is verified then.
        fail("the client's certificate has expired since its TLS session began: renew it");
        return;
    }
    peer_name_ = common_name_of(certificate);
    if (peer_name_.empty() || has_control_characters(peer_name_)) {
        fail("the client's certificate has no CN that could say who it is");
    }
}

void ServerStream::fail(std::string reason) {
    state_ = StreamState::failed;
    error_ = std::move(reason);
    peer_name_.clear();
}

bool ServerStream::send(std::string_view plaintext, std::string& to_peer) {
    FOZ_CHECK(state_ == StreamState::open);
    if (plaintext.empty()) {
        return true;
    }
    const Wired wired(connection_.get(), {}, to_peer);
    std::size_t count = 0;
    if (SSL_write_ex(connection_.get(), plaintext.data(), plaintext.size(), &count) != 1) {
        fail(explain_error(connection_.get(), ERR_get_error(), Role::server, ""));
        ERR_clear_error();
        return false;
    }
    FOZ_CHECK(count == plaintext.size());
    return true;
}

void ServerStream::close(std::string& to_peer) {
    if (state_ == StreamState::open) {
        const Wired wired(connection_.get(), {}, to_peer);
        SSL_shutdown(connection_.get());
        ERR_clear_error();
        state_ = StreamState::closed;
    }
}

std::string ServerStream::protocol() const {
    return fmt::format(
            "{}, {}", SSL_get_version(connection_.get()), SSL_get_cipher_name(connection_.get()));
}

}  // namespace foz::tls
