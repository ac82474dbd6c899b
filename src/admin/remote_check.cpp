// SPDX-License-Identifier: Apache-2.0
#include "admin/remote_check.h"

#include <utility>
#include <vector>

#include "base/clock.h"
#include "bridge/topic_map.h"
#include "client/session_terms.h"
#include "client/trial.h"
#include "tls/client_context.h"

namespace foz::admin {
namespace {

std::string_view name_of(client::Step step) {
    switch (step) {
        case client::Step::name: return "name";
        case client::Step::tcp: return "TCP";
        case client::Step::tls: return "TLS";
        case client::Step::websocket: return "WebSocket";
        case client::Step::connack: return "CONNECT";
        case client::Step::suback: return "SUBSCRIBE";
    }
    return "";
}

/// False when they cannot be used.
bool check_files(const std::string& what, const config::ClientTls& tls, Findings& findings) {
    const auto context = tls::ClientContext::load(tls, real_clock().system_now());
    if (!context) {
        findings.failed(fmt::format("{}: {}", what, context.error().message));
        return false;
    }
    for (const std::string& warning : (*context)->warnings()) {
        findings.doubtful(fmt::format("{}: {}", what, warning));
    }
    return true;
}

void report_step(const std::string& what, const client::StepDone& step, Findings& findings) {
    const std::string line = fmt::format("{}: {}", what, name_of(step.step));
    const bool refused = step.step == client::Step::suback && !step.text.empty();
    if (refused) {
        findings.failed(fmt::format("{}: {}", line, step.text));
    } else if (!step.text.empty()) {
        findings.ok(fmt::format("{}: {}", line, step.text));
    } else if (step.step == client::Step::suback) {
        findings.ok(fmt::format("{}: all granted", line));
    }
    const bool shook_hands = !step.text.empty();
    for (const tls::CertificateFacts& certificate : step.chain) {
        const std::string shown = fmt::format(
                "{}: certificate {}", line, tls::describe(certificate, real_clock().system_now()));
        if (shook_hands) {
            findings.ok(shown);
        } else {
            findings.seen(shown);
        }
    }
}

std::string about_id(client::Cause cause, const std::string& used, const config::Remote& remote) {
    using client::Cause;
    const bool may_be_the_id =
            cause == Cause::not_authorized || cause == Cause::identifier || cause == Cause::lost;
    return may_be_the_id
                   ? fmt::format(
                             "; the check connected as \"{}\": if the broker knows \"{}\" only, "
                             "let it know that one too, or choose another with --client-id",
                             used, remote.client_id)
                   : "";
}

void check_remote(const std::string& what, const config::Remote& remote,
        std::vector<client::Filter> filters, const RemoteCheck& how, Findings& findings) {
    if (const auto terms = client::session_terms(remote); !terms) {
        findings.failed(fmt::format("{}: {}", what, terms.error().message));
        return;
    }
    const bool usable = !remote.tls || check_files(what, *remote.tls, findings);
    if (!usable || !how.connect) {
        return;
    }
    const bool subscribes = !filters.empty();
    const auto trial = client::try_remote(remote, std::move(filters), how.client_id, real_clock());
    if (!trial) {
        findings.failed(fmt::format("{}: {}", what, trial.error().message));
        return;
    }
    for (const client::StepDone& step : trial->steps) {
        if (subscribes || step.step != client::Step::suback) {
            report_step(what, step, findings);
        }
    }
    if (const auto& failure = trial->failure) {
        findings.failed(fmt::format("{}: {}{}", what, failure->message,
                about_id(failure->cause, trial->client_id, remote)));
    }
}

}  // namespace

void check_source(const config::Source& source, const RemoteCheck& how, Findings& findings) {
    const std::string what = fmt::format("source {}", source.remote.name);
    findings.ok(fmt::format("{}: {}, topics {}", what, source.remote.url, source.subscribe.size()));
    std::vector<client::Filter> filters;
    filters.reserve(source.subscribe.size());
    for (const config::Subscription& subscription : source.subscribe) {
        filters.push_back({.filter = subscription.topic, .qos = subscription.qos});
    }
    check_remote(what, source.remote, std::move(filters), how, findings);
}

void check_bridge(const config::Bridge& bridge, const RemoteCheck& how, Findings& findings) {
    const std::string what = fmt::format("bridge {}", bridge.remote.name);
    findings.ok(fmt::format("{}: {}, topics {}", what, bridge.remote.url, bridge.topics.size()));
    std::vector<client::Filter> filters;
    for (bridge::RemoteFilter& filter : bridge::TopicMap(bridge.topics).remote_filters()) {
        filters.push_back({.filter = std::move(filter.filter), .qos = filter.qos});
    }
    check_remote(what, bridge.remote, std::move(filters), how, findings);
}

}  // namespace foz::admin
