// SPDX-License-Identifier: Apache-2.0
// The sink for PostgreSQL, 12 and later, by binary COPY. README.md beside this file has the types
// and what each SQLSTATE means for foz.
#pragma once

#include "sink/sink.h"

namespace foz::sink::postgres {

/// postgresql://, with everything that libpq takes in a connection URI.
[[nodiscard]] const SinkKind& kind();
/// The same under the scheme postgres://.
[[nodiscard]] const SinkKind& short_kind();

}  // namespace foz::sink::postgres
