// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), the checksum of everything foz writes to disk. RFC 3720, appendix B.4.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace foz {

/// The checksum of `bytes`; `previous` is the checksum of what came before them, to go on from
/// there. Uses the CPU's instruction where there is one. Pure; any thread.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t previous = 0);

}  // namespace foz
