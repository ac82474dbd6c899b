// SPDX-License-Identifier: Apache-2.0
// Decodes a packet of any type and encodes it again: what the round trips and the fuzz target have
// in common.
#pragma once

#include <string>

#include "mqtt/decoder.h"

namespace foz::mqtt {

/// The packet in `frame`, decoded and encoded again, in the encoder's own spelling.
[[nodiscard]] Decoded<std::string> reencode(const Frame& frame, const DecodeContext& context);

/// Treats `input` as what a peer sends: reads packet after packet until the bytes end or are
/// refused. A packet that is accepted must be accepted again after it was encoded, and then stay
/// the same. Aborts when that does not hold. Returns how many packets were accepted.
std::size_t exercise_codec(std::string_view input, const DecodeContext& context);

}  // namespace foz::mqtt
