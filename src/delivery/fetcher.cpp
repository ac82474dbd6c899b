// SPDX-License-Identifier: Apache-2.0
#include "delivery/fetcher.h"

#include <chrono>
#include <utility>

#include "base/thread.h"
#include "delivery/message_finder.h"

namespace foz::delivery {
namespace {

constexpr std::size_t kFetchedBytesMax = 1 << 20;  // of messages in one answer
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
        auto handout = read(request);
        if (handout) {
            outlets_[request.recipient.reactor]->hand_out(
                    std::make_shared<const Handout>(*std::move(handout)));
            continue;
        }
        if (error_throttle_.pass(clock_.steady_now())) {
            spdlog::error("subscribers wait for messages that cannot be read: {}",
                    handout.error().message);
        }
        lock.lock();
        requests_.push_back(request);
        (void)changed_.wait_for(
                mutex_, kRequestRetryDelay, [this]() FOZ_REQUIRES(mutex_) { return stop_; });
    }
}

Result<Handout> Fetcher::read(const Request& request) {
    auto block = std::make_shared<MessageBlock>();
    MessageFinder finder(journal_, set_aside_);
    std::uint32_t count = 0;
    for (const journal::Position position : request.positions) {
        auto message = finder.at(position);
        if (!message) {
            return pass_on(message);
        }
        ++count;
        if (*message) {
            block->add(*std::move(message));
        }
        if (block->bytes() >= kFetchedBytesMax) {
            break;
        }
    }
    Handout handout;
    handout.messages = std::move(block);
    handout.is_recent = false;
    handout.items.push_back({
        .connection = request.recipient.connection,
        .kind = Handout::Kind::fetched,
        .end = count,
    });
    return handout;
}

}  // namespace foz::delivery
