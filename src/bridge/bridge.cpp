// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "config/aws_iot_limits.h"
#include "mqtt/message.h"
#include "mqtt/topic.h"
#include "session/session_holder.h"

namespace foz::bridge {

using session::Session;

namespace {

// Records behind the journal's end; fewer are not worth a line in the log.
constexpr std::uint64_t kBehindToSay = 1'000;

constexpr std::string_view kConnected = "1";
constexpr std::string_view kDisconnected = "0";

}  // namespace

Result<client::SessionTerms> Bridge::terms_of(
        const config::Bridge& settings, const TopicMap& topics) {
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

Result<std::unique_ptr<Bridge>> Bridge::start(const config::Bridge& settings,
        std::span<const std::shared_ptr<Session>> recovered,
        const BridgeDependencies& dependencies) {
    const auto failed = [&](const Error& error) {
        return fail(error.code, "bridge {}: {}", settings.remote.name, error.message);
    };
    auto terms = terms_of(settings, TopicMap(settings.topics));
    if (!terms) {
        return failed(terms.error());
    }
    Setup setup{
        .link = {.log_name = "bridge " + settings.remote.name,
            .remote = settings.remote,
            .terms = *std::move(terms)},
        .session = session::session_of(
                std::string(mqtt::kBridgeClientId) + settings.remote.name, recovered),
        .terms = dependencies.intake,
        .reads_on = true,
    };
    std::unique_ptr<Bridge> bridge(new Bridge(settings, std::move(setup), dependencies));
    if (bridge->topics_.qos_out()) {
        if (auto started = bridge->sender_.start(bridge->loop(), bridge->link()); !started) {
            return failed(started.error());
        }
    }
    bridge->LinkIntake::start();
    return bridge;
}

Bridge::Bridge(const config::Bridge& settings, Setup setup, const BridgeDependencies& dependencies)
    : LinkIntake(std::move(setup), dependencies.journal, dependencies.clock),
      settings_(settings),
      topics_(settings.topics),
      receives_(!link().protocol().terms().filters.empty()),
      mark_(EchoMark::for_bridge(settings, dependencies.journal.status().id)),
      sender_(settings_, topics_, dependencies.journal, dependencies.state, dependencies.clock) {}

Bridge::~Bridge() {
    stop();
}

void Bridge::drain(SteadyTime deadline) {
    LinkIntake::drain(
            deadline,
            [this] { return sender_.done() || link().status().state != client::LinkState::ready; },
            [this] { notify(kDisconnected); });
}

BridgeStatus Bridge::status() const {
    const SenderCounters& sent = sender_.counters();
    const journal::Position end = journal().durable_end();
    const journal::Position position = sent.position.load(std::memory_order_relaxed);
    return {
        .name = settings_.remote.name,
        .url = settings_.remote.url,
        .link = link().status(),
        .received = counters().messages.load(std::memory_order_relaxed),
        .sent = sent.sent.load(std::memory_order_relaxed),
        .expired = sent.expired.load(std::memory_order_relaxed),
        .refused = sent.refused.load(std::memory_order_relaxed),
        .dropped = counters().dropped.load(std::memory_order_relaxed),
        .echoes = echoes_.load(std::memory_order_relaxed),
        .behind = topics_.qos_out() ? journal::records_between(position, end) : 0,
    };
}

std::vector<std::shared_ptr<Session>> Bridge::persistent_sessions() {
    return receives_ ? LinkIntake::persistent_sessions() : std::vector<std::shared_ptr<Session>>();
}

void Bridge::on_durable(const journal::Durable& durable) {
    LinkIntake::on_durable(durable);
    sender_.on_durable();
}

void Bridge::on_failed(const Error& error) {
    spdlog::error("{}: nothing is read or sent any longer: {}", log_name(), error.message);
}

void Bridge::notify(std::string_view state) {
    if (!settings_.notification_topic || !link().protocol().ready()) {
        return;
    }
    mqtt::Publish message;
    message.topic = *settings_.notification_topic;
    message.payload = state;
    message.retain = true;
    link().publish({.message = message, .tag = Sender::kNoRecord});
    link().flush();
}

void Bridge::on_session(bool present) {
    if (receives_) {
        LinkIntake::on_session(present);
    }
}

std::string_view Bridge::journal_topic(std::string_view topic) {
    const auto mapped = topics_.inward(topic, topic_);
    return mapped ? mapped->topic : topic;
}

std::optional<std::string_view> Bridge::topic_of(const mqtt::Publish& message) {
    if (mark_ && mark_->is_on(message)) {
        echoes_.fetch_add(1, std::memory_order_relaxed);
        return std::nullopt;
    }
    const auto mapped = topics_.inward(message.topic, topic_);
    if (mapped && mqtt::is_valid_topic_name(mapped->topic)) {
        return mapped->topic;
    }
    if (stray_throttle_.pass(clock().steady_now())) {
        spdlog::warn(
                "{}: a message on \"{}\" is dropped: no topic line takes it in; the other broker "
                "keeps a subscription from before (remove foz's session there, or choose another "
                "client_id)",
                log_name(), printable(message.topic));
    }
    return std::nullopt;
}

void Bridge::on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) {
    sender_.on_delivered(tag, reason);
}

void Bridge::on_ready() {
    if (const std::uint64_t behind = status().behind; behind >= kBehindToSay) {
        spdlog::info("{}: goes on {} records behind the journal's end", log_name(), behind);
    }
    notify(kConnected);
    if (topics_.qos_out()) {
        sender_.on_ready();
    }
}

void Bridge::on_read_end() {
    LinkIntake::on_read_end();
    sender_.advance_cursor();
}

void Bridge::on_writable() {
    sender_.pump();
}

void Bridge::on_lost(const client::LinkFailure& failure) {
    LinkIntake::on_lost(failure);
    sender_.advance_cursor();
}

}  // namespace foz::bridge
