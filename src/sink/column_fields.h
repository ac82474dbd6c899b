// SPDX-License-Identifier: Apache-2.0
// foz_columns: which field of the payloads fills which column of an inferred table, so that no
// other field mixes with it after a restart, in another lane, or from another foz. Best effort:
// where the table may not be made, each process knows what it has seen itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/table.h"
#include "sink/sql_session.h"

namespace foz::sink {

/// Column and field.
using ColumnFields = std::vector<std::pair<std::string, std::string>>;

/// Keeps which fields fill the columns of `table`, and reads which did before; makes foz_columns if
/// it is missing. What was known of a table that has just been made under this name is forgotten.
[[nodiscard]] SinkResult<ColumnFields> exchange_fields(
        SqlSession& session, const mapping::Table& table, bool made_anew);

/// Sets Column::field.
void set_fields(std::vector<mapping::Column>& columns, const ColumnFields& fields);

/// Tells a person, once.
void warn_of_forgetfulness(std::string_view why);

}  // namespace foz::sink
