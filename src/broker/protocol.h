// SPDX-License-Identifier: Apache-2.0
// The server's side of one MQTT connection, from CONNECT to its end, as a state machine without
// I/O: bytes in, records and acknowledgements into the Inbox, bytes to send out. Connection
// (connection.h) does the I/O around it; the fuzz target drives it directly.
//
// What is malformed or breaks the protocol closes this connection, with a reason code where the
// version has one, and touches nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/answer_writer.h"
#include "broker/attached_session.h"
#include "broker/connect_terms.h"
#include "broker/connection_handle.h"
#include "broker/delivery_flow.h"
#include "broker/session_registry.h"
#include "broker/subscribe_answers.h"
#include "broker/will.h"
#include "config/settings.h"
#include "intake/inbox.h"
#include "mqtt/decoder.h"
#include "mqtt/topic_aliases.h"

namespace foz::broker {

/// What every connection of a server shares.
struct ProtocolSettings {
    explicit ProtocolSettings(const config::Limits& from_limits);

    config::Limits limits;
    mqtt::DecodeLimits decode_limits;
};

/// One thread. `settings` must outlive it.
class Protocol {
  public:
    enum class State : std::uint8_t {
        awaiting_connect,
        awaiting_session,  // CONNECT is here: the caller looks at take_credentials(), claims
                           // client_id(), and calls start_session, or refuse
        connected,
        closed,
    };

    Protocol(const ProtocolSettings& settings, ConnectionHandle self)
        : settings_(&settings), self_(self) {}

    /// Takes whole packets from the start of `input`, appends what is to be sent to `out`, and
    /// returns how many bytes it took. It stops at an incomplete packet, when the state is no
    /// longer connected, while may_take() is false, and when the inbox is full.
    std::size_t consume(std::string_view input, intake::Inbox& inbox, std::string& out);

    /// The claim on client_id() was granted: opens its session in `registry` and answers the
    /// CONNECT. Gives the client id of a session that made room for it: the caller journals its end
    /// and releases it, as {.reactor = the connection's, .slot = kNoSlot}.
    std::optional<std::string> start_session(
            SessionRegistry& registry, intake::Inbox& inbox, std::string& out);
    /// A person wants the session ended: it is forgotten, and the connection closed.
    void end_session(intake::Inbox& inbox, std::string& out);
    /// For those who look at the sessions: since when the client is there, or gone.
    void note_presence(bool connected, SystemTime since) {
        session_.set_presence({.connected = connected, .since = since});
    }

    /// What CONNECT had; nothing if it had no user name. Once: the password is not kept.
    [[nodiscard]] std::optional<Credentials> take_credentials() {
        if (credentials_) {
            kept_bytes_ -= credentials_->bytes();
        }
        return std::exchange(credentials_, std::nullopt);
    }
    /// Who the client is, when a certificate says it: instead of the user name that it gave.
    void set_user(std::string_view name) {
        kept_bytes_ -= user_.capacity();
        user_ = name;
        kept_bytes_ += user_.capacity();
    }
    /// Instead of start_session: the client is not let in.
    void refuse(mqtt::ReasonCode reason, const std::string& why, std::string& out) {
        refuse_connect({.reason = reason, .cause = {}}, why, out);
    }

    /// False while the session is awaited, while `limits.in_flight` releases wait for the journal,
    /// and while as many messages wait for their acknowledgement and the client's MQTT version has
    /// no way to be told, and while a few SUBSCRIBEs wait for their answers: its bytes stay in the
    /// socket for a while.
    [[nodiscard]] bool may_take() const {
        return state_ != State::awaiting_session && !subscribe_answers_.full() &&
               pending_releases_ < settings_->limits.in_flight &&
               (version() == mqtt::ProtocolVersion::v5 ||
                       pending_acks_ < settings_->limits.in_flight);
    }

    /// Appends an acknowledgement whose record is durable.
    void acknowledge(const intake::PendingAck& ack, std::string& out);

