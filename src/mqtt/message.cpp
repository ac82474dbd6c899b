// SPDX-License-Identifier: Apache-2.0
#include "mqtt/message.h"

#include "base/check.h"
#include "mqtt/properties.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"

namespace foz::mqtt {
namespace {

// docs/journal_format.md, "Message records" and "Session records".
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMessageHeaderBytes = 20;
constexpr std::size_t kSessionHeaderBytes = 8;
constexpr std::size_t kUserLengthBytes = 2;
constexpr unsigned kQosMask = 3;
constexpr unsigned kRetainFlag = 4;
constexpr unsigned kUserFlag = 8;

/// Only what a PUBLISH may have and a message keeps.
bool are_message_properties(std::string_view bytes) {
    if (bytes.empty()) return true;
    const Decoded<Properties> properties =
            validate_properties(bytes, {.owner = PropertyOwner::publish, .sender = Sender::client});
    return properties && !properties->has(PropertyId::topic_alias);
}

bool is_consistent(const Message& message) {
    return message.qos <= 2 && (message.qos == 2 || message.packet_id == 0) &&
           is_valid_topic_name(message.topic) && is_valid_text(message.topic) &&
           is_valid_text(message.client_id) && is_valid_text(message.user) &&
           are_message_properties(message.properties);
}

}  // namespace

void encode_message(const Message& message, std::string& to) {
    FOZ_CHECK(message.topic.size() <= 0xFFFF);
    FOZ_CHECK(message.client_id.size() <= 0xFFFF);
    FOZ_CHECK(message.properties.size() <= 0xFFFF'FFFF);
    FOZ_CHECK(message.user.size() <= 0xFFFF);
    FOZ_CHECK(message.qos <= 2);
    char header[kMessageHeaderBytes];
    header[0] = kFormat;
    header[1] = static_cast<char>(message.qos | (message.retain ? kRetainFlag : 0U) |
                                  (message.user.empty() ? 0U : kUserFlag));
    store_little(header + 2, message.packet_id);
    store_little(
            header + 4, static_cast<std::int64_t>(message.received.time_since_epoch().count()));
    store_little(header + 12, static_cast<std::uint16_t>(message.topic.size()));
    store_little(header + 14, static_cast<std::uint16_t>(message.client_id.size()));
    store_little(header + 16, static_cast<std::uint32_t>(message.properties.size()));
    to.append(header, sizeof header);
    to.append(message.topic);
    to.append(message.client_id);
    to.append(message.properties);
    if (!message.user.empty()) {
        char user_bytes[kUserLengthBytes];
        store_little(user_bytes, static_cast<std::uint16_t>(message.user.size()));
        to.append(user_bytes, sizeof user_bytes);
        to.append(message.user);
    }
    to.append(message.payload);
}

Result<Message> decode_message(ByteView bytes) {
    std::string_view rest = as_text(bytes);
    if (rest.size() < kMessageHeaderBytes) {
        return fail(ErrorCode::corrupt, "a message record of {} bytes is too short", rest.size());
    }
    const char* const header = rest.data();
    if (header[0] != kFormat) {
        return fail(ErrorCode::corrupt, "a message record has the format {}; this foz knows {}",
                static_cast<unsigned>(static_cast<std::uint8_t>(header[0])), kFormat);
    }
    const unsigned flags = static_cast<std::uint8_t>(header[1]);
    const std::size_t topic_bytes = load_little<std::uint16_t>(header + 12);
    const std::size_t client_id_bytes = load_little<std::uint16_t>(header + 14);
    const std::size_t properties_bytes = load_little<std::uint32_t>(header + 16);
    rest.remove_prefix(kMessageHeaderBytes);
    if (topic_bytes + client_id_bytes + properties_bytes > rest.size()) {
        return fail(ErrorCode::corrupt, "a message record's fields are longer than the record");
    }
    const auto take = [&](std::size_t size) {
        const std::string_view taken = rest.substr(0, size);
        rest.remove_prefix(size);
        return taken;
    };
    Message message;
    message.topic = take(topic_bytes);
    message.client_id = take(client_id_bytes);
    message.properties = take(properties_bytes);
    if ((flags & kUserFlag) != 0) {
        const std::size_t user_bytes =
                rest.size() < kUserLengthBytes ? 0 : load_little<std::uint16_t>(rest.data());
        // An empty one is not written.
        if (user_bytes == 0 || kUserLengthBytes + user_bytes > rest.size()) {
            return fail(
                    ErrorCode::corrupt, "a message record's user name is longer than the record");
        }
        rest.remove_prefix(kUserLengthBytes);
        message.user = take(user_bytes);
    }
    message.payload = rest;
    message.received = SystemTime(Microseconds(load_little<std::int64_t>(header + 4)));
    message.qos = static_cast<std::uint8_t>(flags & kQosMask);
    message.retain = (flags & kRetainFlag) != 0;
    message.packet_id = load_little<std::uint16_t>(header + 2);
    if (flags > (kQosMask | kRetainFlag | kUserFlag) || !is_consistent(message)) {
        return fail(
                ErrorCode::corrupt, "a message record's fields are not those of an MQTT message");
    }
    return message;
}

void encode_session_record(const SessionRecord& record, std::string& to) {
    FOZ_CHECK(record.client_id.size() <= 0xFFFF);
    char header[kSessionHeaderBytes];
    header[0] = kFormat;
    header[1] = 0;
    store_little(header + 2, record.packet_id);
    store_little(header + 4, record.expiry_seconds);
    to.append(header, sizeof header);
    to.append(record.client_id);
}

Result<SessionRecord> decode_session_record(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    if (text.size() < kSessionHeaderBytes || text.size() > kSessionHeaderBytes + 0xFFFF ||
            text[0] != kFormat || text[1] != 0) {
        return fail(ErrorCode::corrupt, "{} bytes are not a session record", text.size());
    }
    const SessionRecord record{
        .client_id = text.substr(kSessionHeaderBytes),
        .packet_id = load_little<std::uint16_t>(text.data() + 2),
        .expiry_seconds = load_little<std::uint32_t>(text.data() + 4),
    };
    if (!is_valid_text(record.client_id)) {
        return fail(ErrorCode::corrupt, "a session record's client identifier is not UTF-8");
    }
    return record;
}

}  // namespace foz::mqtt
