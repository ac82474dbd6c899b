// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "journal/local_journal.h"
#include "server/lanes.h"

namespace foz::server {
namespace {

journal::LocalJournalOptions journal_options(const config::Settings& settings) {
    const config::Journal& journal = settings.journal;
    return {
        .directory = settings.data / "journal",
        .segment_bytes = journal.segment_bytes,
        .size_max = journal.size_max,
        .free_space_min = journal.free_space_min,
        .queue_bytes_max = journal.queue_bytes_max,
        .retain_bytes = journal.retain_bytes,
        .retain_age = journal.retain_age,
    };
}

/// Saves the sessions now and then, on a thread of its own.
class SessionSaver {
  public:
    explicit SessionSaver(broker::Broker& broker) : broker_(broker), thread_([this] { run(); }) {}
    SessionSaver(const SessionSaver&) = delete;
    SessionSaver& operator=(const SessionSaver&) = delete;
    ~SessionSaver() {
        {
            const std::scoped_lock lock(mutex_);
            stop_ = true;
        }
        stopped_.notify_all();
        thread_.join();
    }

  private:
    static constexpr std::chrono::seconds kInterval{5};

    void run() {
        std::unique_lock lock(mutex_);
        while (!stopped_.wait_for(lock, kInterval, [this] { return stop_; })) {
            lock.unlock();
            broker_.save_sessions();
            lock.lock();
        }
    }

    broker::Broker& broker_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stop_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace

struct Server::Parts {
    std::unique_ptr<journal::Journal> journal;
    std::unique_ptr<state::StateDatabase> state;
    std::unique_ptr<Lanes> lanes;
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<SessionSaver> saver;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(
    const config::Settings& settings, FileSystem& files, const Clock& clock
) {
    auto parts = std::make_unique<Parts>();
    if (auto made = files.create_directories(settings.data); !made) {
        return pass_on(made);
    }
    auto journal = journal::open_local_journal(journal_options(settings), files, clock);
    if (!journal) {
        return pass_on(journal);
    }
    parts->journal = std::move(*journal);
    auto state = state::StateDatabase::open(settings.data / "state.db");
    if (!state) {
        return pass_on(state);
    }
    parts->state = std::move(*state);
    parts->lanes = std::make_unique<Lanes>(*parts->journal, *parts->state, clock);
    if (auto prepared = parts->lanes->prepare(settings); !prepared) {
        return pass_on(prepared);
    }
    auto broker = broker::Broker::start(settings, *parts->journal, *parts->state, clock);
    if (!broker) {
        return pass_on(broker);
    }
    parts->broker = std::move(*broker);
    parts->lanes->start([&broker = *parts->broker](journal::Position position) {
        broker.set_committed(position);
    });
    parts->saver = std::make_unique<SessionSaver>(*parts->broker);
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
    parts_->saver.reset();
    // The lanes tell the broker of their commits, so they end first.
    if (parts_->lanes) {
        parts_->lanes->stop(SteadyTime::min());
    }
}

bool Server::drain(SteadyTime deadline) {
    parts_->saver.reset();
    parts_->broker->save_sessions();
    parts_->broker->drain(deadline);
    parts_->lanes->stop(deadline);
    const journal::Position end = parts_->journal->status().end;
    for (const sink::RunnerStatus& lane : parts_->lanes->status()) {
        if (lane.cursor.position < end) {
            return false;
        }
    }
    return true;
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> addresses;
    for (const auto& listener : parts_->broker->listeners()) {
        addresses.push_back(listener->address());
    }
    return addresses;
}

ServerStatus Server::status() const {
    return {
        .broker = parts_->broker->status(),
        .journal = parts_->journal->status(),
        .lanes = parts_->lanes->status(),
    };
}

}  // namespace foz::server
