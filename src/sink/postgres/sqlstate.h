// SPDX-License-Identifier: Apache-2.0
// What each SQLSTATE of PostgreSQL means for the batch at hand. The table for people is in
// README.md. Pure.
#pragma once

#include <string_view>

#include "sink/sink.h"
#include "sink/table_changes.h"

namespace foz::sink::postgres {

/// `sqlstate` as the server sent it: five characters. Of a class that PostgreSQL does not
/// have: FailureKind::refused, because only a trigger raises it. Other unknown ones:
/// FailureKind::retry.
[[nodiscard]] FailureKind failure_of(std::string_view sqlstate);

/// Whether such an error would meet any table: disk, memory, connections, deadlocks.
[[nodiscard]] bool is_of_whole_database(std::string_view sqlstate);

/// Whether it is the database's final word on an ALTER TABLE: another attempt at the same would
/// fail too, until a person does something. Refused::no for unknown ones.
[[nodiscard]] Refused refused_by(std::string_view sqlstate);

// What foz says itself of a row that cannot be stored as it is.
inline constexpr std::string_view kLossy = "22000";
inline constexpr std::string_view kWrongKind = "22000";
inline constexpr std::string_view kTimeOutOfRange = "22008";
inline constexpr std::string_view kUntranslatable = "22021";
inline constexpr std::string_view kNotNull = "23502";

inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kInsufficientPrivilege = "42501";

}  // namespace foz::sink::postgres
