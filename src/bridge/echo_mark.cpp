// SPDX-License-Identifier: Apache-2.0
#include "bridge/echo_mark.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "config/aws_iot_limits.h"

namespace foz::bridge {
namespace {

constexpr std::string_view kName = "foz-bridge";

}  // namespace

std::optional<EchoMark> EchoMark::for_bridge(
        const config::Bridge& bridge, std::string_view journal_id) {
    if (config::limits_of(bridge.remote.profile).no_local || bridge.remote.version != "5") {
        return std::nullopt;
    }
    return EchoMark(fmt::format("{}/{}", journal_id, bridge.remote.name));
}

std::string EchoMark::value_for(std::string_view topic, std::string_view payload) const {
    return fmt::format(
            "{} {:08x}{:08x}", bridge_, crc32c(as_bytes(topic)), crc32c(as_bytes(payload)));
}

void EchoMark::add_to(
        mqtt::PropertyWriter& properties, std::string_view topic, std::string_view payload) const {
    properties.add_user(kName, value_for(topic, payload));
}

bool EchoMark::is_on(const mqtt::Publish& message) const {
    if (!message.properties.has(mqtt::PropertyId::user_property)) {
        return false;
    }
    bool found = false;
    message.properties.for_each([&](const mqtt::Property& property) {
        found = found || (property.id == mqtt::PropertyId::user_property &&
                                 property.text == kName && property.value.starts_with(bridge_) &&
                                 property.value == value_for(message.topic, message.payload));
    });
    return found;
}

}  // namespace foz::bridge
