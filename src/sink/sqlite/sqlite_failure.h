// SPDX-License-Identifier: Apache-2.0
// What SQLite's result codes mean for a batch. README.md has the table.
#pragma once

#include <string_view>

#include "sink/sink.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

/// Of a statement before COMMIT. `doing` is put before SQLite's own message.
[[nodiscard]] SinkError failure_of(const state::SqliteError& error, std::string_view doing);

/// The same, to be returned.
[[nodiscard]] inline std::unexpected<SinkError> failed(
        const state::SqliteError& error, std::string_view doing) {
    return std::unexpected(failure_of(error, doing));
}

/// Of COMMIT: what the file holds is known only if SQLite was merely too busy to try.
[[nodiscard]] SinkError commit_failure_of(const state::SqliteError& error);

}  // namespace foz::sink::sqlite
