// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "bridge/bridge_cursor.h"
#include "delivery/session_recovery.h"
#include "delivery/session_saver.h"
#include "delivery/set_aside.h"
#include "journal/local/local_journal.h"
#include "pipeline/cursor_position.h"
#include "server/journal_options.h"
#include "server/lanes.h"
#include "state/journal_renewal.h"
#include "state/letter_capacity.h"
#include "state/state_reserve.h"

namespace foz::server {
namespace {

/// Saves the sessions now and then, and looks after dead letters, on a thread of its own.
class Upkeep {
  public:
    Upkeep(journal::Journal& journal, state::StateDatabase& state, delivery::SetAside& set_aside,
            std::shared_ptr<const delivery::RetainedMessages> retained, const Clock& clock,
            std::vector<session::SessionHolder*> holders)
        : clock_(clock),
          holders_(std::move(holders)),
          sessions_(journal, state, set_aside, clock, std::move(retained)),
          letters_(state),
          thread_([this] { run(); }) {}
    Upkeep(const Upkeep&) = delete;
    Upkeep& operator=(const Upkeep&) = delete;
    ~Upkeep() {
        if (thread_.joinable()) {
            stop();
        }
    }

    /// Ends the thread and saves for the last time.
    void finish() {
        stop();
        sessions_.save(holders_);
    }

  private:
    static constexpr std::chrono::seconds kInterval{5};

    void stop() {
        {
            const MutexLock lock(mutex_);
            stop_ = true;
        }
        stopped_.notify_all();
        thread_.join();
    }
    void run() {
        MutexLock lock(mutex_);
        while (!stopped_.wait_for(
                mutex_, kInterval, [this]() FOZ_REQUIRES(mutex_) { return stop_; })) {
            lock.unlock();
            sessions_.save(holders_);
            letters_.check(clock_.system_now(), clock_.steady_now());
            lock.lock();
        }
    }

    const Clock& clock_;
    const std::vector<session::SessionHolder*> holders_;
    delivery::SessionSaver sessions_;
    state::LetterKeeper letters_;
    Mutex mutex_;
    ConditionVariable stopped_;
    bool stop_ FOZ_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

state::LetterLimits letter_limits(const config::Limits& limits) {
    return {
        .bytes_max = limits.dead_letters_bytes,
        .discard_oldest = limits.dead_letters_full == config::DeadLettersFull::discard_oldest,
        .age_max = limits.dead_letters_age,
    };
}

}  // namespace

struct Server::Parts {
    std::unique_ptr<journal::Journal> journal;
    std::unique_ptr<state::StateDatabase> state;
    std::unique_ptr<Lanes> lanes;
    std::unique_ptr<delivery::SetAside> set_aside;
    std::shared_ptr<const delivery::RetainedMessages> retained;
    std::unique_ptr<broker::Broker> broker;
    std::vector<std::unique_ptr<source::Source>> sources;
    std::vector<std::unique_ptr<bridge::Bridge>> bridges;
    std::unique_ptr<Upkeep> upkeep;

