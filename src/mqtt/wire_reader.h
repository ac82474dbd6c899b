// SPDX-License-Identifier: Apache-2.0
// Reads the fields of a packet, or of a part of it, in order. Inside mqtt/ only.
//
// The first thing that is wrong is remembered and everything after it is ignored: reads yield zero
// or nothing, further complaints are dropped. So a decoder reads and judges straight on, and asks
// once, at the end. A loop must ask more(), which is false after an error.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "mqtt/reason_code.h"
#include "mqtt/utf8.h"

namespace foz::mqtt {

class WireReader {
  public:
    explicit WireReader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool ok() const { return error_.message.data() == nullptr; }
    [[nodiscard]] bool more() const { return ok() && !rest_.empty(); }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    [[nodiscard]] const DecodeError& error() const { return error_; }

    /// `message` is a literal.
    void fail(ReasonCode reason, std::string_view message) {
        if (!ok()) return;
        error_ = {.reason = reason, .message = message, .exceeded = {}};
        rest_ = {};
    }
    void require(bool condition, ReasonCode reason, std::string_view message) {
        if (!condition) [[unlikely]] {
            fail(reason, message);
        }
    }

    /// `found` is at most `limit`, the cap with this name in DecodeLimits.
    void require_within(std::string_view name, std::uint64_t limit, std::uint64_t found,
            ReasonCode reason, std::string_view message) {
        if (found > limit && ok()) [[unlikely]] {
            fail(reason, message);
            error_.exceeded = {.name = name, .limit = limit, .found = found};
        }
    }
    /// What a part of the packet that was read by another reader has complained of.
    void fail(const DecodeError& error) {
        if (!ok()) return;
        error_ = error;
        rest_ = {};
    }

    std::uint8_t u8() { return integer<std::uint8_t>(); }
    std::uint16_t u16() { return integer<std::uint16_t>(); }
    std::uint32_t u32() { return integer<std::uint32_t>(); }

    /// A Variable Byte Integer, not necessarily in its shortest form [MQTT5 1.5.5].
    std::uint32_t variable() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift <= 21; shift += 7) {
            const std::uint32_t byte = u8();
            value |= (byte & 0x7FU) << shift;
            if (byte < 0x80) return value;
        }
        fail(ReasonCode::malformed_packet,
                "[MQTT5 1.5.5] a Variable Byte Integer has over four bytes");
        return 0;
    }

    std::string_view take(std::size_t size) {
        if (size > rest_.size()) [[unlikely]] {
            fail(ReasonCode::malformed_packet, "the packet ends inside a field");
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string_view take_rest() { return std::exchange(rest_, {}); }

    std::string_view binary() { return take(u16()); }

    std::string_view text() {
        const std::string_view text = binary();
        require(is_valid_text(text), ReasonCode::malformed_packet,
                "[MQTT-1.5.4-1] a text is not valid UTF-8, or has U+0000 in it [MQTT-1.5.4-2]");
        return text;
    }

    /// `value`, when everything was right and nothing is left over.
    template <class T>
    [[nodiscard]] Decoded<T> finish(T value) {
        require(rest_.empty(), ReasonCode::malformed_packet,
                "the packet has bytes after its last field");
        if (!ok()) [[unlikely]] {
            return std::unexpected(error_);
        }
        return value;
    }

  private:
    template <class T>
    T integer() {
        const std::string_view bytes = take(sizeof(T));
        return bytes.empty() ? T{0} : load_big<T>(bytes.data());
    }

    std::string_view rest_;
    DecodeError error_;
};

}  // namespace foz::mqtt
