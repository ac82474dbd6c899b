// SPDX-License-Identifier: Apache-2.0
// Which lane of a database a message belongs to: by its client id, so that the order within a
// client is kept. Never to be changed: positions of lanes in databases depend on it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/crc32c.h"

namespace foz::pipeline {

[[nodiscard]] inline std::uint32_t lane_of(std::string_view client_id, std::uint32_t lanes) {
    return lanes == 1 ? 0 : crc32c(as_bytes(client_id)) % lanes;
}

}  // namespace foz::pipeline
