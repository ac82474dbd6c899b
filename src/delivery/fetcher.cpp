// SPDX-License-Identifier: Apache-2.0
#include "delivery/fetcher.h"

#include <chrono>
#include <utility>

#include "base/thread.h"
#include "delivery/message_finder.h"

namespace foz::delivery {
namespace {

constexpr auto kRequestRetryDelay = std::chrono::milliseconds(500);

}  // namespace

Fetcher::Fetcher(journal::Readable& journal, SetAside* set_aside, const Clock& clock,
        std::vector<Outlet*> outlets)
    : journal_(journal),
      set_aside_(set_aside),
      clock_(clock),
      outlets_(std::move(outlets)),
      thread_([this] { run(); }) {}

void Fetcher::fetch(Recipient recipient, std::vector<journal::Position> positions) {
    {
        const MutexLock lock(mutex_);
        requests_.push_back({.recipient = recipient, .positions = std::move(positions)});
    }
    changed_.notify_one();
}

void Fetcher::stop() {
    {
        const MutexLock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Fetcher::run() {
    set_thread_name("fetcher");
    while (true) {
        MutexLock lock(mutex_);
        changed_.wait(
                mutex_, [this]() FOZ_REQUIRES(mutex_) { return stop_ || !requests_.empty(); });
        if (stop_) {
            return;
        }
        const Request request = std::move(requests_.front());
        requests_.pop_front();
        lock.unlock();
        auto block = read(request);
        if (block) {
            auto handout = std::make_shared<Handout>();
            handout->messages = *std::move(block);
            handout->items.push_back({
                .connection = request.recipient.connection,
                .kind = Handout::Kind::fetched,
            });
            outlets_[request.recipient.reactor]->hand_out(std::move(handout));
            continue;
        }
        if (error_throttle_.pass(clock_.steady_now())) {
            spdlog::error(
                    "subscribers wait for messages that cannot be read: {}", block.error().message);
        }
        lock.lock();
        requests_.push_back(request);
        (void)changed_.wait_for(
                mutex_, kRequestRetryDelay, [this]() FOZ_REQUIRES(mutex_) { return stop_; });
    }
}

Result<std::shared_ptr<MessageBlock>> Fetcher::read(const Request& request) {
    auto block = std::make_shared<MessageBlock>();
    MessageFinder finder(journal_, set_aside_);
    for (const journal::Position position : request.positions) {
        auto message = finder.at(position);
        if (!message) {
            return pass_on(message);
        }
        if (*message) {
            block->add(*std::move(message));
        }
    }
    return block;
}

}  // namespace foz::delivery
