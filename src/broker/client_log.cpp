// SPDX-License-Identifier: Apache-2.0
#include "broker/client_log.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace foz::broker {
namespace {

std::string ago(SteadyTime::duration time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    constexpr std::int64_t kMinutesFrom = 120;
    return seconds < kMinutesFrom ? fmt::format("{} s", seconds)
                                  : fmt::format("{} min", (seconds + 30) / 60);
}

}  // namespace

ClientLog::Cause& ClientLog::cause_of(std::string_view name, SteadyTime now) {
    const bool room = causes_.size() < kCausesMax || causes_.contains(std::string(name));
    const auto [place, is_new] = causes_.try_emplace(std::string(room ? name : "other"));
    Cause& cause = place->second;
    if (is_new || now - cause.minute >= std::chrono::minutes(1)) {
        cause.minute = now;
        cause.lines = 0;
        cause.network_lines.clear();
    }
    return cause;
}

void ClientLog::note(Event event, SteadyTime now) {
    std::string key(event.cause);
    key += '\0';
    key += event.who;
    const MutexLock lock(mutex_);
    if (const auto known = entries_.find(key); known != entries_.end()) {
        ++known->second.more;
        known->second.last = now;
        known->second.text = std::move(event.text);
        return;
    }
    Cause& cause = cause_of(event.cause, now);
    unsigned* of_network = nullptr;
    if (cause.lines < kLinesMax && entries_.size() < kEntriesMax) {
        of_network = &cause.network_lines[std::string(event.network)];
    }
    if (of_network == nullptr || *of_network >= kNetworkLinesMax) {
        if (cause.others++ == 0) {
            cause.others_since = now;
        }
        cause.example = std::move(event.text);
        return;
    }
    ++*of_network;
    ++cause.lines;
    spdlog::warn("{}", event.text);
    entries_.emplace(std::move(key), Entry{.text = std::move(event.text),
                                         .more = 0,
                                         .written = now,
                                         .last = now,
                                         .interval = 0});
}

void ClientLog::tell(SteadyTime now) {
    const MutexLock lock(mutex_);
    tell_entries(now);
    tell_others(now);
}

void ClientLog::tell_entries(SteadyTime now) {
    for (auto place = entries_.begin(); place != entries_.end();) {
        Entry& entry = place->second;
        const bool due = now - entry.written >= kIntervals[entry.interval];
        if (due && entry.more == 0 && now - entry.last >= kIntervals[1]) {
            place = entries_.erase(place);
            continue;
        }
        if (due && entry.more > 0) {
            spdlog::warn("{} ({} times more in the last {})", entry.text, entry.more,
                    ago(now - entry.written));
            entry.more = 0;
            entry.written = now;
            entry.interval = std::min(entry.interval + 1, kIntervals.size() - 1);
        }
        ++place;
    }
}

void ClientLog::tell_others(SteadyTime now) {
    for (auto& [name, cause] : causes_) {
        if (cause.others == 0 || now - cause.others_since < kIntervals[0]) {
            continue;
        }
        spdlog::warn(
                "{} (the last of {} like this in the last {}, from clients that have no line of "
                "their own)",
                cause.example, cause.others, ago(now - cause.others_since));
        cause.others = 0;
    }
}

}  // namespace foz::broker
