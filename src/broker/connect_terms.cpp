// SPDX-License-Identifier: Apache-2.0
#include "broker/connect_terms.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "mqtt/message.h"
#include "session/session.h"

namespace foz::broker {

using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

std::string make_client_id() {
    thread_local std::mt19937_64 random(std::random_device{}());
    return fmt::format("foz-{:016x}", random());
}

std::uint32_t requested_expiry(const mqtt::Connect& connect) {
    if (connect.version != ProtocolVersion::v5) {
        return connect.clean_start ? 0 : session::kNeverExpires;
    }
    return connect.properties.number(PropertyId::session_expiry_interval).value_or(0);
}

// The server may shorten it where the version lets it say so [MQTT-3.2.2-21].
std::uint16_t keep_alive_of(const mqtt::Connect& connect, std::uint16_t maximum) {
    const std::uint16_t wanted = connect.keep_alive_seconds;
    if (maximum == 0 || connect.version != ProtocolVersion::v5) {
        return wanted;
    }
    return wanted == 0 ? maximum : std::min(wanted, maximum);
}

}  // namespace

std::optional<ConnectRefusal> refusal_of(const mqtt::Connect& connect) {
    if (connect.properties.has(PropertyId::authentication_method)) {
        return ConnectRefusal{
            .reason = ReasonCode::bad_authentication_method,
            .why = "foz has no extended authentication",
        };
    }
    if (connect.client_id.empty() && !connect.clean_start &&
            connect.version != ProtocolVersion::v5) {
        return ConnectRefusal{
            .reason = ReasonCode::client_identifier_not_valid,
            .why = "[MQTT-3.1.3-8] a session that is kept needs a client id",
        };
    }
    if (mqtt::is_reserved_client_id(connect.client_id)) {
        return ConnectRefusal{
            .reason = ReasonCode::client_identifier_not_valid,
            .why = "client ids that begin with $source/ and $bridge/ are foz's own",
        };
    }
    return std::nullopt;
}

ConnectTerms ConnectTerms::of(const mqtt::Connect& connect, const config::Limits& limits) {
    const bool assigned = connect.client_id.empty();
    return {
        .client_id = assigned ? make_client_id() : std::string(connect.client_id),
        .client_id_assigned = assigned,
        .clean_start = connect.clean_start,
        .is_bridge = connect.bridge,
        .receive_maximum = static_cast<std::uint16_t>(
                connect.properties.number(PropertyId::receive_maximum).value_or(0xFFFF)),
        .topic_alias_maximum = static_cast<std::uint16_t>(
                connect.properties.number(PropertyId::topic_alias_maximum).value_or(0)),
        .keep_alive = keep_alive_of(connect, limits.keep_alive_max),
        .expiry_requested = requested_expiry(connect),
    };
}

}  // namespace foz::broker
