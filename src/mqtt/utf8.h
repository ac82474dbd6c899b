// SPDX-License-Identifier: Apache-2.0
// UTF-8 as MQTT wants it. Pure; any thread.
#pragma once

#include <string_view>

namespace foz::mqtt {

/// Well-formed UTF-8 without surrogates [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2]. Other
/// control characters and non-characters, which a receiver may refuse, pass. ASCII is checked eight
/// bytes at a time.
[[nodiscard]] bool is_valid_text(std::string_view text);

}  // namespace foz::mqtt
