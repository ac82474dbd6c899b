// SPDX-License-Identifier: Apache-2.0
// What a write adds to foz_cursor and foz_ledger.
#pragma once

#include <string>
#include <vector>

#include "sink/sink.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

/// What foz_cursor held when it was last looked at.
struct SeenCursor {
    Cursor cursor;
    std::string writer;
};

/// The statements that save what a write adds; must not outlive its connection. One thread.
class Bookkeeping {
  public:
    /// The tables must be there. `routes` are their names, in the order of the mapping.
    [[nodiscard]] static SinkResult<Bookkeeping> prepare(state::SqliteConnection& connection,
            LaneName lane, SeenCursor seen, std::vector<std::string> routes);

    /// In the transaction of the rows. Never fails with FailureKind::refused.
    [[nodiscard]] SinkResult<void> save(const Commit& commit, const Written& written);
    /// What was saved is committed.
    void note_commit(const Commit& commit);

  private:
    Bookkeeping(state::SqliteConnection& connection, LaneName lane, SeenCursor seen,
            std::vector<std::string> routes)
        : connection_(&connection),
          lane_(std::move(lane)),
          seen_(std::move(seen)),
          routes_(std::move(routes)) {}
    [[nodiscard]] state::SqliteResult<void> save_cursor(const Commit& commit);
    [[nodiscard]] state::SqliteResult<void> save_ledger(
            const Commit& commit, const Written& written);

    state::SqliteConnection* connection_;
    LaneName lane_;
    SeenCursor seen_;
    std::vector<std::string> routes_;
    state::Statement cursor_;
    state::Statement ledger_;
};

}  // namespace foz::sink::sqlite
