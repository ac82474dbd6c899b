// SPDX-License-Identifier: Apache-2.0
#include "client/broker_verdict.h"

#include <fmt/format.h>

namespace foz::client {

using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

std::string with_reason_string(ReasonCode reason, const mqtt::Properties& properties) {
    const auto said = properties.text(PropertyId::reason_string);
    return said ? fmt::format("{} ({})", mqtt::reason_text(reason), *said)
                : std::string(mqtt::reason_text(reason));
}

}  // namespace

LinkFailure failure_of(const mqtt::Connack& connack, const SessionTerms& terms) {
    const std::string why = with_reason_string(connack.reason, connack.properties);
    switch (connack.reason) {
        case ReasonCode::bad_user_name_or_password:
        case ReasonCode::bad_authentication_method:
            return {
                Cause::bad_credentials,
                fmt::format("the broker refused the user name or password ({}): {}",
                        terms.user_name ? "user " + *terms.user_name : "foz sent none", why),
            };
        case ReasonCode::not_authorized:
        case ReasonCode::banned:
            return {
                Cause::not_authorized,
                fmt::format("the broker does not let client id \"{}\" in{}: {}", terms.client_id,
                        terms.user_name
                                ? fmt::format(
                                          " as user \"{}\" (are username and password_file right?)",
                                          *terms.user_name)
                                : " without a user name",
                        why),
            };
        case ReasonCode::client_identifier_not_valid:
            return {
                Cause::identifier,
                fmt::format("the broker rejected the client id \"{}\": {}", terms.client_id, why),
            };
        case ReasonCode::server_unavailable:
        case ReasonCode::server_busy:
        case ReasonCode::server_shutting_down:
        case ReasonCode::connection_rate_exceeded:
        case ReasonCode::quota_exceeded:
            return {
                Cause::server_unavailable,
                fmt::format("the broker does not take connections now: {}", why),
            };
        case ReasonCode::unsupported_protocol_version:
            return {
                Cause::protocol,
                fmt::format("the broker does not speak MQTT {}; write version = \"{}\"",
                        mqtt::version_name(terms.version),
                        terms.version == ProtocolVersion::v5 ? "3.1.1" : "5"),
            };
        default:
            return {Cause::protocol, fmt::format("the broker refused the connection: {}", why)};
    }
}

LinkFailure failure_of(const mqtt::Disconnect& disconnect, const SessionTerms& terms) {
    const std::string why = with_reason_string(disconnect.reason, disconnect.properties);
    switch (disconnect.reason) {
        case ReasonCode::session_taken_over:
            return {
                Cause::taken_over,
                fmt::format("another client uses the client id \"{}\", and the broker keeps the "
                            "newer one; give each a client_id of its own",
                        terms.client_id),
            };
        case ReasonCode::not_authorized:
            return {Cause::not_authorized, fmt::format("the broker ended the connection: {}", why)};
        case ReasonCode::server_shutting_down:
        case ReasonCode::server_busy:
        case ReasonCode::server_unavailable:
            return {
                Cause::server_unavailable, fmt::format("the broker ended the connection: {}", why)};
        default: return {Cause::protocol, fmt::format("the broker ended the connection: {}", why)};
    }
}

LinkFailure failure_of_first_bytes(std::string_view input, std::string_view why) {
    constexpr std::string_view kTlsAlert = "\x15\x03";
    if (input.starts_with(kTlsAlert)) {
        return {
            Cause::not_mqtt,
            "the broker answers in TLS; write mqtts:// (or wss://) in the url, or use its port "
            "without TLS",
        };
    }
    if (input.starts_with("HTTP/")) {
        return {
            Cause::not_mqtt,
            "a web server answers there; write ws:// in the url, or another port",
        };
    }
    return {Cause::not_mqtt, fmt::format("what answers there does not speak MQTT: {}", why)};
}

}  // namespace foz::client
