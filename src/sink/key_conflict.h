// SPDX-License-Identifier: Apache-2.0
// A row whose key is taken: the same reading again, or another one? What the sinks compare, and
// what a person is told. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "mapping/value.h"
#include "sink/sink.h"

namespace foz::sink {

/// Of a stored value no more than this is fetched for a message.
inline constexpr int kShownCharactersMax = 100;

/// Indices of the columns that must be equal for a row to be a duplicate: all but those of receipt,
/// unless they belong to the key.
[[nodiscard]] std::vector<std::size_t> compared_columns(const mapping::Table& table);

/// Whether rows of `table` that this lane writes take the place of what is stored. A dead letter
/// does not: it is older than what has come since.
[[nodiscard]] bool replaces(const mapping::Table& table, const LaneName& lane);

/// A column in which the stored row and the reading differ.
struct Difference {
    std::size_t column = 0;             // of the table
    std::optional<std::string> stored;  // as text, perhaps its beginning; nullopt is NULL
};

/// Row `row` of a write, whose key is taken by another reading: `cells` are the row's.
[[nodiscard]] RefusedRow key_conflict(std::size_t row, const mapping::Table& table,
        std::span<const mapping::Value> cells, std::span<const Difference> differences);

/// Row `row` of a write, which the statement neither stored nor found there.
[[nodiscard]] RefusedRow kept_out(std::size_t row, const mapping::Table& table);

/// `rows` must not be empty.
[[nodiscard]] SinkError refusal_of(std::vector<RefusedRow> rows);

}  // namespace foz::sink
