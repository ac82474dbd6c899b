// SPDX-License-Identifier: Apache-2.0
#include "mapping/local_time.h"

#include <algorithm>
#include <exception>

#include <date/tz.h>

#include "config/spelling.h"

namespace foz::mapping {
namespace {

using std::chrono::seconds;

constexpr std::size_t kPeriodsMax = 16;

std::string zone_hint(const std::string& zone) {
    std::vector<std::string_view> names;
    for (const date::time_zone& known : date::get_tzdb().zones) {
        names.emplace_back(known.name());
    }
    if (const auto near = config::nearest(zone, names)) {
        return fmt::format("did you mean \"{}\"?", *near);
    }
    return "names look like \"America/Sao_Paulo\" or \"UTC\"";
}

}  // namespace

Result<LocalTime> LocalTime::in_zone(const std::string& zone) {
    LocalTime time;
    if (zone == "UTC") return time;
    try {
        (void)date::get_tzdb();
    } catch (const std::exception& error) {
        return fail(ErrorCode::unavailable,
                "the time-zone database cannot be read ({}); install the package tzdata",
                error.what());
    }
    try {
        time.zone_ = date::locate_zone(zone);
    } catch (const std::exception&) {
        return fail(ErrorCode::invalid, "unknown time zone \"{}\"; {}", zone, zone_hint(zone));
    }
    return time;
}

LocalTime::Period LocalTime::period_at(seconds local) {
    for (const Period& period : known_) {
        if (local >= period.begin && local < period.end) return period;
    }
    const date::local_info found = zone_->get_info(date::local_seconds(local));
    // In a gap and in an overlap, `first` is the period before the change: the one whose offset is
    // used.
    const date::sys_info& info = found.first;
    Period period;
    period.offset = info.offset;
    // Around the year -32767 and after the last known change the database's bounds are not to be
    // added to.
    const seconds earliest = date::sys_days(date::year(-9999) / 1 / 1).time_since_epoch();
    const seconds latest = date::sys_days(date::year(19999) / 1 / 1).time_since_epoch();
    period.begin = earliest;
    period.end = latest;
    if (const seconds begin = info.begin.time_since_epoch(); begin > earliest) {
        const seconds before = zone_->get_info(info.begin - seconds(1)).offset;
        period.begin = begin + std::max(info.offset, before);
    }
    if (const seconds end = info.end.time_since_epoch(); end < latest) {
        period.end = end + std::max(info.offset, zone_->get_info(info.end).offset);
    }
    if (known_.size() == kPeriodsMax) {
        known_.clear();
    }
    known_.push_back(period);
    return period;
}

}  // namespace foz::mapping
