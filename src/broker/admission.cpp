// SPDX-License-Identifier: Apache-2.0
#include "broker/admission.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"

namespace foz::broker {
namespace {

using Admittance = Connection::Admittance;

Admission::Decision refusal(mqtt::ReasonCode reason, std::string why) {
    return {.kind = Admission::Decision::Kind::refused, .reason = reason, .why = std::move(why)};
}

Admission::Decision admitted() {
    return {.kind = Admission::Decision::Kind::admitted, .why = {}};
}

Admission::Decision awaited() {
    return {.kind = Admission::Decision::Kind::awaited, .why = {}};
}

}  // namespace

void Admission::enter(Connection& connection) {
    connection.unidentified_number = unidentified_.add(connection.peer.network(), connection.self);
}

void Admission::identify(Connection& connection) {
    connection.admittance = Admittance::identified;
    unidentified_.remove(connection.peer.network(), connection.unidentified_number);
}

void Admission::leave(Connection& connection) {
    if (connection.password_ticket != 0) {
        context_.authenticator.cancel(connection.password_ticket);
    }
    if (connection.admittance != Admittance::identified) {
        unidentified_.remove(connection.peer.network(), connection.unidentified_number);
    }
}

std::optional<Admission::Eviction> Admission::excess() {
    const std::size_t share = std::max<std::size_t>(
            1, context_.settings.limits.connections_unidentified / context_.reactor_count);
    if (unidentified_.size() <= share) {
        return std::nullopt;
    }
    const Unidentified::Candidate candidate = unidentified_.next_to_go();
    return Eviction{
        .connection = table_.find(candidate.connection),
        .of_network = candidate.of_network,
        .share = share,
    };
}

Admission::Decision Admission::decide(Connection& connection) {
    auto credentials = connection.protocol.take_credentials();
    const bool has_certificate = connection.tls && !connection.tls->peer_name().empty();
    if (has_certificate) {
        connection.protocol.set_user(connection.tls->peer_name());
        return admitted();
    }
    if (credentials && connection.policy.passwords()) {
        return check_password(connection, *std::move(credentials));
    }
    if (connection.policy.admits_anonymous()) {
        return admitted();
    }
    return refusal(mqtt::ReasonCode::not_authorized,
            "no user name: this listener asks for a name and password, or a certificate; give the "
            "client one (foz passwd), or write allow_anonymous = true");
}

Admission::Decision Admission::check_password(Connection& connection, Credentials credentials) {
    const std::size_t bytes = credentials.bytes();
    const access::Authenticator::Submitted submitted = context_.authenticator.submit({
        .passwords = connection.policy.passwords(),
        .user_name = credentials.user_name,
        .password = std::move(credentials.password),
        .address = connection.peer.network(),
        .deadline = connection.accepted + context_.settings.limits.connect_timeout,
        .answer =
                [this, handle = connection.self, user = credentials.user_name](
                        access::PasswordVerdict verdict) {
                    loop_.post(
                            [this, handle, user, verdict] { take_verdict(handle, user, verdict); });
                },
    });
    if (submitted.verdict) {
        return decision_of(credentials.user_name, *submitted.verdict);
    }
    if (submitted.ticket == 0) {
        return refusal(mqtt::ReasonCode::server_busy, submitted.refusal);
    }
    connection.admittance = Admittance::checking_password;
    connection.password_ticket = submitted.ticket;
    connection.password_bytes = bytes;
    password_waiters_.push_back(connection.self);
    return awaited();
}

void Admission::take_verdict(
        ConnectionHandle handle, const std::string& user, access::PasswordVerdict verdict) {
    // The handle outlives the connection, and its slot's next one has another generation.
    Connection* const connection = table_.find(handle);
    if (connection == nullptr ||
            connection->protocol.state() != Protocol::State::awaiting_session) {
        return;  // it was closed while it waited
    }
    connection->password_ticket = 0;
    connection->password_bytes = 0;
    decided_(*connection, decision_of(user, verdict));
}

Admission::Decision Admission::decision_of(
        const std::string& user, access::PasswordVerdict verdict) {
    switch (verdict) {
        case access::PasswordVerdict::right: return admitted();
        case access::PasswordVerdict::wrong:
            return refusal(mqtt::ReasonCode::bad_user_name_or_password,
                    fmt::format("wrong password, or no such user: \"{}\"; set it with foz passwd, "
                                "and in the client",
                            printable(user)));
        case access::PasswordVerdict::late: break;
    }
    return refusal(mqtt::ReasonCode::server_busy, std::string(kPasswordLate));
}

std::vector<ConnectionHandle> Admission::departed() {
    std::vector<ConnectionHandle> departed;
    std::erase_if(password_waiters_, [&](ConnectionHandle handle) {
        const Connection* const connection = table_.find(handle);
        if (connection == nullptr || connection->password_ticket == 0) {
            return true;
        }
        constexpr char kDisconnect = '\xE0';
        const bool sent_more =
                !connection->input.empty() && connection->input.front() != kDisconnect;
        if (sent_more || !has_hung_up(*connection)) {
            return false;
        }
        departed.push_back(handle);
        return true;
    });
    return departed;
}

}  // namespace foz::broker
