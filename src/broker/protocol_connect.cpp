// SPDX-License-Identifier: Apache-2.0
// The part of Protocol that deals with CONNECT: refusing it, or taking up the session and
// answering.
#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "broker/protocol.h"
#include "mqtt/encoder.h"

namespace foz::broker {

using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

constexpr Protocol::Ending kConnackTooLarge{
    .reason = ReasonCode::packet_too_large,
    .cause =
        "[MQTT-3.1.2-24] the client's Maximum Packet Size has no room for CONNACK: let it "
        "give a larger one",
};

// For a client that leaves the choice to the server [MQTT-3.1.3-6].
std::string make_client_id() {
    thread_local std::mt19937_64 random(std::random_device{}());
    return fmt::format("foz-{:016x}", random());
}

std::uint32_t wanted_expiry(const mqtt::Connect& connect) {
    if (connect.version != ProtocolVersion::v5) {
        return connect.clean_start ? 0 : kNeverExpires;
    }
    return connect.properties.number(PropertyId::session_expiry_interval).value_or(0);
}

}  // namespace

void Protocol::take_connect(std::string_view body, std::string& out) {
    const auto connect = mqtt::decode_connect(body, settings_->decode_limits);
    if (!connect) {
        if (const auto version = mqtt::version_to_refuse_in(body)) {
            version_ = *version;
            state_ = State::awaiting_session;  // so that the answer is a CONNACK
        }
        close(connect.error(), out);
        return;
    }
    version_ = connect->version;
    client_packet_bytes_max_ = connect->properties.number(PropertyId::maximum_packet_size)
                                   .value_or(client_packet_bytes_max_);
    wants_reasons_ =
        connect->properties.number(PropertyId::request_problem_information).value_or(1) != 0;
    if (connect->properties.has(PropertyId::authentication_method)) {
        refuse_connect(
            {.reason = ReasonCode::bad_authentication_method, .cause = {}},
            "foz has no extended authentication",
            out
        );
        return;
    }
    if (connect->client_id.empty() && !connect->clean_start && version_ != ProtocolVersion::v5) {
        refuse_connect(
            {.reason = ReasonCode::client_identifier_not_valid, .cause = {}},
            "[MQTT-3.1.3-8] a session that is kept needs a client id",
            out
        );
        return;
    }
    if (mqtt::is_reserved_client_id(connect->client_id)) {
        refuse_connect(
            {.reason = ReasonCode::client_identifier_not_valid, .cause = {}},
            "client ids that begin with $source/ and $bridge/ are foz's own",
            out
        );
        return;
    }
    client_id_assigned_ = connect->client_id.empty();
    client_id_ = client_id_assigned_ ? make_client_id() : std::string(connect->client_id);
    clean_start_ = connect->clean_start;
    keep_alive_ = connect->keep_alive_seconds;
    if (const std::uint16_t keep_alive_max = settings_->limits.keep_alive_max;
        keep_alive_max != 0 && version_ == ProtocolVersion::v5) {
        keep_alive_ = keep_alive_ == 0 ? keep_alive_max : std::min(keep_alive_, keep_alive_max);
    }
    expiry_requested_ = wanted_expiry(*connect);
    set_user(connect->user_name.value_or(""));
    if (const auto& user_name = connect->user_name) {
        credentials_ = {
            .user_name = std::string(*user_name),
            .password = std::string(connect->password.value_or("")),
        };
        kept_bytes_ += credentials_->bytes();
    }
    if (const auto& will = connect->will) {
        will_ = std::make_unique<Will>(Will::from(*will));
        kept_bytes_ += will_->bytes();
    }
    state_ = State::awaiting_session;
}

