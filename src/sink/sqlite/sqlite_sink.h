// SPDX-License-Identifier: Apache-2.0
// The sink for SQLite: a database in one file, written through the library that foz is linked with.
// README.md beside this file has the types and what each result code means for foz.
#pragma once

#include "sink/sink.h"

namespace foz::sink::sqlite {

/// sqlite:PATH, relative to the working directory, or sqlite:///absolute/path.
[[nodiscard]] const SinkKind& kind();

}  // namespace foz::sink::sqlite
