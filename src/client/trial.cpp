// SPDX-License-Identifier: Apache-2.0
#include "client/trial.h"

#include <future>
#include <utility>

#include "client/link.h"
#include "client/loop.h"
#include "mqtt/topic.h"

namespace foz::client {
namespace {

/// Waits for the first thing that decides: ready, or lost.
class FirstOutcome final : public LinkUser {
  public:
    std::future<std::optional<LinkFailure>> outcome() { return outcome_.get_future(); }

  private:
    void decide(std::optional<LinkFailure> failure) {
        if (!std::exchange(decided_, true)) {
            outcome_.set_value(std::move(failure));
        }
    }
    void on_ready() override { decide(std::nullopt); }
    void on_lost(const LinkFailure& failure) override { decide(failure); }
    void on_session(bool) override {}
    void on_message(const mqtt::Publish&) override {}
    void on_release(std::uint16_t) override {}
    void on_answer_due(Answer) override {}
    void on_delivered(std::uint64_t, mqtt::ReasonCode) override {}
    void on_read_end() override {}
    void on_writable() override {}

    bool decided_ = false;
    std::promise<std::optional<LinkFailure>> outcome_;
};

}  // namespace

Result<Trial> try_remote(const config::Remote& remote, std::vector<Filter> filters,
        const std::optional<std::string>& client_id, const Clock& clock) {
    auto terms = session_terms(remote);
    if (!terms) {
        return pass_on(terms);
    }
    terms->client_id = client_id.value_or(remote.client_id + "-check");
    terms->clean_start = true;
    terms->session_expiry = std::chrono::seconds(0);
    for (Filter& filter : filters) {
        if (const auto shared = mqtt::parse_shared_filter(filter.filter)) {
            filter.filter = std::string(shared->filter);
        }
    }
    terms->filters = std::move(filters);

    Trial trial{.client_id = terms->client_id, .steps = {}, .failure = {}};
    FirstOutcome user;
    auto outcome = user.outcome();
    Loop loop("check");
    Link link(loop,
            {.log_name = "check",
                .remote = remote,
                .terms = *std::move(terms),
                .on_step = [&trial](const StepDone& step) { trial.steps.push_back(step); }},
            std::make_shared<session::Session>("$check", 0), user, clock);
    loop.post([&link] { link.start(); });
    trial.failure = outcome.get();
    std::promise<void> stopped;
    loop.post([&] { link.stop([&stopped] { stopped.set_value(); }); });
    stopped.get_future().wait();
    loop.stop();
    return trial;
}

}  // namespace foz::client
