// SPDX-License-Identifier: Apache-2.0
#include "broker/limit_text.h"

#include <string_view>

#include <fmt/format.h>

#include "config/quantity.h"

namespace foz::broker {
namespace {

std::string_view subject_of(std::string_view name) {
    if (name.starts_with("topic_")) {
        return "its topic";
    }
    return name.starts_with("client_id") ? "its client id" : "the packet";
}

}  // namespace

std::string limit_text(const mqtt::DecodeError::Exceeded& exceeded, bool before_connect) {
    const bool whole_packet = exceeded.name == "packet_bytes";
    const bool is_size = exceeded.name.ends_with("_bytes");
    const std::string limit =
            is_size ? config::rounded_size_text(exceeded.limit) : fmt::to_string(exceeded.limit);
    std::string found =
            is_size ? config::rounded_size_text(exceeded.found) : fmt::to_string(exceeded.found);
    if (found == limit) {
        found = fmt::format("{} bytes", exceeded.found);
    }
    return fmt::format("limits.{}{} = {}, {} has {}; raise the limit, or let the client send less",
            whole_packet && before_connect ? "connect_" : "", exceeded.name, limit,
            subject_of(exceeded.name), found);
}

}  // namespace foz::broker
