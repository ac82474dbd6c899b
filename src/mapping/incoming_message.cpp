// SPDX-License-Identifier: Apache-2.0
#include "mapping/incoming_message.h"

#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

/// The member of an object with this key; of several, the last. 0 if there is none.
std::uint32_t member_at(const JsonDocument& document, std::uint32_t object, std::string_view key) {
    std::uint32_t found = 0;
    if (document.node(object).kind != JsonKind::object) return found;
    const std::uint32_t end = document.node(object).end;
    for (std::uint32_t i = object + 1; i != end; i = document.node(i).end) {
        if (document.node(i).key == key) found = i;
    }
    return found;
}

}  // namespace

const Result<void>& IncomingMessage::text() {
    if (!text_) {
        text_ = is_utf8(message_->payload)
                        ? Result<void>()
                        : fail(ErrorCode::invalid, "{}", describe_bad_utf8(message_->payload));
    }
    return *text_;
}

std::string label_of_reading(std::size_t number) {
    return fmt::format("reading {}: ", number);
}

Result<Readings> readings_at(
        const JsonDocument& document, std::span<const std::string> path, std::uint32_t payload) {
    std::uint32_t at = payload;
    for (const std::string& key : path) {
        at = member_at(document, at, key);
        if (at == 0) {
            return fail(ErrorCode::invalid, "payload has no field \"{}\" with readings",
                    fmt::join(path, "."));
        }
    }
    const JsonNode& node = document.node(at);
    const bool is_array = node.kind == JsonKind::array;
    if (is_array && node.end == at + 1) {
        return fail(ErrorCode::invalid, "the array of readings is empty");
    }
    if (!path.empty() && !is_array && node.kind != JsonKind::object) {
        return fail(ErrorCode::invalid, "field \"{}\" is {}, not an array of readings",
                fmt::join(path, "."), description_of(node.kind));
    }
    return Readings{at, is_array};
}

}  // namespace foz::mapping
