// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's catalogue says about a table, and whether a route fits it.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/copy_encoder.h"

namespace foz::sink::postgres {

struct CatalogueColumn {
    std::string name;
    std::string type;                  // as the server spells it
    std::optional<Encoding> encoding;  // nothing: a type that foz does not know
    std::optional<std::uint32_t> characters_max;
    std::optional<std::int32_t> places;  // as in TargetColumn
    bool array = false;                  // the same
    Literal literal = Literal::whole;    // the same
    bool not_null = false;
    bool has_default = false;     // or is an identity
    bool generated = false;       // cannot be written
    std::string vague_collation;  // one that is not deterministic; or ""
};

struct CatalogueTable {
    std::string oid;
    std::string kind;           // pg_class.relkind
    bool takes_copy = true;     // not a view
    bool row_security = false;  // policies count for the connection's user
    bool takes_insert = true;   // not a view without trigger that is not a simple one
    std::vector<CatalogueColumn> columns;
    std::vector<std::vector<std::string>>
            unique;  // columns of each unique index without condition, sorted

    [[nodiscard]] const CatalogueColumn* find(std::string_view column) const;
    /// One whose name differs in nothing but capitals; null if there is none.
    [[nodiscard]] const CatalogueColumn* find_in_other_case(std::string_view column) const;
};

/// Nothing when there is no such table.
[[nodiscard]] SinkResult<std::optional<CatalogueTable>> read_table(
        Connection& connection, const std::string& name);

/// What a person is told of a table that is not there: another one's name differs in nothing but
/// capitals. "" if there is none.
[[nodiscard]] SinkResult<std::string> hint_at_other_case(
        Connection& connection, const std::string& name);

/// Whether the view `wanted.name` can leave out rows whose key is there already. Inside of a
/// transaction.
[[nodiscard]] SinkResult<bool> takes_key(Connection& connection, const mapping::Table& wanted);

/// A query for a text that changes when one of these tables is replaced by another, or a column of
/// it is added, removed, renamed or gets another type. For after they have been locked by a write.
[[nodiscard]] std::string shape_query(std::span<const std::unique_ptr<mapping::Table>> tables);

/// The columns as the mapping sees them; those of unknown types are left out.
[[nodiscard]] std::vector<mapping::Column> known_columns(const CatalogueTable& found);

/// Whether the values of a column that was configured as `wanted` go into `there` whole.
[[nodiscard]] bool fits(mapping::ColumnType wanted, const CatalogueColumn& there);

/// What stands against writing rows of `wanted` into `found`: a message that names both sides; ""
/// when they fit. The columns of an inferred table are no objection: they can be changed, or do
/// without.
[[nodiscard]] std::string objection(const mapping::Table& wanted, const CatalogueTable& found);

/// What stands against writing values of `column` into `there`; "" also when that can be widened.
[[nodiscard]] std::string column_objection(
        const mapping::Table& wanted, const mapping::Column& column, const CatalogueColumn& there);

/// What the owner of `found` should know: columns that cut off a part of what `wanted` writes, a
/// key that does not tell all readings apart or takes one twice.
[[nodiscard]] std::vector<std::string> warnings_about(
        const mapping::Table& wanted, const CatalogueTable& found);

/// For each column of `wanted`, in that order, how to write it. Nothing when one is not in `found`
/// or does not fit.
[[nodiscard]] std::optional<std::vector<TargetColumn>> targets(
        const mapping::Table& wanted, const CatalogueTable& found);

}  // namespace foz::sink::postgres