    [[nodiscard]] Result<void> start_receiving(
            const config::Settings& settings, const Clock& clock);
    [[nodiscard]] Result<void> start_bridges(const config::Settings& settings,
            std::span<const std::shared_ptr<session::Session>> recovered, const Clock& clock);
    [[nodiscard]] intake::LinkIntakeTerms link_terms(const config::Settings& settings);
    void note_committed(journal::Position position);
};

// The broker and the sources, each with the sessions that the journal knows of it.
Result<void> Server::Parts::start_receiving(const config::Settings& settings, const Clock& clock) {
    auto known = delivery::recover_sessions(*journal, *state, settings.limits.retained_bytes);
    if (!known) {
        return pass_on(known);
    }
    retained = known->retained;
    auto& sessions = known->sessions;
    const auto foreign = std::ranges::partition(sessions,
            [](const auto& session) { return !mqtt::is_reserved_client_id(session->client_id()); });
    const std::vector recovered(foreign.begin(), foreign.end());
    sessions.erase(foreign.begin(), foreign.end());
    set_aside = std::make_unique<delivery::SetAside>(*state, journal->status().id);
    auto opened =
            broker::Broker::start(settings, *journal, *std::move(known), clock, set_aside.get());
    if (!opened) {
        return pass_on(opened);
    }
    broker = *std::move(opened);
    for (const config::Source& configured : settings.sources) {
        auto started = source::Source::start(
                configured, recovered, {link_terms(settings), *journal, clock});
        if (!started) {
            return pass_on(started);
        }
        sources.push_back(*std::move(started));
    }
    return start_bridges(settings, recovered, clock);
}

Result<void> Server::Parts::start_bridges(const config::Settings& settings,
        std::span<const std::shared_ptr<session::Session>> recovered, const Clock& clock) {
    if (auto forgotten = bridge::forget_other_bridges(settings.bridges, *journal, *state);
            !forgotten) {
        return forgotten;
    }
    for (const config::Bridge& configured : settings.bridges) {
        auto started = bridge::Bridge::start(
                configured, recovered, {link_terms(settings), *journal, *state, clock});
        if (!started) {
            return pass_on(started);
        }
        bridges.push_back(*std::move(started));
    }
    return {};
}

intake::LinkIntakeTerms Server::Parts::link_terms(const config::Settings& settings) {
    intake::LinkIntakeTerms terms = intake::link_intake_terms(settings);
    terms.retained_watcher = &broker->retained_watcher();
    return terms;
}

void Server::Parts::note_committed(journal::Position position) {
    broker->set_committed(position);
    for (const auto& source : sources) {
        source->set_committed(position);
    }
    for (const auto& bridge : bridges) {
        bridge->set_committed(position);
    }
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(
        const config::Settings& settings, FileSystem& files, const Clock& clock) {
    auto parts = std::make_unique<Parts>();
    if (auto made = files.create_directories(settings.data); !made) {
        return pass_on(made);
    }
    auto journal = journal::local::open_local_journal(journal_options(settings), files, clock);
    if (!journal) {
        return pass_on(journal);
    }
    parts->journal = std::move(*journal);
    auto state = state::StateDatabase::open(settings.data / "state.db");
    if (!state) {
        return pass_on(state);
    }
    parts->state = std::move(*state);
    if (auto finished = state::finish_renewal(*parts->state, parts->journal->status().id);
            !finished) {
        return pass_on(finished);
    }
    parts->state->limit_letters(letter_limits(settings.limits));
    if (auto kept = state::keep_reserve(settings.data); !kept) {
        spdlog::warn("foz dead discard may need space on a full disk: {}", kept.error().message);
    }
    parts->lanes = std::make_unique<Lanes>(*parts->journal, *parts->state, clock);
    if (auto prepared = parts->lanes->prepare(settings); !prepared) {
        return pass_on(prepared);
    }
    if (auto started = parts->start_receiving(settings, clock); !started) {
        return pass_on(started);
    }
    parts->lanes->start(
            [all = parts.get()](journal::Position position) { all->note_committed(position); });
    std::vector<session::SessionHolder*> holders{parts->broker.get()};
    for (const auto& source : parts->sources) {
        holders.push_back(source.get());
    }
    for (const auto& bridge : parts->bridges) {
        holders.push_back(bridge.get());
    }
    parts->upkeep = std::make_unique<Upkeep>(*parts->journal, *parts->state, *parts->set_aside,
            parts->retained, clock, std::move(holders));
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
    parts_->upkeep.reset();
    // The lanes tell the broker, the sources and the bridges of their commits, so they end first.
    if (parts_->lanes) {
        parts_->lanes->stop(SteadyTime::min());
    }
}

bool Server::drain(SteadyTime deadline) {
    parts_->upkeep->finish();
    for (const auto& source : parts_->sources) {
        source->drain(deadline);
    }
    parts_->broker->drain(deadline);
    for (const auto& bridge : parts_->bridges) {
        bridge->drain(deadline);
    }
    parts_->lanes->stop(deadline);
    const journal::Position end = parts_->journal->status().end;
    for (const pipeline::RunnerStatus& lane : parts_->lanes->status()) {
        if (pipeline::position_of(lane.cursor) < end) {
            return false;
        }
    }
    return true;
}

void Server::reload() {
    parts_->broker->reload();
}

std::vector<std::string> Server::describe_listeners() const {
    return parts_->broker->describe_listeners();
}

ServerStatus Server::status() const {
    std::vector<source::SourceStatus> sources;
    for (const auto& source : parts_->sources) {
        sources.push_back(source->status());
    }
    std::vector<bridge::BridgeStatus> bridges;
    for (const auto& bridge : parts_->bridges) {
        bridges.push_back(bridge->status());
    }
    return {
        .broker = parts_->broker->status(),
        .journal = parts_->journal->status(),
        .lanes = parts_->lanes->status(),
        .sources = std::move(sources),
        .bridges = std::move(bridges),
    };
}

}  // namespace foz::server
