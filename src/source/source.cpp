// SPDX-License-Identifier: Apache-2.0
#include "source/source.h"

#include <utility>

#include "base/log.h"
#include "mqtt/message.h"
#include "session/session_holder.h"

namespace foz::source {

Result<std::unique_ptr<Source>> Source::start(const config::Source& settings,
        std::span<const std::shared_ptr<session::Session>> recovered,
        const SourceDependencies& dependencies) {
    auto terms = client::session_terms(settings.remote);
    if (!terms) {
        return fail(
                terms.error().code, "source {}: {}", settings.remote.name, terms.error().message);
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
    Setup setup{
        .link = {.log_name = "source " + settings.remote.name,
            .remote = settings.remote,
            .terms = *std::move(terms)},
        .session = session::session_of(
                std::string(mqtt::kSourceClientId) + settings.remote.name, recovered),
        .terms = dependencies.intake,
    };
    std::unique_ptr<Source> source(new Source(settings, std::move(setup), dependencies));
    source->LinkIntake::start();
    return source;
}

Source::Source(const config::Source& settings, Setup setup, const SourceDependencies& dependencies)
    : LinkIntake(std::move(setup), dependencies.journal, dependencies.clock),
      name_(settings.remote.name),
      url_(settings.remote.url),
      skips_flagged_(settings.retained == config::Retained::skip &&
                     link().protocol().terms().version == mqtt::ProtocolVersion::v3_1_1) {}

Source::~Source() {
    stop();
}

SourceStatus Source::status() const {
    return {
        .name = name_,
        .url = url_,
        .link = link().status(),
        .messages = counters().messages.load(std::memory_order_relaxed),
    };
}

std::optional<std::string_view> Source::topic_of(const mqtt::Publish& message) {
    if (skips_flagged_ && message.retain) {
        ++skipped_;
        return std::nullopt;
    }
    return message.topic;
}

void Source::on_read_end() {
    if (const std::uint64_t skipped = std::exchange(skipped_, 0); skipped > 0) {
        spdlog::info("source {}: {} retained messages are skipped, as retained = \"skip\" says",
                name_, skipped);
    }
    LinkIntake::on_read_end();
}

}  // namespace foz::source
