// SPDX-License-Identifier: Apache-2.0
// The part of Reactor that deals with who comes in: opening a connection, deciding who the client
// is, claiming its client id, taking up its session.
#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/printable.h"
#include "broker/reactor.h"

namespace foz::broker {

void Reactor::open(int socket, const Door& door) {
    Descriptor descriptor(socket);
    if (drain_deadline_) {
        context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    std::unique_ptr<tls::ServerStream> stream;
    if (const auto context = door.tls()) {
        auto created = tls::ServerStream::create(*context);
        if (!created) {
            spdlog::warn("a connection is refused: {}", created.error().message);
            context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
            return;
        }
        stream = std::make_unique<tls::ServerStream>(*std::move(created));
    }
    const int yes = 1;
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t number = free_slots_.back();
    free_slots_.pop_back();
    Slot& slot = slots_[number];
    const ConnectionHandle handle{.reactor = index_, .slot = number, .generation = slot.generation};
    slot.connection =
        std::make_unique<Connection>(std::move(descriptor), door, context_.settings, handle, now_);
    slot.connection->tls = std::move(stream);
    add_deadline(*slot.connection);
    wait_readable(*slot.connection);
    slot.connection->unidentified_number =
        unidentified_.add(slot.connection->peer.network(), handle);
    evict_unidentified();  // last: it may close any of them
}

// Keeps the number of connections that have not said who they are within its limit: whoever opens
// many of them cannot keep others out.
void Reactor::evict_unidentified() {
    const config::Limits& limits = context_.settings.limits;
    const auto share =
        std::max<std::size_t>(1, limits.connections_unidentified / context_.reactors.size());
    while (unidentified_.size() > share) {
        const Unidentified::Candidate candidate = unidentified_.next_to_go();
        Connection& connection = *find(candidate.connection);
        context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
        const std::string network = connection.peer.network();
        context_.client_log.note(
            {.cause = "limits.connections_unidentified",
             .who = network,
             .network = network,
             .text = fmt::format(
                 "limits.connections_unidentified = {} is reached by connections that have not "
                 "completed CONNECT; {} has the most ({} of the {} that one thread of foz holds), "
                 "so its oldest is closed; look what connects from there, or raise the limit",
                 limits.connections_unidentified,
                 connection.peer.text(),
                 candidate.of_network,
                 share
             )},
            now_
        );
        finish(connection);
    }
}

void Reactor::identify(Connection& connection) {
    connection.identified = true;
    unidentified_.remove(connection.peer.network(), connection.unidentified_number);
}

// Who the client is gets decided before its session, or anyone else's, is touched.
void Reactor::admit(Connection& connection) {
    connection.admitted = true;
    auto credentials = connection.protocol.take_credentials();
    const bool has_certificate = connection.tls && !connection.tls->peer_name().empty();
    if (has_certificate) connection.protocol.set_user(connection.tls->peer_name());
    if (!has_certificate && credentials && connection.door.passwords()) {
        check_password(connection, *std::move(credentials));
    } else if (has_certificate || connection.door.admits_anonymous()) {
        claim(connection);
    } else {
        refuse(
            connection,
            mqtt::ReasonCode::not_authorized,
            "no user name: this listener asks for a name and password, or a certificate; give the "
            "client one (foz passwd), or write allow_anonymous = true"
        );
    }
}

void Reactor::check_password(Connection& connection, Credentials credentials) {
    connection.password_bytes = credentials.bytes();
    const access::Authenticator::Submitted submitted = context_.authenticator.submit({
        .passwords = connection.door.passwords(),
        .user_name = credentials.user_name,
        .password = std::move(credentials.password),
        .address = connection.peer.network(),
        .deadline = connection.accepted + context_.settings.limits.connect_timeout,
        .answer =
            [this,
             handle = connection.self,
             user = credentials.user_name](access::PasswordVerdict found) {
                loop_.post([this, handle, user, found] {
                    Connection* const waiting = find(handle);
                    if (waiting != nullptr &&
                        waiting->protocol.state() == Protocol::State::awaiting_session) {
                        waiting->password_ticket = 0;
                        waiting->password_bytes = 0;
                        take_verdict(*waiting, user, found);
                    }
                });
            },
    });
    if (submitted.ticket == 0) {
        connection.password_bytes = 0;
    }
    if (submitted.verdict) {
        take_verdict(connection, credentials.user_name, *submitted.verdict);
    } else if (submitted.ticket != 0) {
        connection.password_ticket = submitted.ticket;
        password_waiters_.push_back(connection.self);
        count_memory(connection);
    } else {
        refuse(connection, mqtt::ReasonCode::server_busy, submitted.refusal);
    }
}

void Reactor::take_verdict(
    Connection& connection, const std::string& user, access::PasswordVerdict verdict
) {
    switch (verdict) {
        case access::PasswordVerdict::right: claim(connection); return;
        case access::PasswordVerdict::wrong:
            refuse(
                connection,
                mqtt::ReasonCode::bad_user_name_or_password,
                fmt::format(
                    "wrong password, or no such user: \"{}\"; set it with foz passwd, and in the "
                    "client",
                    printable(user)
                )
            );
            return;
        case access::PasswordVerdict::late: break;
    }
    refuse(connection, mqtt::ReasonCode::server_busy, std::string(kPasswordLate));
}

// Nobody's password is checked for a client that has gone, unless it had sent something before.
void Reactor::forget_departed_waiters() {
    std::erase_if(password_waiters_, [this](ConnectionHandle handle) {
        Connection* const connection = find(handle);
        if (connection == nullptr || connection->password_ticket == 0) {
            return true;
        }
        constexpr char kDisconnect = '\xE0';
        const bool sent_more =
            !connection->input.empty() && connection->input.front() != kDisconnect;
        if (sent_more || !has_hung_up(*connection)) {
            return false;
        }
        finish(*connection);
        return true;
    });
}

void Reactor::refuse(Connection& connection, mqtt::ReasonCode reason, const std::string& why) {
    context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
    connection.protocol.refuse(reason, why, connection.output);
    after_input(connection);
}

void Reactor::claim(Connection& connection) {
    connection.claimed = true;
    const auto claim = context_.registry.claim(connection.protocol.client_id(), connection.self);
    if (claim.granted) {
        start_session(connection);
    } else if (claim.displaced && claim.displaced->slot != kNoSlot) {
        context_.reactors[claim.displaced->reactor]->take_over(*claim.displaced);
    }
}

void Reactor::start_session(Connection& connection) {
    if (connection.protocol.state() != Protocol::State::awaiting_session) {
        return;  // it was closed while it waited, and lets go of the client id with that
    }
    const auto dropped =
        connection.protocol.start_session(context_.registry, inbox_, connection.output);
    if (dropped) {
        end_departed(*dropped);
    }
    connection.protocol.note_presence(true, context_.clock.system_now());
    identify(connection);
    log_admitted(connection);
    connection.last_packet = now_;
    add_deadline(connection);
    // The client may have sent more without waiting for CONNACK [MQTT-3.1.4-6].
    const std::string early = std::exchange(connection.input, {});
    take_input(connection, early);
}

}  // namespace foz::broker
