// SPDX-License-Identifier: Apache-2.0
#include "broker/attached_session.h"

#include <algorithm>
#include <utility>

#include "broker/connect_terms.h"

namespace foz::broker {

using mqtt::RecordKind;

AttachedSession::Opened AttachedSession::open(SessionRegistry& registry, const ConnectTerms& terms,
        std::uint32_t expiry_max, ConnectionHandle ender, intake::Inbox& inbox) {
    expiry_max_ = expiry_max;
    expiry_seconds_ = std::min(terms.expiry_requested, expiry_max);
    SessionRegistry::Opened opened =
            registry.open(terms.client_id, terms.clean_start, expiry_seconds_, ender);
    if (!opened.session) {
        return {};
    }
    session_ = std::move(opened.session);
    if (opened.discarded) {
        journal(RecordKind::session_ended, 0, inbox);
    }
    if (opened.will) {
        opened.will->publish(terms.client_id, inbox);
    }
    in_journal_ = opened.present;  // a new one is not there yet
    journal_expiry(inbox);
    return {
        .opening = opened.present ? Opening::continued : Opening::started,
        .dropped = std::move(opened.dropped),
    };
}

void AttachedSession::change_expiry(std::uint32_t seconds, intake::Inbox& inbox) {
    expiry_seconds_ = std::min(seconds, expiry_max_);
    journal_expiry(inbox);
    session_->set_expiry_seconds(expiry_seconds_);
}

AttachedSession::Release AttachedSession::release(std::uint16_t packet_id, intake::Inbox& inbox) {
    const Release release{
        .known = session_->note_released(packet_id),
        .durable = in_journal_,
    };
    // PUBCOMP waits until the release is durable: were it forgotten in a crash, the client's next
    // message with this packet id would be taken for the old one and lost. One that is not known
    // (any more) may still be on its way to the disk.
    if (release.known && release.durable) {
        journal(RecordKind::release, packet_id, inbox);
    }
    return release;
}

void AttachedSession::journal_subscription(RecordKind kind, const mqtt::Subscription& subscription,
        std::uint32_t identifier, intake::Inbox& inbox) const {
    inbox.add_subscription_record(kind, {
                                            .client_id = session_->client_id(),
                                            .subscription = subscription,
                                            .identifier = identifier,
                                        });
}

void AttachedSession::journal_delivery(
        std::uint64_t number, mqtt::DeliveryStage stage, intake::Inbox& inbox) const {
    if (in_journal_) {
        inbox.add_delivery_record(
                {.client_id = session_->client_id(), .number = number, .stage = stage});
    }
}

void AttachedSession::journal(
        RecordKind kind, std::uint16_t packet_id, intake::Inbox& inbox) const {
    inbox.add_session_record(
            kind, {
                      .client_id = session_->client_id(),
                      .packet_id = packet_id,
                      .expiry_seconds = kind == RecordKind::session_started ? expiry_seconds_ : 0,
                  });
}

// Tells the journal for how long the session is to be kept, when that is any of its business.
void AttachedSession::journal_expiry(intake::Inbox& inbox) {
    if (expiry_seconds_ == 0 && !in_journal_) {
        return;
    }
    in_journal_ = expiry_seconds_ != 0;
    journal(in_journal_ ? RecordKind::session_started : RecordKind::session_ended, 0, inbox);
}

}  // namespace foz::broker
