// SPDX-License-Identifier: Apache-2.0
// Mosquitto's own clients: what a broker delivers is seen with another's eyes. Throws
// std::runtime_error when they do not do what they should.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::bridge {

/// mosquitto_sub, with a session that outlives its connections. What it prints of each message is
/// "topic|payload|qos|retain".
class Subscriber {
  public:
    /// Waits until it is subscribed. `more`: further arguments.
    Subscriber(std::uint16_t port, const std::string& filter,
            const std::vector<std::string>& more = {});

    [[nodiscard]] std::vector<std::string> lines() const;
    /// Waits for so many.
    [[nodiscard]] bool gets(std::size_t count) const;

  private:
    support::TemporaryDirectory directory_;
    std::unique_ptr<support::ChildProcess> process_;
};

/// mosquitto_pub; throws when it fails.
void publish_by_mosquitto(std::uint16_t port, std::string_view topic, std::string_view payload,
        const std::vector<std::string>& more = {"-q", "1"});

}  // namespace foz::bridge
