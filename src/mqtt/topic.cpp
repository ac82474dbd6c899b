// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include "mqtt/text_scan.h"

namespace foz::mqtt {
namespace {

constexpr std::size_t kTopicBytesMax = 0xFFFF;  // [MQTT-4.7.3-3]
constexpr std::string_view kSharePrefix = "$share/";

/// Takes the first level off `rest`; `more` says whether another one follows.
std::string_view take_level(std::string_view& rest, bool& more) {
    const std::size_t end = rest.find('/');
    more = end != std::string_view::npos;
    const std::string_view level = rest.substr(0, end);
    rest = more ? rest.substr(end + 1) : std::string_view();
    return level;
}

/// "+" and "#" stand alone in their level, "#" only in the last [MQTT-4.7.1-1, MQTT-4.7.1-2].
bool has_valid_wildcards(std::string_view filter) {
    for (bool more = true; more;) {
        const std::string_view level = take_level(filter, more);
        if (level == "#") return !more;
        if (level != "+" && level.find_first_of("+#") != std::string_view::npos) return false;
    }
    return true;
}

bool is_valid_plain_filter(std::string_view filter) {
    if (filter.empty() || filter.size() > kTopicBytesMax) return false;
    const TextScan scan = scan_text(filter);
    return !scan.nul && (!scan.wildcard || has_valid_wildcards(filter));
}

}  // namespace

bool is_valid_topic_name(std::string_view name) {
    if (name.empty() || name.size() > kTopicBytesMax) return false;
    const TextScan scan = scan_text(name);
    return !scan.nul && !scan.wildcard;
}

bool is_valid_topic_filter(std::string_view filter) {
    if (filter.starts_with(kSharePrefix)) return parse_shared_filter(filter).has_value();
    return is_valid_plain_filter(filter);
}

std::size_t topic_levels(std::string_view topic) {
    return scan_text(topic).separators + 1;
}

bool topic_matches(std::string_view filter, std::string_view name) {
    if (name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
    for (bool more_filter = true, more_name = true; more_filter;) {
        const std::string_view wanted = take_level(filter, more_filter);
        // "#" also stands for the parent level: "a/#" matches "a" [MQTT5 4.7.1.2].
        if (wanted == "#") return true;
        if (!more_name) return false;
        const std::string_view level = take_level(name, more_name);
        if (wanted != "+" && wanted != level) return false;
        if (!more_filter) return !more_name;
    }
    return false;
}

std::optional<SharedFilter> parse_shared_filter(std::string_view filter) {
    if (!filter.starts_with(kSharePrefix) || filter.size() > kTopicBytesMax) return std::nullopt;
    std::string_view rest = filter.substr(kSharePrefix.size());
    bool more = false;
    const std::string_view share_name = take_level(rest, more);
    // [MQTT-4.8.2-1] the name has at least one character, [MQTT-4.8.2-2] no wildcard, and a filter
    // follows.
    if (!more || share_name.empty() || share_name.find('\0') != std::string_view::npos ||
            share_name.find_first_of("+#") != std::string_view::npos ||
            !is_valid_plain_filter(rest)) {
        return std::nullopt;
    }
    return SharedFilter{.share_name = share_name, .filter = rest};
}

}  // namespace foz::mqtt