std::optional<std::string> Protocol::start_session(
    SessionRegistry& registry, intake::Inbox& inbox, std::string& out
) {
    const auto expiry_max =
        static_cast<std::uint32_t>(settings_->limits.session_expiry_max.count());
    expiry_seconds_ = std::min(expiry_requested_, expiry_max);
    SessionRegistry::Opened opened = registry.open(
        client_id_,
        clean_start_,
        expiry_seconds_,
        {.reactor = self_.reactor, .slot = kNoSlot, .generation = 0}
    );
    if (!opened.session) {
        refuse_connect(
            {.reason = ReasonCode::quota_exceeded, .cause = "limits.sessions is reached"},
            fmt::format(
                "limits.sessions = {} is reached, and each of them is connected, or holds QoS 2 "
                "messages that were not released or a will; foz sessions lists them, foz sessions "
                "end CLIENT ends one",
                settings_->limits.sessions
            ),
            out
        );
        return std::nullopt;
    }
    session_ = opened.session;
    if (opened.discarded) {
        inbox.add_session_record(
            mqtt::RecordKind::session_ended,
            {.client_id = client_id_, .packet_id = 0, .expiry_seconds = 0}
        );
    }
    if (opened.will) {
        opened.will->publish(client_id_, inbox);
    }
    // persistent_ says what the journal knows: an older session is in it, a new one not yet.
    persistent_ = opened.present;
    journal_session(expiry_seconds_, inbox);
    // The records are in the inbox before CONNACK is in the output: what the client sends because
    // of it comes after them in the journal.
    state_ = State::connected;
    if (!append_connack(opened.present, out)) {
        // Nothing else may come before CONNACK [MQTT-3.2.0-1].
        drop_will();
        state_ = State::closed;
        ending_ = kConnackTooLarge;
        close_reason_ = kConnackTooLarge.cause;
    }
    return std::move(opened.dropped);
}

void Protocol::end_session(intake::Inbox& inbox, std::string& out) {
    // The object stays with the connection, and the registry, until the client id is released: an
    // expiry of 0 is what makes it end there.
    if (session_) {
        journal_session(0, inbox);
        session_->set_expiry_seconds(0);
    }
    close(
        {.reason = ReasonCode::administrative_action,
         .cause = "its session was ended with foz sessions end"},
        out
    );
}

// Tells the journal for how long the session is to be kept, when that changes anything.
void Protocol::journal_session(std::uint32_t expiry_seconds, intake::Inbox& inbox) {
    const auto expiry_max =
        static_cast<std::uint32_t>(settings_->limits.session_expiry_max.count());
    expiry_seconds_ = std::min(expiry_seconds, expiry_max);
    if (expiry_seconds_ == 0 && !persistent_) {
        return;
    }
    inbox.add_session_record(
        expiry_seconds_ == 0 ? mqtt::RecordKind::session_ended : mqtt::RecordKind::session_started,
        {.client_id = client_id_, .packet_id = 0, .expiry_seconds = expiry_seconds_}
    );
    persistent_ = expiry_seconds_ != 0;
}

bool Protocol::append_connack(bool session_present, std::string& out) const {
    const config::Limits& limits = settings_->limits;
    mqtt::PropertyWriter properties;
    if (version_ == ProtocolVersion::v5) {
        properties.add(PropertyId::receive_maximum, limits.in_flight)
            .add(PropertyId::maximum_packet_size, limits.packet_bytes)
            .add(PropertyId::topic_alias_maximum, limits.topic_aliases)
            .add(PropertyId::wildcard_subscription_available, 0)
            .add(PropertyId::subscription_identifier_available, 0)
            .add(PropertyId::shared_subscription_available, 0);
        if (expiry_seconds_ != expiry_requested_) {
            properties.add(PropertyId::session_expiry_interval, expiry_seconds_);
        }
        if (client_id_assigned_) {
            properties.add(PropertyId::assigned_client_identifier, client_id_);
        }
        if (limits.keep_alive_max != 0) {
            properties.add(PropertyId::server_keep_alive, keep_alive_);
        }
    }
    const std::size_t begin = out.size();
    mqtt::append_connack(
        out,
        {
            .session_present = session_present,
            .reason = ReasonCode::success,
            .properties = properties.properties(),
        },
        version_
    );
    if (out.size() - begin > client_packet_bytes_max_) {
        out.resize(begin);
        return false;
    }
    return true;
}

void Protocol::refuse_connect(const Ending& ending, const std::string& why, std::string& out) {
    state_ = State::closed;
    ending_ = ending;
    close_reason_ = why;
    if (version_ != ProtocolVersion::v5 && !mqtt::connack_return_code(ending.reason)) {
        return;  // [MQTT-3.1.4-1] these versions have no return code for it: just close
    }
    const std::size_t begin = out.size();
    for (const bool with_reason : {true, false}) {
        mqtt::PropertyWriter properties;
        if (with_reason && version_ == ProtocolVersion::v5) {
            properties.add(PropertyId::reason_string, why);
        }
        mqtt::append_connack(
            out,
            {.session_present = false,
             .reason = ending.reason,
             .properties = properties.properties()},
            version_
        );
        if (out.size() - begin <= client_packet_bytes_max_) {
            return;
        }
        out.resize(begin);  // [MQTT-3.1.2-24]
    }
}

}  // namespace foz::broker
