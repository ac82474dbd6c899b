// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_client.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/support/test_authority.h"

namespace foz::support {

TlsClient::TlsClient(const config::ClientTls& settings, std::string_view host)
    : host_(host),
      context_(expect_value(tls::ClientContext::load(settings, real_clock().system_now()))) {
    connection_.reset(SSL_new(context_->native()));
    make_connection();
    expect_value(context_->prepare(connection_.get(), host));
}

TlsClient::TlsClient(tls::Handle<ssl_ctx_st> context) : other_context_(std::move(context)) {
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
        error_ = tls::explain_failure(connection_.get(), ERR_get_error(), host_);
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

namespace {

/// Size of the packet at the start of `bytes`; 0 when it is not all there.
std::size_t packet_size(std::string_view bytes) {
    std::size_t rest = 0;
    for (std::size_t at = 1; at < bytes.size() && at < 5; ++at) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        rest |= static_cast<std::size_t>(byte & 0x7FU) << (7 * (at - 1));
        if ((byte & 0x80U) == 0) {
            return bytes.size() > at + rest ? at + 1 + rest : 0;
        }
    }
    return 0;
}

}  // namespace

TlsSocket::TlsSocket(const TlsSocketOptions& options)
    : socket_(std::make_unique<broker::RawClient>(options.port)),
      client_(std::make_unique<TlsClient>(options.tls, options.host)) {
    client_->step();
    while (flush() && !client_->open() && !client_->failed() && read()) {
    }
    if (!client_->open()) {
        refused_ = client_->failed() ? client_->error() : "the server closed the connection";
    }
}

bool TlsSocket::flush() {
    const std::string bytes = client_->take_output();
    return bytes.empty() || socket_->send(bytes);
}

bool TlsSocket::read() {
    const std::string bytes = socket_->receive_some();
    client_->receive(bytes);
    return !bytes.empty() && flush();
}

bool TlsSocket::send(std::string_view bytes) {
    if (!refused_.empty()) {
        return false;
    }
    client_->write(bytes);
    return flush();
}

std::optional<std::string> TlsSocket::packet() {
    const auto left = [this] { return std::string_view(client_->received()).substr(taken_); };
    while (packet_size(left()) == 0) {
        if (!read()) {
            return std::nullopt;
        }
    }
    std::string packet(left().substr(0, packet_size(left())));
    taken_ += packet.size();
    return packet;
}

bool TlsSocket::closed() {
    while (client_->received().size() == taken_) {
        if (client_->closed() || client_->failed() || socket_->closed()) {
            return true;
        }
        if (!read() && !socket_->closed()) {
            return false;
        }
    }
    return false;
}

}  // namespace foz::support
