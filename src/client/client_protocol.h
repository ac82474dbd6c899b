// SPDX-License-Identifier: Apache-2.0
// The client's side of an MQTT session with another broker, over any number of connections, as a
// state machine without I/O: bytes in, calls to a Receiver, bytes to send out. Link (link.h) does
// the I/O around it.
//
//   open() ──▶ connecting ──CONNACK──▶ subscribing ──SUBACK──▶ ready ──close()──▶ closed ──▶ open()
//
// Without filters it is ready with CONNACK. Messages that arrive before SUBACK are taken as they
// are.
//
// PUBACK, PUBREC and PUBCOMP are never sent by itself: the owner calls acknowledge() once what they
// stand for is durable. QoS 2 messages are recognised when they come again by what the Session
// knows, which the owner recovers from the journal (delivery/session_recovery.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/link_failure.h"
#include "client/receiver.h"
#include "client/session_terms.h"
#include "client/subscriptions.h"
#include "mqtt/decoder.h"
#include "mqtt/topic_aliases.h"
#include "session/outbox.h"
#include "session/session.h"

namespace foz::client {

/// One thread. `session` outlives a connection and may be looked at by the thread that saves it.
class ClientProtocol {
  public:
    /// Topic Alias Maximum, towards foz.
    static constexpr std::uint16_t kTopicAliases = 100;

    enum class State : std::uint8_t { closed, connecting, subscribing, ready };

    ClientProtocol(SessionTerms terms, std::shared_ptr<session::Session> session);
    ClientProtocol(const ClientProtocol&) = delete;
    ClientProtocol& operator=(const ClientProtocol&) = delete;

    /// A transport was made: appends CONNECT.
    void open(SteadyTime now, std::string& out);

    /// Takes the whole packets at the start of `input`, appends what they ask for to `out`, and
    /// returns how many bytes it took. After a failure() it takes nothing more.
    [[nodiscard]] std::size_t consume(
            std::string_view input, SteadyTime now, Receiver& receiver, std::string& out);

    /// Appends it, if the connection is still the one that it was due on.
    void acknowledge(Answer answer, std::string& out);

    /// True when publish() may be called: ready, and the broker's window has room.
    [[nodiscard]] bool has_capacity() const {
        return state_ == State::ready && !failure_ && outbox_.has_capacity();
    }

    /// Appends a PUBLISH; on_delivered(tag) follows in a later consume(), for QoS 0 at once. QoS,
    /// retain and size are fitted to what the broker takes: a message that is too large for it is
    /// delivered with ReasonCode::packet_too_large. `again`: see Outbox::add.
    struct Outgoing {
        mqtt::Publish message;  // its packet id is chosen here
        std::uint64_t tag = 0;
        bool again = false;
    };
    void publish(const Outgoing& outgoing, Receiver& receiver, std::string& out);
    /// Appends the PUBRELs that were held back (SessionTerms::hold_releases).
    void release(std::string& out) {
        if (state_ == State::subscribing || state_ == State::ready) {
            outbox_.release(out);
        }
    }
    /// True when a QoS 0 message may be published even though the window is full.
    [[nodiscard]] bool ready() const { return state_ == State::ready && !failure_; }
    [[nodiscard]] session::Outbox& outbox() { return outbox_; }

    /// Call every second or so: appends PINGREQ and a repeated SUBSCRIBE when it is time. While
    /// `reading` is false (foz itself does not read), the broker's silence means nothing.
    void keep_alive(SteadyTime now, bool reading, std::string& out);

    /// Appends DISCONNECT; the transport is to be closed once it is sent.
    void disconnect(mqtt::ReasonCode reason, std::string& out);

    /// The transport is gone.
    void close();

    [[nodiscard]] State state() const { return state_; }
    /// Why this connection cannot go on; empty while it can. Until the next open().
    [[nodiscard]] const std::optional<LinkFailure>& failure() const { return failure_; }
    /// Filters that the broker has refused or granted with less than was asked, for a person; empty
    /// when it took all.
    [[nodiscard]] const std::string& subscription_trouble() const {
        return subscriptions_.trouble();
    }
    [[nodiscard]] bool session_present() const { return session_present_; }
    [[nodiscard]] const SessionTerms& terms() const { return terms_; }
    /// A SUBSCRIBE was sent and not answered yet; what a broker means that hangs up now.
    [[nodiscard]] bool awaits_suback() const { return state_ == State::subscribing; }

  private:
    void take_packet(const mqtt::Frame& frame, Receiver& receiver, std::string& out);
    void take_connack(std::string_view body, Receiver& receiver, std::string& out);
    void take_limits(const mqtt::Connack& connack);
    void take_publish(const mqtt::Frame& frame, Receiver& receiver, std::string& out);
    void take_release(const mqtt::Frame& frame, Receiver& receiver, std::string& out);
    void take_acknowledgement(const mqtt::Frame& frame, Receiver& receiver, std::string& out);
    void take_suback(std::string_view body, std::string& out);
    void take_disconnect(std::string_view body, std::string& out);
    [[nodiscard]] bool resolve_alias(mqtt::Publish& publish, std::string& out);
    void subscribe(std::string& out);
    void fail(LinkFailure failure);
    void break_off(mqtt::ReasonCode reason, std::string_view why, std::string& out);
    [[nodiscard]] mqtt::DecodeContext decode_context() const;

    SessionTerms terms_;
    std::shared_ptr<session::Session> session_;
    session::Outbox outbox_;
    Subscriptions subscriptions_;
    mqtt::TopicAliases aliases_;
    State state_ = State::closed;
    std::optional<LinkFailure> failure_;
    bool session_present_ = false;
    bool bridge_refused_ = false;  // the broker minds terms_.bridge, as far as is known
    bool pinged_ = false;          // and nothing received since
    SteadyTime now_;
    SteadyTime last_sent_;
    SteadyTime last_received_;
    std::chrono::seconds keep_alive_{0};  // as the broker wants it
    std::uint32_t packet_bytes_max_ = 0;  // towards the broker
    std::uint8_t qos_max_ = 2;            // the same
    bool retain_available_ = true;        // the same
};

}  // namespace foz::client
