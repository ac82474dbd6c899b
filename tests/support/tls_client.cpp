// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_client.h"

#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace foz::support {
namespace {

int connect_to(std::uint16_t port) {
    const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connected, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(connected);
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(connected, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connected;
}

std::string last_error() {
    char reason[256];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    return reason;
}

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

struct TlsClient::Native {
    explicit Native(std::uint16_t port)
        : socket(connect_to(port)), context(SSL_CTX_new(TLS_client_method())), ssl(nullptr) {}
    ~Native() {
        SSL_free(ssl);
        SSL_CTX_free(context);
        ::close(socket);
    }
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;

    const int socket;
    SSL_CTX* context;
    SSL* ssl;
};

TlsClient::TlsClient(const TlsClientOptions& options)
    : native_(std::make_unique<Native>(options.port)) {
    // OpenSSL writes to the socket without MSG_NOSIGNAL, and servers under test close it.
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX* context = native_->context;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    bool ready = SSL_CTX_load_verify_file(context, options.ca.c_str()) == 1;
    if (options.certificate) {
        ready =
            ready &&
            SSL_CTX_use_certificate_chain_file(context, options.certificate->certificate.c_str()) ==
                1 &&
            SSL_CTX_use_PrivateKey_file(
                context, options.certificate->key.c_str(), SSL_FILETYPE_PEM
            ) == 1;
    }
    if (!ready) {
        throw std::runtime_error("cannot use the files of the TLS client: " + last_error());
    }
    native_->ssl = SSL_new(context);
    if (!options.server_name.empty()) {
        SSL_set_tlsext_host_name(native_->ssl, options.server_name.c_str());
    }
    if (!options.alpn.empty()) {
        const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
        SSL_set_alpn_protos(
            native_->ssl,
            reinterpret_cast<const unsigned char*>(list.data()),
            static_cast<unsigned>(list.size())
        );
    }
    SSL_set_fd(native_->ssl, native_->socket);
    ERR_clear_error();
    if (SSL_connect(native_->ssl) != 1) {
        refused_ = last_error();
    }
}

TlsClient::~TlsClient() = default;
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;

bool TlsClient::send(std::string_view bytes) {
    return refused_.empty() &&
           SSL_write(native_->ssl, bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
}

bool TlsClient::read() {
    char piece[4096];
    const int size = refused_.empty() ? SSL_read(native_->ssl, piece, sizeof piece) : 0;
    if (size > 0) {
        in_.append(piece, static_cast<std::size_t>(size));
    }
    return size > 0;
}

std::optional<std::string> TlsClient::packet() {
    std::size_t size = packet_size(in_);
    while (size == 0) {
        if (!read()) {
            return std::nullopt;
        }
        size = packet_size(in_);
    }
    std::string packet = in_.substr(0, size);
    in_.erase(0, size);
    return packet;
}

bool TlsClient::closed() {
    return in_.empty() && !read() &&
           (!refused_.empty() || SSL_get_error(native_->ssl, 0) != SSL_ERROR_WANT_READ);
}

void TlsClient::break_off() {
    ::shutdown(native_->socket, SHUT_RDWR);
}

}  // namespace foz::support
