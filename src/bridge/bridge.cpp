// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/printable.h"
#include "config/aws_iot_limits.h"
#include "mqtt/message.h"
#include "mqtt/topic.h"
#include "session/session_recovery.h"

namespace foz::bridge {

using foz::session::Session;

namespace {

// Records behind the journal's end; fewer are not worth a line in the log.
constexpr std::uint64_t kBehindToSay = 1'000;

constexpr std::string_view kConnected = "1";
constexpr std::string_view kDisconnected = "0";

}  // namespace

Result<client::SessionTerms> Bridge::terms_of(
    const config::Bridge& settings, const TopicMap& topics
) {
    auto terms = client::session_terms(settings.remote);
    if (!terms) {
        return terms;
    }
    const config::RemoteLimits& limits = config::limits_of(settings.remote.profile);
    terms->in_flight = std::min(settings.in_flight, limits.in_flight_out);
    terms->hold_releases = topics.qos_out() == 2;
    terms->bridge = limits.no_local;
    for (RemoteFilter& filter : topics.remote_filters()) {
        terms->filters.push_back({
            .filter = std::move(filter.filter),
            .qos = std::min(filter.qos, limits.qos_max),
            .no_local = limits.no_local,
            .retain_as_published = true,
        });
    }
    if (settings.notification_topic) {
        terms->will = client::Will{
            .topic = *settings.notification_topic,
            .payload = std::string(kDisconnected),
            .qos = 1,
            .retain = true,
        };
    }
    return terms;
}

Result<std::unique_ptr<Bridge>> Bridge::start(
    const config::Bridge& settings,
    std::span<const std::shared_ptr<Session>> recovered,
    const BridgeParts& parts
) {
    const auto failed = [&](const Error& error) {
        return fail(error.code, "bridge {}: {}", settings.remote.name, error.message);
    };
    auto terms = terms_of(settings, TopicMap(settings.topics));
    if (!terms) {
        return failed(terms.error());
    }
    auto session = foz::session::session_of(
        std::string(mqtt::kBridgeClientId) + settings.remote.name, recovered
    );
    std::unique_ptr<Bridge> bridge(
        new Bridge(settings, *std::move(terms), std::move(session), parts)
    );
    if (bridge->topics_.qos_out()) {
        if (auto started = bridge->sender_.start(bridge->loop_, bridge->link_); !started) {
            return failed(started.error());
        }
    }
    parts.journal.add_listener(*bridge);
    bridge->loop_.post([link = &bridge->link_] { link->start(); });
    return bridge;
}

Bridge::Bridge(
    const config::Bridge& settings,
    client::SessionTerms terms,
    std::shared_ptr<Session> session,
    const BridgeParts& parts
)
    : settings_(settings),
      called_("bridge " + settings.remote.name),
      topics_(settings.topics),
      journal_(parts.journal),
      clock_(parts.clock),
      session_(std::move(session)),
      receives_(!terms.filters.empty()),
      mark_(EchoMark::for_bridge(settings, journal_.status().id)),
      loop_(called_),
      intake_(called_, journal_, clock_, parts.intake, session_),
      sender_(settings_, topics_, journal_, parts.state, clock_),
      link_(
          loop_,
          {.called = called_, .remote = settings.remote, .terms = std::move(terms)},
          session_,
          *this,
          clock_
      ) {
    intake_.attach(link_);
    intake_.read_on_without_room(loop_);
}

Bridge::~Bridge() {
    journal_.remove_listener(*this);
    loop_.stop();
}

void Bridge::drain(SteadyTime deadline) {
    intake_.drain(
        loop_,
        deadline,
        [this] { return sender_.done() || link_.status().state != client::LinkState::ready; },
        [this] { notify(kDisconnected); }
    );
}

void Bridge::set_committed(journal::Position position) {
    intake_.set_committed(position);
    intake_.wake(loop_);
}

BridgeStatus Bridge::status() const {
    const SenderCounters& counters = sender_.counters();
    const std::uint64_t end = journal_.durable_end();
    const std::uint64_t position = counters.position.load(std::memory_order_relaxed);
    return {
        .name = settings_.remote.name,
        .url = settings_.remote.url,
        .link = link_.status(),
        .received = intake_.counters().messages.load(std::memory_order_relaxed),
        .sent = counters.sent.load(std::memory_order_relaxed),
        .expired = counters.expired.load(std::memory_order_relaxed),
        .refused = counters.refused.load(std::memory_order_relaxed),
        .dropped = intake_.counters().dropped.load(std::memory_order_relaxed),
        .echoes = echoes_.load(std::memory_order_relaxed),
        .behind = topics_.qos_out() ? end - std::min(position, end) : 0,
    };
}

std::vector<std::shared_ptr<Session>> Bridge::persistent_sessions() {
    return receives_ ? std::vector{session_} : std::vector<std::shared_ptr<Session>>();
}

bool Bridge::wait_until_appended(SteadyTime deadline) {
    const auto appended = std::make_shared<std::promise<void>>();
    loop_.post([this, appended] { intake_.when_appended([appended] { appended->set_value(); }); });
    return appended->get_future().wait_until(deadline) == std::future_status::ready;
}

void Bridge::on_durable(journal::Position) {
    intake_.wake(loop_);
    sender_.on_durable();
}

void Bridge::on_room() {
    intake_.wake(loop_);
}

void Bridge::on_failed(const Error& error) {
    spdlog::error("{}: nothing is read or sent any more: {}", called_, error.message);
}

void Bridge::notify(std::string_view state) {
    if (!settings_.notification_topic || !link_.protocol().ready()) {
        return;
    }
    mqtt::Publish message;
    message.topic = *settings_.notification_topic;
    message.payload = state;
    message.retain = true;
    link_.publish({.message = message, .tag = Sender::kNoRecord});
    link_.flush();
}

void Bridge::on_session(bool present) {
    if (receives_) {
        intake_.on_session(present);
    }
}

std::string_view Bridge::journal_topic(std::string_view topic) {
    const auto mapped = topics_.inward(topic, topic_);
    return mapped ? mapped->topic : topic;
}

bool Bridge::takes(const mqtt::Publish& message) {
    return intake_.takes(message);
}

void Bridge::on_message(const mqtt::Publish& message) {
    if (mark_ && mark_->is_on(message)) {
        echoes_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const auto mapped = topics_.inward(message.topic, topic_);
    if (mapped && mqtt::is_valid_topic_name(mapped->topic)) {
        intake_.on_message(message, mapped->topic);
        return;
    }
    if (stray_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
            "{}: a message on \"{}\" is dropped: no topic line takes it in; the other broker keeps "
            "a subscription from before (remove foz's session there, or choose another client_id)",
            called_,
            printable(message.topic)
        );
    }
}

void Bridge::on_release(std::uint16_t packet_id) {
    intake_.on_release(packet_id);
}

void Bridge::on_answer_due(client::Answer answer) {
    intake_.on_answer_due(answer);
}

void Bridge::on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) {
    sender_.on_delivered(tag, reason);
}

void Bridge::on_ready() {
    if (const std::uint64_t behind = status().behind; behind >= kBehindToSay) {
        spdlog::info("{}: goes on {} records behind the journal's end", called_, behind);
    }
    notify(kConnected);
    if (topics_.qos_out()) {
        sender_.on_ready();
    }
}

void Bridge::on_read_end() {
    intake_.on_read_end();
    sender_.settle();
}

void Bridge::on_writable() {
    sender_.pump();
}

void Bridge::on_lost(const client::Failure&) {
    intake_.on_lost();
    sender_.settle();
}

}  // namespace foz::bridge
