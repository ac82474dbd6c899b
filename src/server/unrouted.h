// SPDX-License-Identifier: Apache-2.0
// Tells people of messages that were taken and acknowledged, but that no route of any database and
// no bridge takes: one warning for each of the first topics, then one an hour with a count.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bridge/topic_map.h"
#include "config/settings.h"
#include "mapping/topic_pattern.h"
#include "mqtt/message.h"

namespace foz::server {

/// Any thread.
class Unrouted {
  public:
    /// `settings` are valid: Mapping::compile() took their routes.
    Unrouted(const config::Settings& settings, const Clock& clock);

    /// A message that no route of the first database takes.
    void note(const mqtt::Message& message);

  private:
    static constexpr std::size_t kTopicsMax = 10;

    [[nodiscard]] bool is_taken_elsewhere(std::string_view topic) const;

    const Clock& clock_;
    std::vector<mapping::TopicPattern> routes_;  // of the other databases, and with a `where`
    std::vector<bridge::TopicMap> bridges_;

    Mutex mutex_;
    std::set<std::string, std::less<>> topics_ FOZ_GUARDED_BY(mutex_);            // warned of
    LogThrottle throttle_ FOZ_GUARDED_BY(mutex_){std::chrono::seconds(60 * 60)};  // for all others
};

}  // namespace foz::server
