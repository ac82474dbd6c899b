// SPDX-License-Identifier: Apache-2.0
#include "client/name_lookups.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <netdb.h>

#include "base/mutex.h"
#include "base/thread.h"

namespace foz::client {
namespace {

using Endpoints = NameLookups::Endpoints;

Result<Endpoints> look_up(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) {
        return fail(ErrorCode::unavailable, "{}",
                error == EAI_SYSTEM ? errno_message(errno) : std::string(::gai_strerror(error)));
    }
    Endpoints endpoints;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        auto& endpoint = endpoints.emplace_back();
        endpoint.resize(entry->ai_addrlen);
        std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    }
    ::freeaddrinfo(found);
    return endpoints;
}

}  // namespace

/// Shared with the thread that looks up.
struct NameLookups::Queue {
    struct Entry {
        std::string host;
        std::string port;
        std::weak_ptr<const Done> wanted_by;
    };

    /// What to look up next; nothing: the thread is to end.
    [[nodiscard]] std::optional<Entry> next() {
        const MutexLock lock(mutex);
        while (!entries.empty()) {
            Entry entry = std::move(entries.front());
            entries.pop_front();
            if (!entry.wanted_by.expired()) {
                return entry;
            }
        }
        working = false;
        return std::nullopt;
    }

    void answer(const Entry& entry, Result<Endpoints> found) {
        const MutexLock lock(mutex);
        if (io != nullptr) {
            boost::asio::post(*io, [wanted_by = entry.wanted_by, found = std::move(found)] {
                if (const auto done = wanted_by.lock()) {
                    (*done)(found);
                }
            });
        }
    }

    Mutex mutex;
    boost::asio::io_context* io FOZ_GUARDED_BY(mutex) = nullptr;  // null: it is gone
    std::deque<Entry> entries FOZ_GUARDED_BY(mutex);
    bool working FOZ_GUARDED_BY(mutex) = false;  // there is a thread
};

NameLookups::NameLookups(boost::asio::io_context& io) : queue_(std::make_shared<Queue>()) {
    queue_->io = &io;
}

NameLookups::~NameLookups() {
    const MutexLock lock(queue_->mutex);
    queue_->io = nullptr;
}

NameLookups::Ticket NameLookups::start(const std::string& host, std::uint16_t port, Done done) {
    auto ticket = std::make_shared<const Done>(std::move(done));
    const MutexLock lock(queue_->mutex);
    // Of connections that were given up while a lookup hangs.
    std::erase_if(queue_->entries, [](const auto& entry) { return entry.wanted_by.expired(); });
    queue_->entries.push_back({host, std::to_string(port), ticket});
    if (!std::exchange(queue_->working, true)) {
        std::thread([queue = queue_] {
            set_thread_name("name-lookup");
            while (const auto entry = queue->next()) {
                queue->answer(*entry, look_up(entry->host, entry->port));
            }
        }).detach();
    }
    return ticket;
}

}  // namespace foz::client
