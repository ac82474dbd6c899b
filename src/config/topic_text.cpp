// SPDX-License-Identifier: Apache-2.0
#include "config/topic_text.h"

#include <algorithm>

namespace foz::config {
namespace {

constexpr std::string_view kWildcards = "+#";

bool is_text_of_topic(std::string_view text) {
    return !text.empty() && text.size() <= kMqttTextBytesMax &&
           text.find('\0') == std::string_view::npos;
}

bool has_wildcard(std::string_view text) {
    return text.find_first_of(kWildcards) != std::string_view::npos;
}

bool is_plain_filter(std::string_view filter) {
    if (!is_text_of_topic(filter)) {
        return false;
    }
    for (std::size_t at = 0; at <= filter.size();) {
        const std::size_t end = std::min(filter.find('/', at), filter.size());
        const std::string_view level = filter.substr(at, end - at);
        if (has_wildcard(level) && (level.size() > 1 || (level == "#" && end != filter.size()))) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

}  // namespace

bool is_topic_filter(std::string_view text) {
    constexpr std::string_view kShared = "$share/";
    if (!text.starts_with(kShared)) {
        return is_plain_filter(text);
    }
    const std::string_view rest = text.substr(kShared.size());
    const std::size_t slash = rest.find('/');
    return slash != std::string_view::npos && is_text_of_topic(text) && slash > 0 &&
           !has_wildcard(rest.substr(0, slash)) && is_plain_filter(rest.substr(slash + 1));
}

bool is_topic_name(std::string_view text) {
    return is_text_of_topic(text) && !has_wildcard(text);
}

}  // namespace foz::config
