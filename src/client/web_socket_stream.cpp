// SPDX-License-Identifier: Apache-2.0
#include "client/web_socket_stream.h"

#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <fmt/format.h>

namespace foz::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

/// A ByteStream as Beast wants the stream below a WebSocket: one type whatever it is, for Beast's
/// templates take long to compile. Handlers are forwarded, never taken by value: the caller
/// computes the buffers from what it moves into the handler.
class NextLayer {
  public:
    using executor_type = asio::io_context::executor_type;

    NextLayer(asio::io_context& io, ByteStream& below) : io_(io), below_(below) {}

    executor_type get_executor() { return io_.get_executor(); }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& into, Handler&& handler) {
        asio::mutable_buffer first;
        for (auto part = asio::buffer_sequence_begin(into);
                part != asio::buffer_sequence_end(into) && first.size() == 0; ++part) {
            first = *part;
        }
        below_.read(
                {static_cast<char*>(first.data()), first.size()}, std::forward<Handler>(handler));
    }

    /// Writes everything: the request, or a frame, of which Beast makes no more than 4 KiB at once.
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler&& handler) {
        writing_.resize(asio::buffer_size(from));
        asio::buffer_copy(asio::buffer(writing_), from);
        below_.write(writing_, std::forward<Handler>(handler));
    }

    /// The connection is over. Whoever reads is told at once, and closes the socket.
    template <class Handler>
    friend void async_teardown(beast::role_type, NextLayer& layer, Handler&& handler) {
        asio::post(layer.get_executor(),
                beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
    }
    /// For timeouts, which are the link's business.
    friend void beast_close_socket(NextLayer&) {}

  private:
    asio::io_context& io_;
    ByteStream& below_;
    std::string writing_;
};

LinkFailure upgrade_failure(const config::RemoteUrl& url, const error_code& error,
        const websocket::response_type& response) {
    if (error == websocket::error::upgrade_declined) {
        return {
            Cause::websocket,
            fmt::format(
                    "the web server answered {} {} instead of a WebSocket; is the path {} right?",
                    response.result_int(), std::string(response.reason()), url.path),
        };
    }
    return {
        Cause::websocket,
        fmt::format("no WebSocket there ({}): is it the right port, and one {}?", error.message(),
                url.tls ? "of WebSocket (otherwise the url begins with mqtts://)"
                        : "without TLS (otherwise the url begins with wss://)"),
    };
}

}  // namespace

struct WebSocketStream::Parts {
    Parts(asio::io_context& io, ByteStream& below) : stream(io, below) {}

    websocket::stream<NextLayer, false> stream;
    websocket::response_type response;
};

WebSocketStream::WebSocketStream(asio::io_context& io, ByteStream& below)
    : parts_(std::make_unique<Parts>(io, below)) {
    parts_->stream.binary(true);
    parts_->stream.auto_fragment(false);
    parts_->stream.read_message_max(0);
    parts_->stream.set_option(
            websocket::stream_base::decorator([](websocket::request_type& request) {
                request.set(beast::http::field::sec_websocket_protocol, "mqtt");
            }));
}

WebSocketStream::~WebSocketStream() = default;

void WebSocketStream::shake_hands(const config::RemoteUrl& url, HandshakeDone done) {
    parts_->stream.async_handshake(parts_->response, fmt::format("{}:{}", url.host, url.port),
            url.path, [this, url, done = std::move(done)](const error_code& error) mutable {
                if (error) {
                    done(upgrade_failure(url, error, parts_->response));
                } else {
                    done(std::nullopt);
                }
            });
}

void WebSocketStream::read(std::span<char> into, Done done) {
    parts_->stream.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
}

void WebSocketStream::write(std::string_view bytes, Done done) {
    parts_->stream.async_write(asio::const_buffer(bytes.data(), bytes.size()), std::move(done));
}

bool WebSocketStream::says_closed(const error_code& error) {
    return error == websocket::error::closed;
}

}  // namespace foz::client
