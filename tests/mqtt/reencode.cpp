// SPDX-License-Identifier: Apache-2.0
#include "tests/mqtt/reencode.h"

#include "base/check.h"
#include "mqtt/encoder.h"

namespace foz::mqtt {
namespace {

/// `append(to, packet)` for what was decoded, or its error.
template <class T, class Append>
Decoded<std::string> encoded(const Decoded<T>& decoded, Append&& append) {
    if (!decoded) return std::unexpected(decoded.error());
    std::string bytes;
    append(bytes, *decoded);
    return bytes;
}

/// Binds an append function to its version.
template <class T>
auto in_version(void (*append)(std::string&, const T&, ProtocolVersion), ProtocolVersion version) {
    return [=](std::string& to, const T& packet) { append(to, packet, version); };
}

Decoded<std::string> reencode_ping(const Frame& frame) {
    if (const Decoded<void> decoded = decode_ping(frame.body); !decoded) {
        return std::unexpected(decoded.error());
    }
    std::string bytes;
    frame.type == PacketType::pingreq ? append_pingreq(bytes) : append_pingresp(bytes);
    return bytes;
}

Decoded<std::string> reencode_acknowledgement(const Frame& frame, const DecodeContext& context) {
    return encoded(decode_acknowledgement(frame, context),
            [&](std::string& to, const Acknowledgement& packet) {
                append_acknowledgement(to, frame.type, packet, context.version);
            });
}

}  // namespace

Decoded<std::string> reencode(const Frame& frame, const DecodeContext& context) {
    const ProtocolVersion version = context.version;
    const std::string_view body = frame.body;
    switch (frame.type) {
        case PacketType::connect:
            return encoded(decode_connect(body, context.limits), append_connect);
        case PacketType::connack:
            return encoded(decode_connack(body, context), in_version(append_connack, version));
        case PacketType::publish:
            return encoded(decode_publish(frame, context), in_version(append_publish, version));
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubrel:
        case PacketType::pubcomp: return reencode_acknowledgement(frame, context);
        case PacketType::subscribe:
            return encoded(decode_subscribe(body, context), in_version(append_subscribe, version));
        case PacketType::suback:
            return encoded(decode_suback(body, context), in_version(append_suback, version));
        case PacketType::unsubscribe:
            return encoded(
                    decode_unsubscribe(body, context), in_version(append_unsubscribe, version));
        case PacketType::unsuback:
            return encoded(decode_unsuback(body, context), in_version(append_unsuback, version));
        case PacketType::pingreq:
        case PacketType::pingresp: return reencode_ping(frame);
        case PacketType::disconnect:
            return encoded(
                    decode_disconnect(body, context), in_version(append_disconnect, version));
        case PacketType::auth: return encoded(decode_auth(body, context), append_auth);
    }
    return std::unexpected(DecodeError{ReasonCode::malformed_packet, "no such type"});
}

std::size_t exercise_codec(std::string_view input, const DecodeContext& context) {
    std::size_t accepted = 0;
    while (true) {
        const Decoded<std::optional<Frame>> frame = read_frame(input, context.version);
        if (!frame || !*frame) return accepted;
        FOZ_CHECK((*frame)->size == packet_size(input) && (*frame)->size <= input.size());
        if (const Decoded<std::string> once = reencode(**frame, context)) {
            const Decoded<std::optional<Frame>> again = read_frame(*once, context.version);
            FOZ_CHECK(again && *again && (*again)->size == once->size());
            const Decoded<std::string> twice = reencode(**again, context);
            FOZ_CHECK(twice && *twice == *once);
            ++accepted;
        } else {
            FOZ_CHECK(!once.error().message.empty() && is_failure(once.error().reason));
        }
        input.remove_prefix((*frame)->size);
    }
}

}  // namespace foz::mqtt
