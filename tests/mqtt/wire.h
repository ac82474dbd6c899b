// SPDX-License-Identifier: Apache-2.0
// A notation for bytes on the wire, so that a test reads like the specification:
//     wire("<MQTT> 05 02 003C [21 0014] <sensor-1>")
// Hexadecimal digits are bytes; 'text' is that text; <text> has its two-byte length in front; [ ...
// ] has its length in front as a Variable Byte Integer. Blanks mean nothing outside text.
#pragma once

#include <string>
#include <string_view>

#include "mqtt/decoder.h"

namespace foz::mqtt {

[[nodiscard]] std::string wire(std::string_view notation);

/// A packet: its first byte, its Remaining Length, its body.
[[nodiscard]] std::string packet(unsigned first_byte, std::string_view body);

/// The frame that `bytes` are, which must be exactly one whole packet; it views them.
[[nodiscard]] Frame frame_of(
        const std::string& bytes, ProtocolVersion version = ProtocolVersion::v5);

/// How the library tells a person about `bytes`: "3000 0161".
[[nodiscard]] std::string hex(std::string_view bytes);

}  // namespace foz::mqtt
