// SPDX-License-Identifier: Apache-2.0
// The part of Reactor that says in the log what clients do.
#include "base/printable.h"
#include "broker/reactor.h"
#include "config/quantity.h"

namespace foz::broker {
namespace {

// "client "x" at 192.0.2.7", or what is known of it.
std::string name_of(const Connection& connection) {
    const std::string& client_id = connection.protocol.client_id();
    return client_id.empty()
               ? fmt::format("{} (no client id yet)", connection.peer.text())
               : fmt::format("{} (client \"{}\")", connection.peer.text(), printable(client_id));
}

}  // namespace

void Reactor::log_admitted(const Connection& connection) {
    if (spdlog::should_log(spdlog::level::debug)) {
        spdlog::debug("connected: {}", name_of(connection));
    }
}

// A client that nobody has let in yet may say any client id: its address tells it apart too.
void Reactor::tell_client(const Connection& connection, std::string_view cause, std::string text) {
    const std::string network = connection.peer.network();
    std::string who = connection.protocol.client_id();
    if (!connection.identified) {
        who += '\0';
        who += network;
    }
    context_.client_log.note(
        {.cause = cause, .who = who, .network = network, .text = std::move(text)}, now_
    );
}

void Reactor::log_closed(
    const Connection& connection, std::string_view cause, std::string_view reason
) {
    if (reason.empty()) {
        return;
    }
    context_.counters.protocol_errors.fetch_add(1, std::memory_order_relaxed);
    std::string text = fmt::format("closed {}: {}", name_of(connection), reason);
    if (cause == kTakenOver.cause) {
        spdlog::debug("{}", text);  // usual after a connection is lost; note_end() sees a loop
        return;
    }
    const std::string refused = fmt::format(
        "refused with {:#04x}", static_cast<unsigned>(connection.protocol.ending().reason)
    );
    tell_client(connection, cause.empty() ? refused : cause, std::move(text));
}

void Reactor::log_refused_filter(const Connection& connection, std::string_view filter) {
    tell_client(
        connection,
        "SUBSCRIBE",
        fmt::format(
            "{}: its SUBSCRIBE to \"{}\" is refused: foz stores what is published and delivers to "
            "nobody; let the client subscribe at another broker, which foz can read from "
            "([[source]]) or send to ([[bridge]])",
            name_of(connection),
            printable(filter)
        )
    );
}

void Reactor::log_early_will(const std::string& client_id) {
    const config::Limits& limits = context_.settings.limits;
    context_.client_log.note(
        {.cause = "limits.delayed_will_bytes",
         .who = client_id,
         .network = {},
         .text = fmt::format(
             "client \"{}\": limits.delayed_will_bytes = {} is reached, so its will is published "
             "at once and not after its Will Delay Interval; raise the limit, or look who leaves "
             "large wills",
             printable(client_id),
             config::rounded_size_text(limits.delayed_will_bytes)
         )},
        now_
    );
}

// A connection that was let in has ended; without a DISCONNECT of its client again and again, there
// is something to mend.
void Reactor::note_end(const Connection& connection) {
    const Protocol& protocol = connection.protocol;
    const bool said_goodbye =
        protocol.state() == Protocol::State::closed && protocol.close_reason().empty();
    if (said_goodbye || drain_deadline_) {
        return;
    }
    const auto loop = context_.reconnects.note_end(protocol.client_id(), now_);
    if (!loop) {
        return;
    }
    std::string why;
    if (protocol.ending().cause == kTakenOver.cause) {
        why =
            "each connection takes over from the one before; two clients have the same client "
            "id, or it connects again without closing: give each client an id of its own";
    } else if (protocol.close_reason().empty()) {
        why = "it hangs up without DISCONNECT; look at its own log, its power and its network";
    } else {
        why = fmt::format("foz closes it each time: {}", protocol.close_reason());
    }
    tell_client(
        connection,
        "connects again",
        fmt::format(
            "{} connects again and again, {} times within {} s: {}",
            name_of(connection),
            loop->ends,
            loop->within.count(),
            why
        )
    );
}

}  // namespace foz::broker
