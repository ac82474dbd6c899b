// SPDX-License-Identifier: Apache-2.0
#include "bridge/sender.h"

#include <optional>
#include <utility>

#include "config/aws_iot_limits.h"
#include "mqtt/message.h"
#include "mqtt/reason_code.h"

namespace foz::bridge {
namespace {

// Records looked at before others get their turn on the loop: a journal full of messages that do
// not go out must not keep acknowledgements waiting.
constexpr unsigned kRecordsAtOnce = 4'096;

constexpr std::chrono::seconds kAckTimeout{30};  // for an acknowledgement
constexpr std::chrono::seconds kTryAgainAfter{1};

constexpr std::uint8_t kExactlyOnce = 2;

// What is published is known by its place in the journal.
std::uint64_t tag_of(journal::Position position) {
    return position.number();
}
journal::Position position_of(std::uint64_t tag) {
    return journal::Position::from_number(tag);
}

}  // namespace

Sender::Sender(const config::Bridge& bridge, const TopicMap& topics, journal::Journal& journal,
        state::StateDatabase& state, const Clock& clock)
    : log_name_("bridge " + bridge.remote.name),
      journal_(journal),
      clock_(clock),
      messages_(topics, config::limits_of(bridge.remote.profile),
              std::string(mqtt::kBridgeClientId) + bridge.remote.name,
              EchoMark::for_bridge(bridge, journal.status().id)),
      cursor_(bridge, topics.qos_out() == kExactlyOnce, journal, state),
      undeliverable_(log_name_, journal, state, clock),
      rate_(config::limits_of(bridge.remote.profile)) {}

Result<void> Sender::start(client::Loop& loop, client::Link& link) {
    loop_ = &loop;
    link_ = &link;
    auto position = cursor_.start(link.protocol().outbox());
    if (!position) {
        return pass_on(position);
    }
    auto reader = journal_.read_from(*position);
    if (!reader) {
        return pass_on(reader);
    }
    reader_ = *std::move(reader);
    counters_.position = *position;
    return {};
}

void Sender::post_pump() {
    if (!std::exchange(pump_posted_, true)) {
        loop_->post([this] {
            pump_posted_ = false;
            pump();
        });
    }
}

void Sender::pump_after(std::chrono::nanoseconds delay) {
    if (!std::exchange(pump_posted_, true)) {
        loop_->post_after(delay, [this] {
            pump_posted_ = false;
            pump();
        });
    }
}

void Sender::complain(const Error& error) {
    if (failed_throttle_.pass(clock_.steady_now())) {
        spdlog::error("{}: nothing more is sent: {}; foz tries again by itself", log_name_,
                error.message);
    }
}

void Sender::on_ready() {
    const auto& outbox = link_->protocol().outbox();
    for (std::uint64_t sent = outbox.oldest(); sent != outbox.next_sequence(); ++sent) {
        rate_.take(0);
    }
    pump();
}

// A broker with limits may discard what it thinks too much, without a word and without closing the
// connection [AWS IoT Core does]; only a new connection sends that again.
void Sender::watch() {
    const auto& outbox = link_->protocol().outbox();
    if (!rate_.limited() || watching_ || outbox.empty()) {
        return;
    }
    watching_ = true;
    watched_ = outbox.oldest();
    loop_->post_after(kAckTimeout, [this] {
        watching_ = false;
        const auto& now = link_->protocol().outbox();
        if (!now.empty() && now.oldest() == watched_ && link_->protocol().ready()) {
            link_->reconnect({client::Cause::silent,
                fmt::format("the broker has not acknowledged a message for {} s; it may have "
                            "discarded it for being over a rate",
                        kAckTimeout.count())});
        }
        watch();
    });
}

// A window with any room is filled at once: waiting for more room, to send larger pieces, would
// meet Nagle's algorithm at a broker that holds back its next acknowledgements until foz's TCP has
// something to say (measured with Mosquitto: 450 messages a second instead of 100,000).
void Sender::pump() {
    if (!reader_) {
        return;
    }
    const SystemTime now = clock_.system_now();
    Step last = Step::taken;
    for (unsigned i = 0; i < kRecordsAtOnce && last == Step::taken; ++i) {
        last = step(now);
    }
    advance_cursor();
    watch();
    link_->flush();
    if (last == Step::taken) {
        post_pump();
    }
}

bool Sender::within_rate() {
    if (pump_posted_) {
        return false;
    }
    const auto delay = rate_.wait(clock_.steady_now());
    if (delay.count() == 0) {
        return true;
    }
    pump_after(delay);
    return false;
}

// Looks at one record. Who returns `later` or `nothing` has seen to it that pump() is called again.
Sender::Step Sender::step(SystemTime now) {
    if (!link_->has_capacity()) {
        return Step::later;
    }
    if (rate_.limited() && !within_rate()) {
        return Step::later;
    }
    const auto read = reader_->next();
    if (!read) {
        complain(read.error());
        pump_after(kTryAgainAfter);
        return Step::later;
    }
    const std::optional<journal::Record>& record = *read;
    if (!record) {
        waiting_ = true;
        // What became durable before on_durable() could see that.
        const bool more = journal_.durable_end() > reader_->position();
        return more && waiting_.exchange(false) ? Step::taken : Step::nothing;
    }
    const auto outgoing = messages_.make(*record, now);
    if (outgoing) {
        send(*record, *outgoing);
    } else {
        undeliverable_.add(record->position, outgoing.error().message);
    }
    return Step::taken;
}

void Sender::send(const journal::Record& record, const OutgoingMessage& outgoing) {
    const auto& outbox = link_->protocol().outbox();
    const bool again = cursor_.maybe_sent(outbox.next_sequence());
    const std::uint8_t qos = outgoing.publish.qos;
    switch (outgoing.fate) {
        case Fate::not_ours: return;
        case Fate::send:
            rate_.take(outgoing.publish.payload.size() + outgoing.publish.topic.size());
            link_->publish(
                    {.message = outgoing.publish, .tag = tag_of(record.position), .again = again});
            return;
        case Fate::expired: counters_.expired.fetch_add(1, std::memory_order_relaxed); break;
        case Fate::impossible:
            counters_.refused.fetch_add(1, std::memory_order_relaxed);
            undeliverable_.add(record.position, outgoing.why);
            break;
    }
    // Its place in the outbox may be an old one, and those behind it count on theirs.
    if (qos > 0) {
        link_->skip(tag_of(record.position), again && qos == kExactlyOnce);
    }
}

void Sender::on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) {
    if (tag == kNoRecord) {
        return;
    }
    if (!mqtt::is_failure(reason)) {
        counters_.sent.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    undeliverable_.add(position_of(tag),
            reason == mqtt::ReasonCode::packet_too_large
                    ? "it is larger than the broker's Maximum Packet Size"
                    : fmt::format("the broker refused it: {}", mqtt::reason_text(reason)));
}

void Sender::advance_cursor() {
    if (!reader_) {
        return;
    }
    if (!undeliverable_.save()) {
        pump_after(kTryAgainAfter);
        return;
    }
    const auto& outbox = link_->protocol().outbox();
    const auto first_tag = outbox.first_tag_not_received();
    const journal::Position done = first_tag ? position_of(*first_tag) : reader_->position();
    if (const auto moved = cursor_.move(done, outbox); !moved) {
        complain(moved.error());
        pump_after(kTryAgainAfter);
        return;
    }
    counters_.position.store(done, std::memory_order_relaxed);
    link_->release();
}

void Sender::on_durable() {
    if (waiting_.exchange(false)) {
        loop_->post([this] { pump(); });
    }
}

bool Sender::done() const {
    return !reader_ ||
           (link_->protocol().outbox().empty() && reader_->position() >= journal_.durable_end());
}

}  // namespace foz::bridge
