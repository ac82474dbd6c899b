// SPDX-License-Identifier: Apache-2.0
#include "client/tls_stream.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

namespace foz::client {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

asio::ssl::stream<asio::ip::tcp::socket&> make_stream(
        asio::ip::tcp::socket& socket, const tls::ClientContext& from) {
    ::SSL_CTX_up_ref(from.native());  // asio::ssl::context frees one reference
    asio::ssl::context context(from.native());
    return {socket, context};  // the SSL has a reference to the context of its own
}

}  // namespace

TlsStream::TlsStream(
        asio::ip::tcp::socket& socket, const tls::ClientContext& context, std::string host)
    : stream_(make_stream(socket, context)), host_(std::move(host)) {}

Result<void> TlsStream::shake_hands(const tls::ClientContext& context, HandshakeDone done) {
    if (auto ready = context.prepare(ssl(), host_); !ready) {
        return ready;
    }
    stream_.async_handshake(asio::ssl::stream_base::client, std::move(done));
    return {};
}

void TlsStream::read(std::span<char> into, Done done) {
    stream_.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
}

void TlsStream::write(std::string_view bytes, Done done) {
    asio::async_write(stream_, asio::const_buffer(bytes.data(), bytes.size()), std::move(done));
}

std::optional<LinkFailure> TlsStream::failure_of(const error_code& error) {
    const bool of_tls = error.category() == asio::error::get_ssl_category();
    if (!of_tls && SSL_is_init_finished(ssl()) != 0) {
        return std::nullopt;
    }
    const auto code = of_tls ? static_cast<unsigned long>(error.value()) : 0UL;
    return LinkFailure{Cause::tls, tls::explain_failure(ssl(), code, host_)};
}

}  // namespace foz::client
