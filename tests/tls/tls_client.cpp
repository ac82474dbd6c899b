// SPDX-License-Identifier: Apache-2.0
#include "tests/tls/tls_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/tls/authority_under_test.h"

namespace foz::tls {

TlsClient::TlsClient(const config::ClientTls& settings, std::string_view host)
    : host_(host),
      context_(expect_value(ClientContext::load(settings, real_clock().system_now()))) {
    connection_.reset(SSL_new(context_->native()));
    make_connection();
    expect_value(context_->prepare(connection_.get(), host));
}

TlsClient::TlsClient(Handle<ssl_ctx_st> context) : other_context_(std::move(context)) {
    connection_.reset(SSL_new(other_context_.get()));
    make_connection();
}

void TlsClient::make_connection() {
    input_ = BIO_new(BIO_s_mem());
    output_ = BIO_new(BIO_s_mem());
    SSL_set_bio(connection_.get(), input_, output_);
    SSL_set_connect_state(connection_.get());
}

void TlsClient::stop(int result) {
    const int error = SSL_get_error(connection_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
        closed_ = true;
    } else if (error != SSL_ERROR_WANT_READ) {
        failed_ = true;
        error_ = explain_failure(connection_.get(), ERR_get_error(), host_);
    }
    ERR_clear_error();
}

void TlsClient::step() {
    if (failed_ || closed_) {
        return;
    }
    if (!open_) {
        const int result = SSL_do_handshake(connection_.get());
        open_ = result == 1;
        if (!open_) {
            stop(result);
            return;
        }
    }
    char bytes[20'000];
    int count = 0;
    while ((count = SSL_read(connection_.get(), bytes, sizeof bytes)) > 0) {
        received_.append(bytes, static_cast<std::size_t>(count));
    }
    stop(count);
}

void TlsClient::receive(std::string_view bytes) {
    BIO_write(input_, bytes.data(), static_cast<int>(bytes.size()));
    step();
}

std::string TlsClient::take_output() {
    std::string bytes(static_cast<std::size_t>(BIO_pending(output_)), '\0');
    BIO_read(output_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

void TlsClient::write(std::string_view plaintext) {
    SSL_write(connection_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
}

void TlsClient::close() {
    SSL_shutdown(connection_.get());
}

Link::Link(const ServerContext& server_context, TlsClient& to_this_client)
    : client(to_this_client), server(expect_value(ServerStream::create(server_context))) {}

void Link::settle(std::size_t piece) {
    client.step();
    for (bool moved = true; moved;) {
        std::string from_client = client.take_output();
        moved = !from_client.empty() || !to_client.empty();
        std::string plaintext(piece + ServerStream::kExtraRoom, '\0');
        for (std::string_view rest = from_client; !rest.empty();) {
            const std::string_view part = rest.substr(0, piece);
            rest.remove_prefix(part.size());
            if (server.state() == StreamState::failed || server.state() == StreamState::closed) {
                break;
            }
            const Received received = server.receive(part, plaintext, to_client);
            server_received.append(plaintext, 0, received.size);
        }
        client.receive(std::exchange(to_client, std::string()));
    }
}

void Link::server_sends(std::string_view plaintext) {
    (void)server.send(plaintext, to_client);
}

}  // namespace foz::tls
