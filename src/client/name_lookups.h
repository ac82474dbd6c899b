// SPDX-License-Identifier: Apache-2.0
// The addresses of host names, for the connections of one loop. getaddrinfo(3) cannot be
// interrupted and may take as long as it likes, so it runs on a thread that nobody waits for: one
// that hangs outlives the loop. (Asio's resolver is waited for when its io_context ends.)
//
// One lookup at a time: a resolver that hangs costs one thread, however often it is asked. For the
// .cpp files of this folder, on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"

namespace foz::client {

class NameLookups {
  public:
    using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;  // at least one
    using Done = std::function<void(const Result<Endpoints>&)>;
    /// Whoever has it wants the answer.
    using Ticket = std::shared_ptr<const Done>;

    explicit NameLookups(boost::asio::io_context& io);
    NameLookups(const NameLookups&) = delete;
    NameLookups& operator=(const NameLookups&) = delete;
    ~NameLookups();

    /// Calls `done` later on the loop's thread, unless the ticket is gone by then. Error: what the
    /// resolver says.
    [[nodiscard]] Ticket start(const std::string& host, std::uint16_t port, Done done);

  private:
    struct Queue;
    std::shared_ptr<Queue> queue_;
};

}  // namespace foz::client
