// SPDX-License-Identifier: Apache-2.0
#include "intake/intake.h"

#include <algorithm>
#include <utility>

namespace foz::intake {

bool Intake::append(SteadyTime now) {
    if (!inbox_.acks().empty() || (terms_.waits_for_disk && !inbox_.empty())) {
        wants_progress_ = true;
    }
    const bool only_acks = inbox_.batches().empty();
    announce_retained();
    while (!inbox_.batches().empty()) {
        const auto ticket = journal_.append(inbox_.batches().front());
        stalled_ = !ticket;
        if (stalled_) {
            if (stalled_throttle_.pass(now)) {
                spdlog::warn(
                        "{}: what arrives waits and is not acknowledged, the journal does not take "
                        "it: {}",
                        terms_.log_name, ticket.error().message);
            }
            return false;
        }
        appended_ticket_ = *ticket;
        inbox_.pop_batch();
    }
    stalled_ = false;
    if (std::exchange(retained_announced_, false)) {
        terms_.retained_watcher->end_retained();
    }
    appended_.fetch_add(inbox_.messages(), std::memory_order_relaxed);
    if (!inbox_.acks().empty()) {
        // Without records, they are of messages sent again: those are in the journal, perhaps by
        // another's append and not durable yet.
        queue_acks(only_acks ? journal_.last_ticket() : appended_ticket_);
    }
    inbox_.clear();
    return true;
}

void Intake::announce_retained() {
    if (inbox_.has_retained() && terms_.retained_watcher != nullptr && !retained_announced_) {
        retained_announced_ = true;
        terms_.retained_watcher->begin_retained();
    }
}

void Intake::queue_acks(journal::Ticket ticket) {
    const auto releases = std::ranges::stable_partition(inbox_.acks(), [](const PendingAck& ack) {
        return ack.type != mqtt::PacketType::pubcomp && ack.type != mqtt::PacketType::pubrel;
    });
    releases_.assign(releases.begin(), releases.end());
    inbox_.acks().erase(releases.begin(), releases.end());
    for_disk_.push(ticket, releases_);
    acks_.push(ticket, inbox_.acks());
}

void Intake::forget_acks() {
    inbox_.acks().clear();
    acks_.clear();
    for_disk_.clear();
    for_databases_.clear();
}

void Intake::note_progress(const journal::Durable& durable) {
    const bool wants_disk = terms_.waits_for_disk &&
                            (!inbox_.batches().empty() || durable.ticket < appended_ticket_);
    if (!has_acks() && inbox_.acks().empty() && !wants_disk) {
        wants_progress_ = false;
    }
}

void Intake::run_barriers() {
    if (!inbox_.batches().empty()) {
        return;
    }
    for (const auto& done : std::exchange(barriers_, {})) {
        done();
    }
}

}  // namespace foz::intake
