// SPDX-License-Identifier: Apache-2.0
// The last message of each topic that was published to be retained [MQTT-3.3.1-5], for those who
// subscribe later. One thread, the dispatcher's; positions() and bytes() any.
//
// In memory with their bytes. A topic for which there is no room is not retained.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "delivery/stored_message.h"

namespace foz::delivery {

class RetainedMessages {
  public:
    using Pointer = std::shared_ptr<const StoredMessage>;

    /// Of topics, payloads and the rest together.
    explicit RetainedMessages(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
    RetainedMessages(const RetainedMessages&) = delete;
    RetainedMessages& operator=(const RetainedMessages&) = delete;

    /// A message with the retain flag was published: it replaces the one of its topic, and removes
    /// it if its payload is empty [MQTT-3.3.1-6, MQTT-3.3.1-7]. False: there is no room for it.
    bool apply(Pointer message);

    /// Those whose topics `filter`, which is not that of a shared subscription, takes.
    [[nodiscard]] std::vector<Pointer> match(std::string_view filter) const;

    /// Changes when any of them does.
    [[nodiscard]] std::uint64_t version() const;
    struct Place {
        std::string topic;
        journal::Position position;
    };
    /// In the order of their topics.
    [[nodiscard]] std::vector<Place> places() const;
    [[nodiscard]] std::size_t count() const;
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    const std::uint64_t bytes_max_;
    mutable Mutex mutex_;
    std::map<std::string, Pointer, std::less<>> by_topic_ FOZ_GUARDED_BY(mutex_);
    std::uint64_t bytes_ FOZ_GUARDED_BY(mutex_) = 0;
    std::uint64_t version_ FOZ_GUARDED_BY(mutex_) = 0;
};

}  // namespace foz::delivery
