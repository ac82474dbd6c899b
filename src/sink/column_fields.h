// SPDX-License-Identifier: Apache-2.0
// foz_columns: which field of the payloads fills which column of an inferred table, so that no
// other field mixes with it after a restart, in another lane, or from another foz. Best effort:
// where the table may not be made, each process knows what it has seen itself. The SQL that the
// databases have in common; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/table.h"
#include "sink/progress.h"

namespace foz::sink {

/// What prepare_table() of an inferred table has read: column and field.
using ColumnFields = std::vector<std::pair<std::string, std::string>>;

/// The fields of the table's columns as an INSERT has them after VALUES; "" when there are none.
[[nodiscard]] std::string field_values(const mapping::Table& table, QuoteText quoted);

/// Yields column_name and field.
[[nodiscard]] std::string fields_query(const mapping::Table& table, QuoteText quoted);

/// What was known of a table of this name, before it is made anew.
[[nodiscard]] std::string forget_fields(const mapping::Table& table, QuoteText quoted);

/// Sets Column::field.
void set_fields(std::vector<mapping::Column>& columns, const ColumnFields& fields);

/// Tells a person, once.
void warn_of_forgetfulness(std::string_view why);

}  // namespace foz::sink
