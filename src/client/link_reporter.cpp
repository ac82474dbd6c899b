// SPDX-License-Identifier: Apache-2.0
#include "client/link_reporter.h"

#include <utility>

#include "base/log.h"
#include "base/redaction.h"

namespace foz::client {
namespace {

constexpr std::chrono::seconds kYoung{20};  // a connection that others may have ended
constexpr unsigned kPattern = 3;            // that many in a row are no accident
constexpr std::chrono::seconds kSayAgainAfter{60};

}  // namespace

LinkReporter::LinkReporter(std::string log_name, const config::Remote& remote, const Clock& clock)
    : log_name_(std::move(log_name)),
      url_(redacted_url(remote.url)),
      with_tls_(url_.starts_with("mqtts:") || url_.starts_with("wss:")),
      clock_(clock) {
    status_.since = clock.system_now();
}

void LinkReporter::set_state(LinkState state) {
    const MutexLock lock(mutex_);
    if (status_.state != state) {
        status_.state = state;
        status_.since = clock_.system_now();
    }
}

void LinkReporter::note_attempt() {
    set_state(LinkState::connecting);
    ready_since_ = {};
    const MutexLock lock(mutex_);
    ++status_.attempts;
}

void LinkReporter::note_warnings(const std::vector<std::string>& warnings) {
    if (warnings == warnings_) {
        return;
    }
    warnings_ = warnings;
    for (const std::string& warning : warnings) {
        spdlog::warn("{}: {}", log_name_, warning);
    }
}

void LinkReporter::note_ready(const ClientProtocol& protocol) {
    set_state(LinkState::ready);
    ready_since_ = clock_.steady_now();
    {
        const MutexLock lock(mutex_);
        ++status_.connections;
    }
    if (std::exchange(loss_logged_since_ready_, false)) {
        spdlog::info("{}: connected to {}; {}", log_name_, url_,
                protocol.session_present() ? "session resumed" : "new session");
    }
    note_trouble(protocol.subscription_trouble());
}

void LinkReporter::note_trouble(const std::string& trouble) {
    const MutexLock lock(mutex_);
    if (status_.trouble == trouble) {
        return;
    }
    status_.trouble = trouble;
    if (!trouble.empty()) {
        spdlog::error("{}: {}", log_name_, trouble);
    } else {
        spdlog::info("{}: all subscriptions are granted now", log_name_);
    }
}

LinkFailure LinkReporter::note_lost(LinkFailure failure, const ClientProtocol& protocol) {
    const SteadyTime now = clock_.steady_now();
    ready_for_ = ready_since_ == SteadyTime() ? SteadyTime::duration() : now - ready_since_;
    LinkFailure meaning = interpret(std::move(failure), protocol);
    if (meaning.message != logged_loss_ || now - logged_at_ >= kSayAgainAfter) {
        spdlog::warn("{}: {} {}: {}; trying again", log_name_,
                ready_since_ == SteadyTime() ? "not connected to" : "lost", url_, meaning.message);
        logged_loss_ = meaning.message;
        logged_at_ = now;
        loss_logged_since_ready_ = true;
    }
    ready_since_ = {};
    const MutexLock lock(mutex_);
    status_.error = meaning;
    status_.error_at = clock_.system_now();
    return meaning;
}

// What the end of a connection without a word most likely means.
LinkFailure LinkReporter::interpret(LinkFailure failure, const ClientProtocol& protocol) {
    if (failure.cause != Cause::lost) {
        hung_up_on_ = 0;
        return failure;
    }
    const SessionTerms& terms = protocol.terms();
    switch (protocol.state()) {
        case ClientProtocol::State::closed: return failure;
        case ClientProtocol::State::connecting:
            failure.message = fmt::format(
                    "the connection ended before the broker had answered CONNECT ({}): is it an "
                    "MQTT port{}, and does the broker let client id \"{}\" in{} and speak MQTT {}?",
                    failure.message,
                    with_tls_ ? "" : " without TLS (with TLS the url begins with mqtts://)",
                    terms.client_id, with_tls_ ? " with this client certificate" : "",
                    mqtt::version_name(terms.version));
            return failure;
        case ClientProtocol::State::subscribing: {
            std::string filters;
            for (const Filter& filter : terms.filters) {
                filters += fmt::format("{}\"{}\"", filters.empty() ? "" : ", ", filter.filter);
            }
            return {
                Cause::not_authorized,
                fmt::format("the broker hung up when foz subscribed to {}: most likely foz is not "
                            "authorised to (AWS IoT Core says so this way)",
                        filters),
            };
        }
        case ClientProtocol::State::ready: break;
    }
    hung_up_on_ = ready_for_ < kYoung ? hung_up_on_ + 1 : 0;
    if (hung_up_on_ < kPattern) {
        return failure;
    }
    return {
        Cause::taken_over,
        fmt::format(
                "the broker lets foz in and hangs up soon after, again and again: most likely "
                "another client uses the client id \"{}\" too; give each a client_id of its own",
                terms.client_id),
    };
}

LinkStatus LinkReporter::status() const {
    const MutexLock lock(mutex_);
    return status_;
}

}  // namespace foz::client
