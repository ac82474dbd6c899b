// SPDX-License-Identifier: Apache-2.0
// What information_schema says about a table, and whether a route fits it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/literal_text.h"
#include "sink/mariadb/connection.h"

namespace foz::sink::mariadb {

/// What a column stores.
enum class Content : std::uint8_t {
    integer,
    real,
    decimal,
    text,
    datetime,
    json,
    bytes,
    literal  // a text that the server reads: see Literal
};

struct CatalogueColumn {
    std::string name;
    std::string type;                // as the server spells it: "varchar(20)"
    std::optional<Content> content;  // nothing: a type that foz does not know
    std::int64_t integer_min = 0;
    std::uint64_t integer_max = 0;
    std::uint64_t characters_max = 0;  // of text
    std::uint64_t bytes_max = 0;       // of text and bytes
    /// Behind the point of a number or the second of a time; nothing: as many as it has.
    std::optional<std::int64_t> places;
    Literal literal = Literal::whole;
    std::vector<std::string> labels;  // of ENUM and SET: the texts that it takes
    bool rounds = false;              // the route lets the server round what does not fit
    bool not_null = false;
    bool has_default = false;
    bool auto_increment = false;
    bool generated = false;
    std::string collation;  // of text
};

struct UniqueIndex {
    std::string name;
    std::vector<std::string> columns;  // sorted; one that it takes the beginning of: "name(5)"
};

struct CatalogueTable {
    std::string engine;  // empty: a view
    std::vector<CatalogueColumn> columns;
    std::vector<UniqueIndex> unique;

    [[nodiscard]] const CatalogueColumn* find(std::string_view column) const;
};

/// Nothing when there is no such table.
[[nodiscard]] SinkResult<std::optional<CatalogueTable>> read_table(
        Connection& connection, const std::string& name);

/// What a person is told of a table that is not there: another one's name differs in nothing but
/// capitals. "" if there is none.
[[nodiscard]] SinkResult<std::string> hint_at_other_case(
        Connection& connection, const std::string& name);

/// What the owner of `found` should know: columns that cut off a part of what `wanted` writes, a
/// key that does not tell all readings apart or takes one twice.
[[nodiscard]] std::vector<std::string> warnings_about(
        const mapping::Table& wanted, const CatalogueTable& found);

[[nodiscard]] std::vector<mapping::Column> known_columns(const CatalogueTable& found);

[[nodiscard]] bool fits(mapping::ColumnType wanted, const CatalogueColumn& found);

/// What stands against writing rows of `wanted` into `found`: a message that names both sides; ""
/// when they fit. The columns of an inferred table are no objection: they can be changed, or do
/// without.
[[nodiscard]] std::string objection(const mapping::Table& wanted, const CatalogueTable& found);

/// What stands against writing values of `column` into `there`; "" also when that can be widened.
[[nodiscard]] std::string column_objection(
        const mapping::Table& wanted, const mapping::Column& column, const CatalogueColumn& there);

/// The unique index over the route's key; null if there is none.
[[nodiscard]] const UniqueIndex* key_index(
        const mapping::Table& wanted, const CatalogueTable& found);

/// Whether a row can clash with another in something else than the route's key.
[[nodiscard]] bool has_other_unique(const mapping::Table& wanted, const CatalogueTable& found);

}  // namespace foz::sink::mariadb
