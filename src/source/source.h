// SPDX-License-Identifier: Apache-2.0
// A broker that foz reads from: subscribes there, and carries what comes into the journal
// (intake/link_intake.h).
//
// Each source has a thread of its own. Its messages have the client id "$source/NAME".
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "client/link.h"
#include "config/settings.h"
#include "intake/link_intake.h"
#include "journal/journal.h"

namespace foz::source {

/// A snapshot for people.
struct SourceStatus {
    std::string name;
    std::string url;
    client::LinkStatus link;
    std::uint64_t messages = 0;  // in the journal, since the start
};

/// What a source works with; all outlive it.
struct SourceDependencies {
    intake::LinkIntakeTerms intake;
    journal::Journal& journal;
    const Clock& clock;
};

/// Any thread.
class Source final : public intake::LinkIntake {
  public:
    /// Starts to connect. `recovered` are all sessions of the journal; it finds its own.
    /// Errors: a password file that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<Source>> start(const config::Source& settings,
            std::span<const std::shared_ptr<session::Session>> recovered,
            const SourceDependencies& dependencies);
    /// Stops at once; drain() first for a clean end.
    ~Source() override;

    /// Stops reading, acknowledges what becomes durable until `deadline`, and disconnects.
    void drain(SteadyTime deadline) { LinkIntake::drain(deadline); }

    [[nodiscard]] SourceStatus status() const;

  private:
    Source(const config::Source& settings, Setup setup, const SourceDependencies& dependencies);

    [[nodiscard]] std::optional<std::string_view> topic_of(const mqtt::Publish& message) override;
    void on_read_end() override;

    const std::string name_;
    const std::string url_;
    /// With MQTT 3.1.1, whose brokers set the retain flag only on what they send because of a new
    /// subscription: such messages are acknowledged and forgotten. With MQTT 5 they do not come.
    const bool skips_flagged_;
    std::uint64_t skipped_ = 0;  // in the read at hand; on the loop's thread
};

}  // namespace foz::source
