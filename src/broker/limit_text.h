// SPDX-License-Identifier: Apache-2.0
// What is said of a limit that was reached: its key, its value, and what was found. Pure.
#pragma once

#include <string>

#include "mqtt/reason_code.h"

namespace foz::broker {

/// "limits.packet_bytes = 1 MiB, the packet has 3 MiB; ...". `before_connect`: of a CONNECT, which
/// has a limit of its own for its size. `exceeded` has a name.
[[nodiscard]] std::string limit_text(
        const mqtt::DecodeError::Exceeded& exceeded, bool before_connect);

}  // namespace foz::broker
