// SPDX-License-Identifier: Apache-2.0
// A broker that foz reads from: subscribes there, and carries what comes into the journal. The
// other broker gets its acknowledgement when the journal has the message, so what foz had not
// stored comes again; a QoS 2 message that comes again is recognised, also after a crash of foz.
//
// Each source has a thread of its own. Its messages have the client id "$source/NAME".
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/intake.h"
#include "client/link.h"
#include "client/loop.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "session/session_saver.h"

namespace foz::source {

/// A snapshot for people.
struct SourceStatus {
    std::string name;
    std::string url;
    client::LinkStatus link;
    std::uint64_t messages = 0;  // in the journal, since the start
};

/// What a source works with; all outlive it.
struct SourceParts {
    client::IntakeTerms intake;
    journal::Journal& journal;
    const Clock& clock;
};

/// Any thread, unless said otherwise.
class Source final : public journal::Listener,
                     public session::SessionHolder,
                     private client::LinkUser {
  public:
    /// Starts to connect. `recovered` are all sessions of the journal; it finds its own.
    /// Errors: a password file that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<Source>> start(
        const config::Source& settings,
        std::span<const std::shared_ptr<session::Session>> recovered,
        const SourceParts& parts
    );
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    /// Stops at once; drain() first for a clean end.
    ~Source() override;

    /// Stops reading, acknowledges what becomes durable until `deadline`, and disconnects.
    void drain(SteadyTime deadline);

    /// With ack = "commit": everything below `position` is in every database that takes it.
    void set_committed(journal::Position position);

    [[nodiscard]] SourceStatus status() const;

    [[nodiscard]] std::vector<std::shared_ptr<session::Session>> persistent_sessions() override;
    [[nodiscard]] bool wait_until_appended(SteadyTime deadline) override;

    void on_durable(journal::Position end) override;
    void on_room() override;
    void on_failed(const Error& error) override;

  private:
    Source(
        const config::Source& settings,
        client::SessionTerms terms,
        std::shared_ptr<session::Session> session,
        const SourceParts& parts
    );

    // Of the link, on the loop's thread:
    void on_session(bool present) override;
    [[nodiscard]] bool takes(const mqtt::Publish& message) override;
    void on_message(const mqtt::Publish& message) override;
    void on_release(std::uint16_t packet_id) override;
    void on_answer_due(client::Answer answer) override;
    void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) override;
    void on_ready() override;
    void on_read_end() override;
    void on_writable() override;
    void on_lost(const client::Failure& failure) override;

    const std::string name_;
    const std::string url_;
    /// With MQTT 3.1.1, whose brokers set the retain flag only on what they send because of a new
    /// subscription: such messages are acknowledged and forgotten. With MQTT 5 they do not come.
    const bool skips_flagged_;
    std::uint64_t skipped_ = 0;  // in the read at hand; on the loop's thread
    journal::Journal& journal_;
    const std::shared_ptr<session::Session> session_;

    client::Loop loop_;
    client::Intake intake_;
    client::Link link_;
};

}  // namespace foz::source
