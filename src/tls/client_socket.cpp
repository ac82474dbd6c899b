// SPDX-License-Identifier: Apache-2.0
#include "tls/client_socket.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls/openssl_error.h"

namespace foz::tls {

Result<ClientSocket> ClientSocket::create(
        const ClientContext& context, int descriptor, const std::string& host) {
    Handle<ssl_st> connection(SSL_new(context.native()));
    if (!connection || SSL_set_fd(connection.get(), descriptor) != 1) {
        return fail(ErrorCode::io, "cannot begin TLS: {}", take_openssl_reason());
    }
    if (auto prepared = context.prepare(connection.get(), host); !prepared) {
        return pass_on(prepared);
    }
    SSL_set_mode(
            connection.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(connection.get());
    return ClientSocket(std::move(connection), host);
}

Result<Waiting> ClientSocket::shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(connection_.get());
    if (result == 1) {
        return Waiting::nothing;
    }
    switch (SSL_get_error(connection_.get(), result)) {
        case SSL_ERROR_WANT_READ: return Waiting::readable;
        case SSL_ERROR_WANT_WRITE: return Waiting::writable;
        default: return std::unexpected(failure(result));
    }
}

Result<std::size_t> ClientSocket::read(std::span<char> to) {
    ERR_clear_error();
    const int room = static_cast<int>(std::min<std::size_t>(to.size(), INT_MAX));
    const int result = SSL_read(connection_.get(), to.data(), room);
    if (result > 0) {
        return static_cast<std::size_t>(result);
    }
    const int error = SSL_get_error(connection_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return 0;
    }
    return std::unexpected(failure(result));
}

bool ClientSocket::holds_more() const {
    return SSL_pending(connection_.get()) > 0;
}

std::size_t ClientSocket::write(std::string_view bytes) {
    if (bytes.empty()) {
        return 0;
    }
    ERR_clear_error();
    const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
    const int result = SSL_write(connection_.get(), bytes.data(), size);
    ERR_clear_error();
    return static_cast<std::size_t>(std::max(result, 0));
}

Error ClientSocket::failure(int result) const {
    const int kind = SSL_get_error(connection_.get(), result);
    if (kind == SSL_ERROR_ZERO_RETURN) {
        return {ErrorCode::unavailable, "closed by the broker"};
    }
    if (kind == SSL_ERROR_SYSCALL && errno != 0) {
        return {ErrorCode::unavailable, errno_message(errno)};
    }
    return {ErrorCode::unavailable, explain_failure(connection_.get(), ERR_peek_error(), host_)};
}

}  // namespace foz::tls
