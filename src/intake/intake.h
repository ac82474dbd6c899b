// SPDX-License-Identifier: Apache-2.0
// The way of what is received into the journal, and of the acknowledgements back: what gathers in
// inbox() is appended by append(), and deliver() gives each acknowledgement once the journal has
// what it stands for, as `ack` says:
//
//   journal  when it is on disk
//   commit   when every database has it, too
//   memory   when it is appended
//
// PUBCOMP waits for the disk whatever the policy: were its release forgotten in a crash, the next
// message with this packet id would be taken for the old one and lost. So does PUBREL: were it
// forgotten that the client has a message, it would get it twice.
//
// A journal without room is a wait (stalled()): nothing is dropped, and the next append() tries
// again with the same records.
//
// One thread, but for wants_progress().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"
#include "delivery/retained_watcher.h"
#include "intake/ack_queue.h"
#include "intake/inbox.h"
#include "journal/journal.h"

namespace foz::intake {

struct IntakeTerms {
    /// For the log: what arrives where ("source aws").
    std::string log_name;
    config::Ack ack = config::Ack::journal;
    /// What arrives is on disk before more is read: durable() is asked for, too, not only the
    /// acknowledgements.
    bool waits_for_disk = false;
    /// Hears of messages that are to be retained; null: nobody does. It must outlive the Intake.
    delivery::RetainedWatcher* retained_watcher = nullptr;
};

class Intake {
  public:
    /// `appended` counts the messages that are in the journal. Both must outlive it.
    Intake(journal::Appendable& journal, IntakeTerms terms, std::atomic<std::uint64_t>& appended)
        : journal_(journal), terms_(std::move(terms)), appended_(appended) {}

    [[nodiscard]] Inbox& inbox() { return inbox_; }
    [[nodiscard]] const Inbox& inbox() const { return inbox_; }

    /// Appends all of the inbox. False: the journal has no room for some of it, which is kept.
    bool append(SteadyTime now);
    /// The last append() has left something, and deliver() gives nothing of it.
    [[nodiscard]] bool stalled() const { return stalled_; }

    /// Calls `give(const PendingAck&)` for each acknowledgement that is due. `committed`: every
    /// database has what is below.
    template <class Give>
    void deliver(journal::Position committed, Give give) {
        const journal::Durable durable = journal_.durable();
        for_disk_.deliver(durable.ticket, give);
        switch (terms_.ack) {
            case config::Ack::journal: acks_.deliver(durable.ticket, give); break;
            case config::Ack::memory: acks_.deliver(journal::Ticket::any(), give); break;
            case config::Ack::commit:
                acks_.take(durable.ticket, [this](journal::Ticket ticket, auto& acks) {
                    for_databases_.push(journal_.end_of(ticket), acks);
                });
                for_databases_.deliver(committed, give);
                break;
        }
        note_progress(durable);
    }
    /// Nobody waits for the acknowledgements any more. The messages stay.
    void forget_acks();

    /// Acknowledgements wait, of what is appended.
    [[nodiscard]] bool has_acks() const {
        return !acks_.empty() || !for_disk_.empty() || !for_databases_.empty();
    }
    /// Everything received is on disk.
    [[nodiscard]] bool durable() const {
        return inbox_.batches().empty() && journal_.durable().ticket >= appended_ticket_;
    }
    /// Whether there is anything to do when the journal has become durable further, or more is
    /// committed. Any thread. What becomes durable after an append() began finds it true.
    [[nodiscard]] bool wants_progress() const { return wants_progress_; }

    /// `done` is called by the next run_barriers() that finds nothing in the inbox: what was
    /// received before is appended then.
    void add_barrier(std::function<void()> done) { barriers_.push_back(std::move(done)); }
    [[nodiscard]] bool has_barriers() const { return !barriers_.empty(); }
    void run_barriers();

  private:
    void queue_acks(journal::Ticket ticket);
    void announce_retained();
    void note_progress(const journal::Durable& durable);

    journal::Appendable& journal_;
    const IntakeTerms terms_;
    std::atomic<std::uint64_t>& appended_;
    Inbox inbox_;
    AckQueue<journal::Ticket> acks_;             // PUBACK and PUBREC
    AckQueue<journal::Ticket> for_disk_;         // PUBCOMP and PUBREL
    AckQueue<journal::Position> for_databases_;  // with ack = "commit", those of acks_ on disk
    std::vector<PendingAck> releases_;           // reused
    journal::Ticket appended_ticket_;            // of the last append
    bool stalled_ = false;
    bool retained_announced_ = false;  // begin_retained() without its end_retained()
    // Set before the append and before the look at durable(), cleared after it: a listener of
    // the journal that finds it false has nothing to tell.
    std::atomic<bool> wants_progress_ = false;
    std::vector<std::function<void()>> barriers_;
    LogThrottle stalled_throttle_;
};

}  // namespace foz::intake
