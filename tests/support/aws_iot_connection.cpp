// SPDX-License-Identifier: Apache-2.0
#include "tests/support/aws_iot_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace foz::support {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kWithCertificate = "x-amzn-mqtt-ca";
constexpr std::string_view kWithAuthorizer = "mqtt";

int check_server_name(SSL* ssl, int* alert, void* endpoint) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name != nullptr && *static_cast<const std::string*>(endpoint) == name) {
        return SSL_TLSEXT_ERR_OK;
    }
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int require_alpn(SSL* ssl, int* alert, void*) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(
                ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &size) == 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL wants so many parameters.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
        const unsigned char* offered, unsigned offered_size, void*) {
    // Each protocol's length stands before it.
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
        const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
        if (name == kWithCertificate || name == kWithAuthorizer) {
            *chosen = offered + at + 1;
            *chosen_size = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void refuse_as_aws_iot(
        boost::asio::ssl::context& context, const std::string& endpoint, bool with_alpn) {
    SSL_CTX* native = context.native_handle();
    SSL_CTX_set_tlsext_servername_callback(native, check_server_name);
    SSL_CTX_set_tlsext_servername_arg(native, const_cast<std::string*>(&endpoint));
    if (with_alpn) {
        SSL_CTX_set_client_hello_cb(native, require_alpn, nullptr);
        SSL_CTX_set_alpn_select_cb(native, choose_alpn, nullptr);
    }
}

void AwsIotConnection::start() {
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
    stream_.async_handshake(
            asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
                if (error) {
                    self->broker_.refusals.push_back({"", "TLS: " + error.message()});
                    self->abort();
                } else {
                    self->greet();
                }
            });
}

void AwsIotConnection::greet() {
    const AwsIotPeer who = peer();
    if (who.certificate.empty() && !who.custom_authorizer) {
        broker_.refusals.push_back({"", "TLS: no client certificate"});
        shut_down();
        return;
    }
    broker_.opened(*this, who, clock_());
    read();
}

AwsIotPeer AwsIotConnection::peer() {
    SSL* ssl = stream_.native_handle();
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    const std::string_view alpn(reinterpret_cast<const char*>(protocol), size);
    AwsIotPeer who{.certificate = {}, .custom_authorizer = alpn == kWithAuthorizer};
    if (X509* certificate = SSL_get0_peer_certificate(ssl); certificate != nullptr) {
        char name[256] = {};
        X509_NAME_get_text_by_NID(
                X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
        who.certificate = name;
    }
    return who;
}

void AwsIotConnection::read() {
    stream_.async_read_some(
            asio::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t size) {
                if (self->closing_) {
                    return;
                }
                if (error) {
                    self->broker_.gone(*self, self->clock_());
                    self->shut_down();
                    return;
                }
                self->in_.append(self->piece_.data(), size);
                self->broker_.receive(*self, self->in_, self->clock_());
                if (!self->closing_) {
                    self->read();
                }
            });
}

void AwsIotConnection::send(std::string_view bytes) {
    out_ += bytes;
    if (writing_.empty()) {
        write();
    }
}

void AwsIotConnection::write() {
    writing_ = std::exchange(out_, {});
    asio::async_write(stream_, asio::buffer(writing_),
            [self = shared_from_this()](error_code error, std::size_t) {
                self->writing_.clear();
                if (!error && !self->out_.empty()) {
                    self->write();
                } else if (self->closing_) {
                    self->shut_down();
                }
            });
}

void AwsIotConnection::close() {
    closing_ = true;
    if (writing_.empty()) {
        shut_down();
    }
}

void AwsIotConnection::shut_down() {
    closing_ = true;
    linger_.expires_after(std::chrono::seconds(1));
    linger_.async_wait([self = shared_from_this()](error_code) { self->abort(); });
    stream_.async_shutdown([self = shared_from_this()](error_code) { self->discard(); });
}

void AwsIotConnection::discard() {
    // A socket that is closed with unread bytes resets the connection, and the client may then
    // never see the reason that was sent to it.
    stream_.next_layer().async_read_some(
            asio::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t) {
                if (error) {
                    self->linger_.cancel();
                } else {
                    self->discard();
                }
            });
}

void AwsIotConnection::abort() {
    if (!closing_) {
        broker_.gone(*this, clock_());
    }
    closing_ = true;
    error_code ignored;
    stream_.next_layer().close(ignored);
}

}  // namespace foz::support
