// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_failure.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace foz::sink::sqlite {

namespace {

FailureKind failure_for(int extended) {
    if (extended == SQLITE_READONLY_DBMOVED) {
        return FailureKind::reconnect;
    }
    switch (extended & 0xFF) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH: return FailureKind::refused;
        case SQLITE_ERROR:  // "no such table", "no such column"
        case SQLITE_SCHEMA: return FailureKind::schema;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CANTOPEN: return FailureKind::reconnect;
        default: return FailureKind::retry;
    }
}

}  // namespace

SinkError failure_of(const state::SqliteError& error, std::string_view doing) {
    return {failure_for(error.code), fmt::format("{}", error.code),
        fmt::format("{}: {}", doing, error.message), std::nullopt};
}

SinkError commit_failure_of(const state::SqliteError& error) {
    SinkError failure = failure_of(error, "cannot commit");
    failure.failure =
            (error.code & 0xFF) == SQLITE_BUSY ? FailureKind::retry : FailureKind::in_doubt;
    return failure;
}

}  // namespace foz::sink::sqlite
