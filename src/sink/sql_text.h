// SPDX-License-Identifier: Apache-2.0
// SQL text that the servers' dialects have in common, but for the mark around names. Pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "mapping/table.h"

namespace foz::sink {

/// `text` between two marks; a mark in it is doubled.
[[nodiscard]] std::string enclosed(std::string_view text, char mark);

/// "home.climate" as "home"."climate".
[[nodiscard]] std::string enclosed_table(std::string_view table, char mark);

/// The names, each enclosed, with commas between them.
[[nodiscard]] std::string enclosed_list(std::span<const std::string> names, char mark);
[[nodiscard]] std::string enclosed_names(std::span<const mapping::Column> columns, char mark);

/// Up to the parenthesis that closes the columns. `type_of` yields a column's SQL type.
[[nodiscard]] std::string create_table_text(const mapping::Table& table, char mark,
        const std::function<std::string(const mapping::Column&)>& type_of);

/// "a = excluded.a, b = excluded.b": all columns but those of the key, or one of the key if there
/// is no other; `before` and `after` stand around the new value's name.
[[nodiscard]] std::string updates_text(
        const mapping::Table& table, char mark, std::string_view before, std::string_view after);

}  // namespace foz::sink
