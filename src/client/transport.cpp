// SPDX-License-Identifier: Apache-2.0
#include "client/transport.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <fmt/format.h>

#include "client/loop_context.h"
#include "client/name_lookups.h"
#include "tls/peer_chain.h"

namespace foz::client {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;
// Without compression, which MQTT clients do not ask for.
template <class Next>
using WebSocket = websocket::stream<Next, false>;

template <class Stream>
constexpr bool kIsWebSocket = false;
template <class Next>
constexpr bool kIsWebSocket<WebSocket<Next>> = true;

template <class Stream>
constexpr bool kIsTls =
    std::is_same_v<Stream, TlsStream> || std::is_same_v<Stream, WebSocket<TlsStream>>;

std::string shown(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                      : fmt::format("{}:{}", address, endpoint.port());
}

Failure resolve_failure(const std::string& host, const Error& error) {
    return {
        Cause::name_not_resolved,
        fmt::format(
            "the name \"{}\" cannot be resolved ({}): is it spelt right, and does this machine "
            "reach its DNS server?",
            host,
            error.message
        ),
    };
}

Failure connect_failure(const std::string& where, const error_code& error) {
    if (error == asio::error::connection_refused) {
        return {
            Cause::refused,
            fmt::format(
                "nobody listens on {} (connection refused): is the broker running, and is that its "
                "port?",
                where
            ),
        };
    }
    return {
        Cause::unreachable,
        fmt::format(
            "{} cannot be reached ({}): is there a route, or a firewall between?",
            where,
            error.message()
        ),
    };
}

template <class Stream>
class StreamTransport final : public Transport {
  public:
    StreamTransport(Loop::Context& loop, TransportTarget target)
        : target_(std::move(target)),
          lookups_(loop.lookups),
          stream_(make_stream(loop.io, target_)) {}

    void connect(std::function<void(StepDone)> on_step, std::function<void(Outcome)> done)
        override {
        on_step_ = std::move(on_step);
        connected_ = std::move(done);
        resolve();
    }

    void read(std::span<char> into, std::function<void(Outcome, std::size_t)> done) override {
        stream_.async_read_some(
            asio::buffer(into.data(), into.size()),
            [self = keep(), done = std::move(done)](const error_code& error, std::size_t size) {
                done(self->failure_of(error), size);
            }
        );
    }

    void write(std::string_view bytes, std::function<void(Outcome)> done) override {
        const auto written = [self = keep(), done = std::move(done)](
                                 const error_code& error, std::size_t
                             ) { done(self->failure_of(error)); };
        const asio::const_buffer buffer(bytes.data(), bytes.size());
        if constexpr (kIsWebSocket<Stream>) {
            stream_.async_write(buffer, written);
        } else {
            asio::async_write(stream_, buffer, written);
        }
    }

    void close() override {
        error_code ignored;
        lookup_.reset();
        socket().close(ignored);
        // They keep whoever keeps this alive.
        on_step_ = nullptr;
        connected_ = nullptr;
    }

    [[nodiscard]] std::string doing() const override { return doing_; }

  private:
    static Stream make_stream(asio::io_context& io, const TransportTarget& target) {
        if constexpr (kIsTls<Stream>) {
            ::SSL_CTX_up_ref(target.tls->native());  // asio::ssl::context frees one reference
            asio::ssl::context context(target.tls->native());
            return Stream(io, context);  // the SSL has a reference to the context of its own
        } else {
            return Stream(io);
        }
    }

