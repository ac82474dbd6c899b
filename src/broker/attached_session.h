// SPDX-License-Identifier: Apache-2.0
// The session that a connection has taken up, and what the journal is told of it: that it is kept
// and for how long, which QoS 2 messages were released, that it has ended. A session that ends with
// its connection leaves no trace in the journal. One thread, the connection's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/connect_terms.h"
#include "broker/session_registry.h"
#include "intake/inbox.h"
#include "mqtt/subscription_record.h"

namespace foz::broker {

class AttachedSession {
  public:
    /// Of no client yet.
    AttachedSession() = default;

    enum class Opening : std::uint8_t {
        refused,    // limits.sessions is reached
        started,    // a new session
        continued,  // one that was kept [MQTT-3.1.2-4]
    };
    struct Opened {
        Opening opening = Opening::refused;
        /// Whose session made way for this one: SessionRegistry::Opened::dropped.
        std::optional<std::string> dropped;
    };
    /// By the owner of `client_id` in `registry`, once. `ender` is who ends the session that is
    /// dropped for it. Seconds, at most `expiry_max`.
    [[nodiscard]] Opened open(SessionRegistry& registry, const ConnectTerms& terms,
            std::uint32_t expiry_max, ConnectionHandle ender, intake::Inbox& inbox);
    [[nodiscard]] bool is_open() const { return session_ != nullptr; }

    /// Seconds for which it outlives its connection; 0: it ends with it.
    [[nodiscard]] std::uint32_t expiry_seconds() const { return expiry_seconds_; }
    /// The client, or a person, wants it otherwise. The object stays in the registry until the
    /// client id is released: an expiry of 0 is what makes it end there.
    void change_expiry(std::uint32_t seconds, intake::Inbox& inbox);

    /// As Session::note_received, of a QoS 2 PUBLISH.
    [[nodiscard]] bool note_received(const mqtt::Publish& publish) {
        return session_->note_received(publish.packet_id, publish.topic, publish.payload);
    }
    void forget_received(std::uint16_t packet_id) { (void)session_->note_released(packet_id); }
    [[nodiscard]] std::size_t unreleased_count() const { return session_->unreleased_count(); }

    struct Release {
        bool known = false;    // there is such a message
        bool durable = false;  // PUBCOMP is to wait for the journal
    };
    /// A PUBREL has come.
    [[nodiscard]] Release release(std::uint16_t packet_id, intake::Inbox& inbox);

    /// While is_open().
    [[nodiscard]] Session& session() { return *session_; }
    [[nodiscard]] const std::shared_ptr<Session>& shared_session() const { return session_; }
    /// What happens to it goes into the journal.
    [[nodiscard]] bool is_journaled() const { return in_journal_; }

    /// A filter was subscribed to, or no longer is: goes into the journal whatever the session is.
    void journal_subscription(mqtt::RecordKind kind, const mqtt::Subscription& subscription,
            std::uint32_t identifier, intake::Inbox& inbox) const;
    /// The message with this number has come so far.
    void journal_delivery(
            std::uint64_t number, mqtt::DeliveryStage stage, intake::Inbox& inbox) const;

    void set_presence(Session::Presence presence) {
        if (session_) {
            session_->set_presence(presence);
        }
    }

  private:
    void journal(mqtt::RecordKind kind, std::uint16_t packet_id, intake::Inbox& inbox) const;
    void journal_expiry(intake::Inbox& inbox);

    std::shared_ptr<Session> session_;
    std::uint32_t expiry_max_ = 0;
    std::uint32_t expiry_seconds_ = 0;
    bool in_journal_ = false;
};

}  // namespace foz::broker
