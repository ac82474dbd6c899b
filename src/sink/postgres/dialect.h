// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's SQL. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sink/own_tables_sql.h"
#include "sink/sink.h"

namespace foz::sink::postgres {

[[nodiscard]] const Dialect& dialect();
[[nodiscard]] const OwnTablesSql& own_tables_sql();

/// "climate" as "\"climate\"", "home.climate" as "\"home\".\"climate\"".
[[nodiscard]] std::string quoted_table(std::string_view table);

/// "\"a\", \"b\"".
[[nodiscard]] std::string quoted_list(std::span<const std::string> names);

/// A text as an SQL literal that means the same under every setting of the server.
[[nodiscard]] std::string quoted_text(std::string_view text);

}  // namespace foz::sink::postgres
