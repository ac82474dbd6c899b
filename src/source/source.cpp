// SPDX-License-Identifier: Apache-2.0
#include "source/source.h"

#include <future>
#include <utility>

#include "base/log.h"
#include "mqtt/message.h"
#include "session/session_recovery.h"

namespace foz::source {
Result<std::unique_ptr<Source>> Source::start(
    const config::Source& settings,
    std::span<const std::shared_ptr<session::Session>> recovered,
    const SourceParts& parts
) {
    auto terms = client::session_terms(settings.remote);
    if (!terms) {
        return fail(
            terms.error().code, "source {}: {}", settings.remote.name, terms.error().message
        );
    }
    for (const config::Subscription& subscription : settings.subscribe) {
        terms->filters.push_back({
            .filter = subscription.topic,
            .qos = subscription.qos,
            .no_local = false,
            // So that `retain` of a message says what its publisher has said.
            .retain_as_published = true,
            .skip_retained = settings.retained == config::Retained::skip,
        });
    }
    std::unique_ptr<Source> source(new Source(
        settings,
        *std::move(terms),
        session::session_of(std::string(mqtt::kSourceClientId) + settings.remote.name, recovered),
        parts
    ));
    parts.journal.add_listener(*source);
    source->loop_.post([link = &source->link_] { link->start(); });
    return source;
}

Source::Source(
    const config::Source& settings,
    client::SessionTerms terms,
    std::shared_ptr<session::Session> session,
    const SourceParts& parts
)
    : name_(settings.remote.name),
      url_(settings.remote.url),
      skips_flagged_(
          settings.retained == config::Retained::skip &&
          terms.version == mqtt::ProtocolVersion::v3_1_1
      ),
      journal_(parts.journal),
      session_(std::move(session)),
      loop_("source " + name_),
      intake_("source " + name_, parts.journal, parts.clock, parts.intake, session_),
      link_(
          loop_,
          {.called = "source " + name_, .remote = settings.remote, .terms = std::move(terms)},
          session_,
          *this,
          parts.clock
      ) {
    intake_.attach(link_);
}

Source::~Source() {
    journal_.remove_listener(*this);
    loop_.stop();
}

void Source::drain(SteadyTime deadline) {
    intake_.drain(loop_, deadline);
}

void Source::set_committed(journal::Position position) {
    intake_.set_committed(position);
    intake_.wake(loop_);
}

SourceStatus Source::status() const {
    return {
        .name = name_,
        .url = url_,
        .link = link_.status(),
        .messages = intake_.counters().messages.load(std::memory_order_relaxed),
    };
}

std::vector<std::shared_ptr<session::Session>> Source::persistent_sessions() {
    return {session_};
}

bool Source::wait_until_appended(SteadyTime deadline) {
    const auto appended = std::make_shared<std::promise<void>>();
    loop_.post([this, appended] { intake_.when_appended([appended] { appended->set_value(); }); });
    return appended->get_future().wait_until(deadline) == std::future_status::ready;
}

void Source::on_durable(journal::Position) {
    intake_.wake(loop_);
}

void Source::on_room() {
    intake_.wake(loop_);
}

void Source::on_failed(const Error& error) {
    spdlog::error("source {}: nothing is read any more: {}", name_, error.message);
}

void Source::on_session(bool present) {
    intake_.on_session(present);
}

bool Source::takes(const mqtt::Publish& message) {
    return intake_.takes(message);
}

void Source::on_message(const mqtt::Publish& message) {
    if (skips_flagged_ && message.retain) {
        ++skipped_;
        return;
    }
    intake_.on_message(message, message.topic);
}

void Source::on_release(std::uint16_t packet_id) {
    intake_.on_release(packet_id);
}

void Source::on_answer_due(client::Answer answer) {
    intake_.on_answer_due(answer);
}

// A source publishes nothing.
void Source::on_delivered(std::uint64_t, mqtt::ReasonCode) {}
void Source::on_ready() {}
void Source::on_writable() {}

void Source::on_read_end() {
    if (const std::uint64_t skipped = std::exchange(skipped_, 0); skipped > 0) {
        spdlog::info(
            "source {}: {} retained messages are skipped, as retained = \"skip\" says",
            name_,
            skipped
        );
    }
    intake_.on_read_end();
}

void Source::on_lost(const client::Failure&) {
    intake_.on_lost();
}

}  // namespace foz::source
