// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_log.h"

#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "config/quantity.h"

namespace foz::broker {
namespace {

// "client "x" at 192.0.2.7", or what is known of it.
std::string name_of(const Connection& connection) {
    const std::string& client_id = connection.protocol.client_id();
    return client_id.empty() ? fmt::format("{} (no client id yet)", connection.peer.text())
                             : fmt::format("{} (client \"{}\")", connection.peer.text(),
                                       printable(client_id));
}

}  // namespace

void ConnectionLog::note_admitted(const Connection& connection) {
    if (spdlog::should_log(spdlog::level::debug)) {
        spdlog::debug("connected: {}", name_of(connection));
    }
}

// A client that nobody has let in yet may say any client id: its address tells it apart too.
void ConnectionLog::tell(
        const Connection& connection, std::string_view cause, std::string text, SteadyTime now) {
    const std::string network = connection.peer.network();
    std::string who = connection.protocol.client_id();
    if (connection.admittance != Connection::Admittance::identified) {
        who += '\0';
        who += network;
    }
    context_.client_log.note(
            {.cause = cause, .who = who, .network = network, .text = std::move(text)}, now);
}

void ConnectionLog::note_closed(const Connection& connection, std::string_view cause,
        std::string_view reason, SteadyTime now) {
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
            "refused with {:#04x}", static_cast<unsigned>(connection.protocol.ending().reason));
    tell(connection, cause.empty() ? refused : cause, std::move(text), now);
}

void ConnectionLog::note_losses(Connection& connection, SteadyTime now) {
    const DeliveryFlow::Losses losses = connection.protocol.deliveries().take_losses();
    if (!losses.any()) {
        return;
    }
    context_.counters.dropped.fetch_add(losses.dropped, std::memory_order_relaxed);
    context_.counters.given_up.fetch_add(losses.too_large + losses.gone, std::memory_order_relaxed);
    if (losses.dropped > 0) {
        tell(connection, "limits.output_bytes",
                fmt::format("{}: it does not read what it has subscribed to: limits.output_bytes = "
                            "{} wait for it, and messages of QoS 0 are dropped",
                        name_of(connection),
                        config::rounded_size_text(context_.settings.limits.output_bytes)),
                now);
    }
    if (losses.too_large > 0) {
        tell(connection, "Maximum Packet Size",
                fmt::format("{}: messages of its subscriptions are larger than its Maximum Packet "
                            "Size, and are not sent to it [MQTT-3.1.2-25]",
                        name_of(connection)),
                now);
    }
    if (losses.gone > 0) {
        tell(connection, "journal.retain_bytes",
                fmt::format("{}: {} messages are given up that waited for it: the journal has them "
                            "no longer (journal.retain_bytes, retain_age)",
                        name_of(connection), losses.gone),
                now);
    }
}

void ConnectionLog::note_early_will(const std::string& client_id, SteadyTime now) {
    const config::Limits& limits = context_.settings.limits;
    context_.client_log.note(
            {.cause = "limits.delayed_will_bytes",
                .who = client_id,
                .network = {},
                .text = fmt::format("client \"{}\": limits.delayed_will_bytes = {} is reached, so "
                                    "its will is published at once and not after its Will Delay "
                                    "Interval; raise the limit, or look who leaves large wills",
                        printable(client_id),
                        config::rounded_size_text(limits.delayed_will_bytes))},
            now);
}

void ConnectionLog::note_evicted(
        const Connection& connection, std::size_t of_network, std::size_t share, SteadyTime now) {
    const std::string network = connection.peer.network();
    context_.client_log.note(
            {.cause = "limits.connections_unidentified",
                .who = network,
                .network = network,
                .text = fmt::format("limits.connections_unidentified = {} is reached by "
                                    "connections that have not completed CONNECT; {} has the most "
                                    "({} of the {} that one thread of foz holds), so its oldest is "
                                    "closed; look what connects from there, or raise the limit",
                        context_.settings.limits.connections_unidentified, connection.peer.text(),
                        of_network, share)},
            now);
}

void ConnectionLog::note_end(const Connection& connection, SteadyTime now) {
    const Protocol& protocol = connection.protocol;
    const bool said_goodbye =
            protocol.state() == Protocol::State::closed && protocol.close_reason().empty();
    if (said_goodbye) {
        return;
    }
    const auto loop = context_.reconnects.note_end(protocol.client_id(), now);
    if (!loop) {
        return;
    }
    std::string why;
    if (protocol.ending().cause == kTakenOver.cause) {
        why = "each connection takes over from the one before; two clients have the same client "
              "id, or it connects again without closing: give each client an id of its own";
    } else if (protocol.close_reason().empty()) {
        why = "it hangs up without DISCONNECT; look at its own log, its power and its network";
    } else {
        why = fmt::format("foz closes it each time: {}", protocol.close_reason());
    }
    tell(connection, "connects again",
            fmt::format("{} connects again and again, {} times within {} s: {}",
                    name_of(connection), loop->ends, loop->within.count(), why),
            now);
}

}  // namespace foz::broker
