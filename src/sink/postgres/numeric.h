// SPDX-License-Identifier: Apache-2.0
// A decimal number, with all its digits, in the binary form of PostgreSQL's type numeric:
// numeric_recv in its src/backend/utils/adt/numeric.c. Pure.
#pragma once

#include <string_view>

namespace foz::sink::postgres {

class CopyBuffer;

/// Appends the field (length and value) for `text`, a number as JSON writes it: "-12.50", "1e3".
/// False, and nothing appended, for one that numeric cannot hold: over 131,072 digits before the
/// point or 16,383 behind it.
[[nodiscard]] bool append_numeric(std::string_view text, CopyBuffer& buffer);

}  // namespace foz::sink::postgres
