// SPDX-License-Identifier: Apache-2.0
// What a source and a bridge have in common: a thread with a link to another broker, of which
// everything that comes goes into the journal. The other broker gets its acknowledgements when the
// journal has the messages, so what foz had not stored comes again; a QoS 2 message that comes
// again is recognised, also after a crash of foz. When it reads and when not: read_flow.h.
//
// A message that is larger than the journal can ever take is skipped and logged as an error: it is
// not acknowledged, and its broker keeps it until foz has a larger journal.
//
// Who derives from it says where each message belongs (topic_of), and sends what it wants by
// link(); its constructor leads to start(), its destructor begins with stop().
//
// Public functions: any thread. All others: the loop's, unless said otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "client/link.h"
#include "client/loop.h"
#include "config/settings.h"
#include "intake/intake.h"
#include "intake/read_flow.h"
#include "journal/journal.h"
#include "session/session.h"
#include "session/session_holder.h"

namespace foz::intake {

/// Counters for people; any thread.
struct LinkIntakeCounters {
    std::atomic<std::uint64_t> messages{0};  // appended to the journal
    std::atomic<std::uint64_t> dropped{0};   // of QoS 0, while a bridge had no room for them
};

struct LinkIntakeTerms {
    config::Ack ack = config::Ack::journal;
    std::uint64_t message_bytes_max = ~std::uint64_t{0};    // topic, payload and properties
    delivery::RetainedWatcher* retained_watcher = nullptr;  // as in IntakeTerms
};

/// A quarter of the journal's cap: less than the largest append that it takes.
[[nodiscard]] LinkIntakeTerms link_intake_terms(const config::Settings& settings);

class LinkIntake : public journal::Listener,
                   public session::SessionHolder,
                   protected client::LinkUser {
  public:
    LinkIntake(const LinkIntake&) = delete;
    LinkIntake& operator=(const LinkIntake&) = delete;
    ~LinkIntake() override;

    /// With ack = "commit": everything below `position` is in every database that takes it.
    void set_committed(journal::Position position);

    [[nodiscard]] std::vector<std::shared_ptr<session::Session>> persistent_sessions() override;
    [[nodiscard]] bool wait_until_appended(SteadyTime deadline) override;

    void on_durable(const journal::Durable& durable) override;
    void on_space() override;
    void on_failed(const Error& error) override;

  protected:
    struct Setup {
        client::Link::Options link;
        /// That of the link: its client id is what the records say the publisher is.
        std::shared_ptr<session::Session> session;
        LinkIntakeTerms terms;
        bool reads_on = false;  // without room in the journal: a bridge
    };
    /// `journal` and `clock` must outlive it.
    LinkIntake(Setup setup, journal::Journal& journal, const Clock& clock);

    /// Starts to connect. Any thread; once.
    void start();
    /// Ends the thread at once: what derives from it may be destroyed then. Any thread but the
    /// loop's.
    void stop();
    /// A clean end: takes nothing more, gives the acknowledgements that become due until
    /// `deadline`, disconnects, and ends the thread. `done` and `last_words` are those of one who
    /// sends by the same link, on the loop's thread: whether all is sent, and what to send before
    /// it stops. Any thread but the loop's.
    void drain(
            SteadyTime deadline, const std::function<bool()>& done = [] { return true; },
            const std::function<void()>& last_words = [] {});

    /// Under which topic a message enters the journal, valid until the next call; nothing: it is
    /// acknowledged and forgotten.
    [[nodiscard]] virtual std::optional<std::string_view> topic_of(
            const mqtt::Publish& message) = 0;

    void on_session(bool present) override;
    [[nodiscard]] bool takes(const mqtt::Publish& message) override;
    void on_message(const mqtt::Publish& message) override;
    void on_release(std::uint16_t packet_id) override;
    void on_answer_due(client::Answer answer) override;
    void on_read_end() override;
    void on_lost(const client::LinkFailure& failure) override;
    // For one that publishes nothing:
    void on_delivered(std::uint64_t /*tag*/, mqtt::ReasonCode /*reason*/) override {}
    void on_ready() override {}
    void on_writable() override {}

    /// The same from any thread.
    [[nodiscard]] const std::string& log_name() const { return log_name_; }
    [[nodiscard]] const LinkIntakeCounters& counters() const { return counters_; }
    [[nodiscard]] journal::Journal& journal() { return journal_; }
    [[nodiscard]] const journal::Journal& journal() const { return journal_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] const client::Link& link() const { return link_; }
    [[nodiscard]] client::Link& link() { return link_; }
    [[nodiscard]] client::Loop& loop() { return loop_; }

  private:
    void wake();
    void on_progress();
    void give_answers();
    void act(ReadFlow::Action action);
    void watch_for_full_journal();
    void add_session_record(
            mqtt::RecordKind kind, std::uint16_t packet_id, std::uint32_t expiry_seconds);
    void note_dropped(const mqtt::Publish& message);
    void note_too_large(const mqtt::Publish& message);

    const std::string log_name_;
    journal::Journal& journal_;
    const Clock& clock_;
    const LinkIntakeTerms terms_;
    const std::shared_ptr<session::Session> session_;
    LinkIntakeCounters counters_;
    client::Loop loop_;
    Intake intake_;
    ReadFlow flow_;
    bool first_of_read_ = true;  // of the messages of one read
    bool watching_ = false;      // for a full journal: posted, and not run yet
    std::atomic<bool> wake_posted_{false};
    std::atomic<journal::Position> committed_;
    std::string properties_;  // reused
    LogThrottle dropped_throttle_;
    LogThrottle too_large_throttle_;
    client::Link link_;
};

}  // namespace foz::intake
