// SPDX-License-Identifier: Apache-2.0
#include "client/transport.h"

#include <memory>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <fmt/format.h>

#include "client/loop_context.h"
#include "client/name_lookups.h"
#include "client/tcp_stream.h"
#include "client/tls_stream.h"
#include "client/web_socket_stream.h"
#include "tls/peer_chain.h"

namespace foz::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string shown(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                      : fmt::format("{}:{}", address, endpoint.port());
}

LinkFailure resolve_failure(const std::string& host, const Error& error) {
    return {
        Cause::name_not_resolved,
        fmt::format("the name \"{}\" cannot be resolved ({}): is it spelt right, and does this "
                    "machine reach its DNS server?",
                host, error.message),
    };
}

LinkFailure connect_failure(const std::string& where, const error_code& error) {
    if (error == asio::error::connection_refused) {
        return {
            Cause::refused,
            fmt::format("nobody listens on {} (connection refused): is the broker running, and is "
                        "that its port?",
                    where),
        };
    }
    return {
        Cause::unreachable,
        fmt::format("{} cannot be reached ({}): is there a route, or a firewall between?", where,
                error.message()),
    };
}

/// The layers, the highest of which is read from and written to.
class StreamTransport final : public Transport {
  public:
    StreamTransport(Loop::Context& loop, TransportTarget target)
        : target_(std::move(target)), lookups_(loop.lookups), tcp_(loop.io) {
        if (target_.url.tls) {
            tls_ = std::make_unique<TlsStream>(tcp_.socket(), *target_.tls, target_.url.host);
            top_ = tls_.get();
        }
        if (target_.url.websocket) {
            web_socket_ = std::make_unique<WebSocketStream>(loop.io, *top_);
            top_ = web_socket_.get();
        }
    }

    void connect(
            std::function<void(StepDone)> on_step, std::function<void(Outcome)> done) override {
        on_step_ = std::move(on_step);
        connected_ = std::move(done);
        resolve();
    }

    void read(std::span<char> into, std::function<void(Outcome, std::size_t)> done) override {
        top_->read(into, [self = keep(), done = std::move(done)](const error_code& error,
                                 std::size_t size) { done(self->failure_of(error), size); });
    }

    void write(std::string_view bytes, std::function<void(Outcome)> done) override {
        top_->write(bytes, [self = keep(), done = std::move(done)](const error_code& error,
                                   std::size_t) { done(self->failure_of(error)); });
    }

    void close() override {
        lookup_.reset();
        tcp_.close();
        // They keep whoever keeps this alive.
        on_step_ = nullptr;
        connected_ = nullptr;
    }

    [[nodiscard]] std::string doing() const override { return doing_; }

  private:
    std::shared_ptr<StreamTransport> keep() {
        return std::static_pointer_cast<StreamTransport>(shared_from_this());
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
        tcp_.connect(endpoints, [self = keep(), first = shown(endpoints.front())](
                                        const error_code& error, const tcp::endpoint& endpoint) {
            if (error) {
                self->finish(connect_failure(first, error));
                return;
            }
            self->tell({.step = Step::tcp, .text = shown(endpoint), .chain = {}});
            self->shake_hands();
        });
    }

    void shake_hands() {
        if (tls_ == nullptr) {
            upgrade();
            return;
        }
        doing_ = "waiting for the TLS handshake";
        const auto begun = tls_->shake_hands(*target_.tls,
                [self = keep()](const error_code& error) { self->after_handshake(error); });
        if (!begun) {
            finish(LinkFailure{Cause::configuration, begun.error().message});
        }
    }

    void after_handshake(const error_code& error) {
        SSL* const ssl = tls_->ssl();
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
        if (web_socket_ == nullptr) {
            finish({});
            return;
        }
        doing_ = "waiting for the WebSocket upgrade";
        web_socket_->shake_hands(target_.url, [self = keep()](Outcome failure) {
            if (!failure) {
                self->tell({.step = Step::websocket, .text = self->target_.url.path, .chain = {}});
            }
            self->finish(std::move(failure));
        });
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
        if (tls_ != nullptr) {
            if (auto failure = tls_->failure_of(error)) {
                return failure;
            }
        }
        if (error == asio::error::eof || error == asio::error::connection_reset ||
                error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated ||
                WebSocketStream::says_closed(error)) {
            return LinkFailure{Cause::lost, "the broker closed the connection"};
        }
        return LinkFailure{
            Cause::lost, fmt::format("the connection was lost ({})", error.message())};
    }

    TransportTarget target_;
    NameLookups& lookups_;
    NameLookups::Ticket lookup_;
    TcpStream tcp_;
    std::unique_ptr<TlsStream> tls_;               // for url.tls
    std::unique_ptr<WebSocketStream> web_socket_;  // for url.websocket
    ByteStream* top_ = &tcp_;
    std::string doing_;
    std::function<void(StepDone)> on_step_;
    std::function<void(Outcome)> connected_;
};

}  // namespace

std::shared_ptr<Transport> make_transport(Loop& loop, TransportTarget target) {
    return std::make_shared<StreamTransport>(loop.context(), std::move(target));
}

}  // namespace foz::client
