// SPDX-License-Identifier: Apache-2.0
// MariaDB's SQL, which is MySQL 8's too but for the collation. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sink/own_tables_sql.h"
#include "sink/sink.h"

namespace foz::sink::mariadb {

[[nodiscard]] const Dialect& dialect();
[[nodiscard]] const OwnTablesSql& own_tables_sql();

/// Compares text byte by byte, trailing spaces included: with the servers' default collations "a",
/// "A" and "a " would be one key, and readings would be lost as duplicates.
inline constexpr std::string_view kCollation = "utf8mb4_nopad_bin";
inline constexpr std::string_view kMysqlCollation = "utf8mb4_0900_bin";

/// "home.climate" as "`home`.`climate`".
[[nodiscard]] std::string quoted_table(std::string_view table);
[[nodiscard]] std::string quoted_list(std::span<const std::string> names);
/// A text as an SQL literal, under the sql_mode that foz sets.
[[nodiscard]] std::string quoted_text(std::string_view text);
/// The type of a column of `table`: text is VARCHAR(255) in a key, which cannot hold more.
[[nodiscard]] std::string column_type(const mapping::Table& table, const mapping::Column& column);

}  // namespace foz::sink::mariadb