    std::shared_ptr<StreamTransport> keep() {
        return std::static_pointer_cast<StreamTransport>(shared_from_this());
    }
    tcp::socket& socket() { return boost::beast::get_lowest_layer(stream_); }
    TlsStream& tls_stream()
        requires kIsTls<Stream>
    {
        if constexpr (kIsWebSocket<Stream>) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    void resolve() {
        doing_ = fmt::format("resolving {}", target_.url.host);
        // It is not called any more when this, and the ticket with it, is gone.
        lookup_ = lookups_.start(target_.url.host, target_.url.port, [this](const auto& found) {
            const auto self = keep();
            after_lookup(found);
        });
    }

    void after_lookup(const Result<NameLookups::Endpoints>& found) {
        if (!found) {
            finish(resolve_failure(target_.url.host, found.error()));
            return;
        }
        std::string addresses;
        for (const tcp::endpoint& endpoint : *found) {
            addresses += (addresses.empty() ? "" : ", ") + endpoint.address().to_string();
        }
        tell({.step = Step::name, .text = addresses, .chain = {}});
        connect_to(*found);
    }

    void connect_to(const NameLookups::Endpoints& endpoints) {
        doing_ = fmt::format("connecting to {}", shown(endpoints.front()));
        asio::async_connect(
            socket(),
            endpoints,
            [self = keep(), first = shown(endpoints.front())](
                const error_code& error, const tcp::endpoint& endpoint
            ) {
                if (error) {
                    self->finish(connect_failure(first, error));
                    return;
                }
                error_code ignored;
                self->socket().set_option(tcp::no_delay(true), ignored);
                self->tell({.step = Step::tcp, .text = shown(endpoint), .chain = {}});
                self->shake_hands();
            }
        );
    }

    void shake_hands() {
        if constexpr (kIsTls<Stream>) {
            doing_ = "waiting for the TLS handshake";
            if (auto ready = target_.tls->prepare(tls_stream().native_handle(), target_.url.host);
                !ready) {
                finish(Failure{Cause::configuration, ready.error().message});
                return;
            }
            tls_stream().async_handshake(
                asio::ssl::stream_base::client,
                [self = keep()](const error_code& error) { self->after_handshake(error); }
            );
        } else {
            upgrade();
        }
    }

    void after_handshake(const error_code& error)
        requires kIsTls<Stream>
    {
        SSL* const ssl = tls_stream().native_handle();
        tell({
            .step = Step::tls,
            .text = error ? "" : fmt::format("{}, {}", SSL_get_version(ssl), SSL_get_cipher(ssl)),
            .chain = tls::peer_chain(ssl),
        });
        if (error) {
            finish(failure_of(error));
            return;
        }
        upgrade();
    }

    void upgrade() {
        if constexpr (kIsWebSocket<Stream>) {
            doing_ = "waiting for the WebSocket upgrade";
            stream_.binary(true);
            stream_.auto_fragment(false);
            stream_.read_message_max(0);
            stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request
                                                                 ) {
                request.set(boost::beast::http::field::sec_websocket_protocol, "mqtt");
            }));
            const config::RemoteUrl& url = target_.url;
            stream_.async_handshake(
                response_,
                fmt::format("{}:{}", url.host, url.port),
                url.path,
                [self = keep()](const error_code& error) { self->after_upgrade(error); }
            );
        } else {
            finish({});
        }
    }

    void after_upgrade(const error_code& error) {
        if (error == websocket::error::upgrade_declined) {
            finish(Failure{
                Cause::websocket,
                fmt::format(
                    "the web server answered {} {} instead of a WebSocket; is the path {} right?",
                    response_.result_int(),
                    std::string(response_.reason()),
                    target_.url.path
                ),
            });
        } else if (error) {
            finish(Failure{
                Cause::websocket,
                fmt::format(
                    "no WebSocket there ({}): is it the right port, and one {}?",
                    error.message(),
                    target_.url.tls ? "of WebSocket (otherwise the url begins with mqtts://)"
                                    : "without TLS (otherwise the url begins with wss://)"
                ),
            });
        } else {
            tell({.step = Step::websocket, .text = target_.url.path, .chain = {}});
            finish({});
        }
    }

    // What they are told may lead to close(): both callbacks are called as copies.
    void tell(StepDone step) {
        if (const auto on_step = on_step_) {
            on_step(std::move(step));
        }
    }
    void finish(Outcome outcome) {
        on_step_ = nullptr;
        if (const auto done = std::exchange(connected_, nullptr)) {
            done(std::move(outcome));
        }
    }

    Outcome failure_of(const error_code& error) {
        if (!error) {
            return std::nullopt;
        }
        if constexpr (kIsTls<Stream>) {
            const bool of_tls = error.category() == asio::error::get_ssl_category();
            SSL* const ssl = tls_stream().native_handle();
            if (of_tls || SSL_is_init_finished(ssl) == 0) {
                const auto code = of_tls ? static_cast<unsigned long>(error.value()) : 0UL;
                return Failure{Cause::tls, tls::explain_failure(ssl, code, target_.url.host)};
            }
        }
        if (error == asio::error::eof || error == asio::error::connection_reset ||
            error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated ||
            error == websocket::error::closed) {
            return Failure{Cause::lost, "the broker closed the connection"};
        }
        return Failure{Cause::lost, fmt::format("the connection was lost ({})", error.message())};
    }

    TransportTarget target_;
    NameLookups& lookups_;
    NameLookups::Ticket lookup_;
    Stream stream_;
    websocket::response_type response_;
    std::string doing_;
    std::function<void(StepDone)> on_step_;
    std::function<void(Outcome)> connected_;
};

}  // namespace

std::shared_ptr<Transport> make_transport(Loop& loop, TransportTarget target) {
    Loop::Context& context = loop.context();
    const config::RemoteUrl url = target.url;
    if (url.tls && url.websocket) {
        return std::make_shared<StreamTransport<WebSocket<TlsStream>>>(context, std::move(target));
    }
    if (url.tls) {
        return std::make_shared<StreamTransport<TlsStream>>(context, std::move(target));
    }
    if (url.websocket) {
        return std::make_shared<StreamTransport<WebSocket<tcp::socket>>>(
            context, std::move(target)
        );
    }
    return std::make_shared<StreamTransport<tcp::socket>>(context, std::move(target));
}

}  // namespace foz::client
