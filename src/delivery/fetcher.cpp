// SPDX-License-Identifier: Apache-2.0
#include "delivery/fetcher.h"

#include <chrono>
#include <utility>

#include "base/thread.h"

namespace foz::delivery {
namespace {

constexpr auto kRequestRetryDelay = std::chrono::milliseconds(500);
// A reader that has come so near goes on; a farther one begins anew, in the right segment.
constexpr std::uint64_t kNearRecords = 10'000;

}  // namespace

Fetcher::Fetcher(journal::Readable& journal, const Clock& clock, std::vector<Outlet*> outlets)
    : journal_(journal), clock_(clock), outlets_(std::move(outlets)), thread_([this] { run(); }) {}

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
    std::unique_ptr<journal::Reader> reader;
    for (const journal::Position position : request.positions) {
        auto found = seek(reader, position);
        if (!found) {
            return pass_on(found);
        }
        if (!*found) {
            continue;
        }
        auto record = reader->next();
        if (!record) {
            return pass_on(record);
        }
        if (const auto& at_position = *record) {
            if (auto message = mqtt::decode_message(at_position->bytes)) {
                block->add(position, at_position->bytes, *message);
            }
        }
    }
    return block;
}

Result<bool> Fetcher::seek(std::unique_ptr<journal::Reader>& reader, journal::Position position) {
    if (!reader || journal::records_between(reader->position(), position) > kNearRecords) {
        auto opened = journal_.read_from(position);
        if (!opened) {
            if (opened.error().code == ErrorCode::not_found) {
                return false;
            }
            return pass_on(opened);
        }
        reader = *std::move(opened);
    }
    while (reader->position() < position) {
        auto skipped = reader->next();
        if (!skipped) {
            return pass_on(skipped);
        }
    }
    return true;
}

}  // namespace foz::delivery
