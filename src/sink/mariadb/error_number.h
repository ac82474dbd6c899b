// SPDX-License-Identifier: Apache-2.0
// What each error number of MariaDB, MySQL and their client library means for the batch at hand.
// The table for people is in README.md. Pure.
#pragma once

#include <string_view>

#include "sink/sink.h"
#include "sink/table_changes.h"

namespace foz::sink::mariadb {

/// What no server raises itself, by its number or `sqlstate`, is FailureKind::refused: only a
/// trigger raises it. Other unknown ones are FailureKind::retry.
[[nodiscard]] FailureKind failure_of(unsigned number, std::string_view sqlstate = "");

/// Whether such an error would meet any table: disk, memory, connections, a cluster without quorum.
[[nodiscard]] bool is_of_whole_database(std::string_view code);

/// Whether it is the database's final word on an ALTER TABLE: another attempt at the same would
/// fail too, until a person does something. `code` as in SinkError; Refused::no for unknown ones.
[[nodiscard]] Refused refused_by(std::string_view code);

inline constexpr unsigned kDuplicateEntry = 1062;
inline constexpr unsigned kDuplicateColumn = 1060;

}  // namespace foz::sink::mariadb