    /// Once, when the dispatcher is to know of this connection: before what consume() or
    /// start_session() has put into the inbox is appended.
    [[nodiscard]] bool take_wants_attachment() { return std::exchange(wants_attachment_, false); }
    [[nodiscard]] const std::shared_ptr<Session>& session() const {
        return session_.shared_session();
    }
    /// It has subscribed, or its session had: there may be messages for it.
    [[nodiscard]] bool is_subscriber() const { return flow_ != nullptr; }
    /// Of the next filter of a SUBSCRIBE or UNSUBSCRIBE that was journaled.
    void take_result(mqtt::ReasonCode reason, std::string& out);
    /// The messages for it. Only while is_subscriber().
    [[nodiscard]] DeliveryFlow& deliveries() { return *flow_; }

    /// What all connections that end in the same way have in common.
    struct Ending {
        mqtt::ReasonCode reason = mqtt::ReasonCode::success;
        std::string_view cause;  // a literal; may be empty
    };
    /// The server ends the connection: says why where the version has a packet for it; `detail`, if
    /// there is any, instead of the cause.
    void close(const Ending& ending, std::string& out, const std::string& detail = {});

    /// The connection is gone. Gives the will that is now to be published, if there is one.
    [[nodiscard]] std::optional<Will> take_will();

    /// What it keeps of what the client has sent: will, topic aliases, name and password.
    [[nodiscard]] std::size_t kept_bytes() const {
        return kept_bytes_ + aliases_.bytes() + (flow_ ? sizeof(DeliveryFlow) : 0);
    }

    [[nodiscard]] State state() const { return state_; }
    /// Why it was closed, for the log; empty after a DISCONNECT.
    [[nodiscard]] const std::string& close_reason() const { return close_reason_; }
    [[nodiscard]] const Ending& ending() const { return ending_; }
    [[nodiscard]] const std::string& client_id() const { return terms_.client_id; }
    [[nodiscard]] mqtt::ProtocolVersion version() const { return answers_.version(); }
    /// The session outlives this connection.
    [[nodiscard]] bool keeps_session() const { return session_.expiry_seconds() != 0; }
    /// Seconds without a packet after which the client counts as gone; 0: never [MQTT-3.1.2-22].
    [[nodiscard]] std::uint32_t silence_max_seconds() const {
        return terms_.keep_alive + terms_.keep_alive / 2U;
    }
    /// How many bytes the packet may have that comes next.
    [[nodiscard]] std::uint32_t packet_bytes_max() const {
        return state_ == State::awaiting_connect ? settings_->limits.connect_packet_bytes
                                                 : settings_->limits.packet_bytes;
    }

  private:
    void take_packet(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_connect(std::string_view body, std::string& out);
    void take_publish(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_release(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_answer(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_subscribe(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_unsubscribe(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);
    void take_disconnect(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out);

    void append_answer(const intake::PendingAck& ack, std::string& out) const;
    void begin_deliveries();
    void send_subscribe_answers(std::string& out);
    void close(const mqtt::DecodeError& error, std::string& out);
    void refuse_connect(const Ending& ending, const std::string& why, std::string& out);
    [[nodiscard]] mqtt::PropertyWriter connack_properties() const;
    void drop_will();
    [[nodiscard]] bool resolve_alias(mqtt::Publish& publish, std::string& out);
    [[nodiscard]] bool note_in_flight(
            const mqtt::Publish& publish, intake::Inbox& inbox, std::string& out);
    [[nodiscard]] mqtt::DecodeContext decode_context() const {
        return {
            .version = version(),
            .sender = mqtt::Sender::client,
            .limits = settings_->decode_limits,
        };
    }

    const ProtocolSettings* settings_;
    ConnectionHandle self_;
    State state_ = State::awaiting_connect;
    ConnectTerms terms_;
    AnswerWriter answers_;
    AttachedSession session_;
    mqtt::TopicAliases aliases_;
    std::uint16_t pending_acks_ = 0;      // PUBACK and PUBREC that wait for the journal
    std::uint16_t pending_releases_ = 0;  // PUBCOMP that do
    std::string user_;                    // its name, for the records; "" if it gave none
    std::string close_reason_;
    Ending ending_;
    bool wants_attachment_ = false;
    SubscribeAnswers subscribe_answers_;
    std::unique_ptr<DeliveryFlow> flow_;  // null: it has no subscription
    std::unique_ptr<Will> will_;
    std::optional<Credentials> credentials_;
    std::size_t kept_bytes_ = 0;      // of will, credentials and user name
    std::string message_properties_;  // reused
};

}  // namespace foz::broker
