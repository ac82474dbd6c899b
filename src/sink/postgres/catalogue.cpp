// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/catalogue.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "mapping/column_name.h"
#include "sink/loss.h"
#include "sink/postgres/dialect.h"
#include "sink/table_fit.h"

namespace foz::sink::postgres {
namespace {

using mapping::ColumnType;

// Types by the names that PostgreSQL itself gives them (pg_type.typname).
constexpr std::array<std::pair<std::string_view, Encoding>, 17> kEncodings = {{
    {"int2", Encoding::int2},
    {"int4", Encoding::int4},
    {"int8", Encoding::int8},
    {"float4", Encoding::float4},
    {"float8", Encoding::float8},
    {"numeric", Encoding::numeric},
    {"text", Encoding::text},
    {"varchar", Encoding::text},
    {"bpchar", Encoding::text},
    {"bool", Encoding::boolean},
    {"timestamp", Encoding::timestamp},
    {"timestamptz", Encoding::timestamp},
    {"json", Encoding::json},
    {"jsonb", Encoding::jsonb},
    {"uuid", Encoding::uuid},
    {"citext", Encoding::text},
    {"bytea", Encoding::bytea},
}};

constexpr std::array<std::pair<std::string_view, Literal>, 11> kLiterals = {{
    {"date", Literal::date},
    {"time", Literal::time},
    {"timetz", Literal::time_zone},
    {"interval", Literal::interval},
    {"inet", Literal::whole},
    {"cidr", Literal::whole},
    {"macaddr", Literal::whole},
    {"macaddr8", Literal::whole},
    {"bit", Literal::whole},
    {"varbit", Literal::whole},
    {"enum", Literal::whole},
}};

template <class Table>
auto find_in(const Table& table, std::string_view type) {
    const auto* found = std::ranges::find(table, type, [](const auto& one) { return one.first; });
    return found != table.end() ? std::optional(found->second) : std::nullopt;
}

// A domain stands for the type below it, which may be a domain again; an array for its elements'.
constexpr std::string_view kColumnQuery =
        "WITH RECURSIVE types AS (SELECT *, typcategory = 'A' AND typlen = -1 AND typelem <> 0  "
        "AND typname NOT IN ('int2vector', 'oidvector') AS of_elements FROM pg_catalog.pg_type), "
        "base (attnum, type, modifier, is_array) AS ( SELECT attnum, atttypid, atttypmod, false "
        "FROM pg_catalog.pg_attribute  WHERE attrelid = {0} AND attnum > 0 AND NOT attisdropped "
        "UNION ALL SELECT attnum, CASE WHEN typtype = 'd' THEN typbasetype ELSE typelem END,  CASE "
        "WHEN modifier >= 0 OR typtype <> 'd' THEN modifier ELSE typtypmod END,  is_array OR "
        "typtype <> 'd'  FROM base JOIN types t ON t.oid = type   AND (typtype = 'd' OR "
        "(of_elements AND NOT is_array))) SELECT attname, pg_catalog.format_type(atttypid, "
        "atttypmod),  CASE WHEN t.typtype = 'e' THEN 'enum'   WHEN n.nspname = 'pg_catalog' OR "
        "t.typname = 'citext' THEN t.typname ELSE '' END, modifier,  a.attnotnull, a.atthasdef OR "
        "a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a',  (SELECT c.collname "
        "FROM pg_catalog.pg_collation c WHERE c.oid = a.attcollation AND NOT "
        "c.collisdeterministic), is_array FROM base JOIN pg_catalog.pg_attribute a ON a.attrelid = "
        "{0} AND a.attnum = base.attnum JOIN types t ON t.oid = base.type AND t.typtype <> 'd' AND "
        "(is_array OR NOT of_elements) JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
        "ORDER BY a.attnum";

constexpr std::string_view kUniqueQuery =
        "SELECT i.indexrelid, a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a "
        "ON a.attrelid = i.indrelid AND a.attnum = ANY  ((i.indkey::int2[])[0:i.indnkeyatts - 1]) "
        "WHERE i.indrelid = {} AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred "
        "IS NULL AND i.indexprs IS NULL ORDER BY i.indexrelid, a.attname";

// numeric's modifier: a header of 4, and precision and scale, which is signed and of 11 bits.
std::optional<std::int32_t> places_in(std::optional<Encoding> encoding, std::int64_t modifier) {
    constexpr std::int64_t kHeader = 4;
    constexpr std::int64_t kScaleBits = 0x7FF;
    constexpr std::int64_t kScaleSign = 0x400;
    const bool is_time = encoding == Encoding::timestamp || encoding == Encoding::literal;
    if (is_time && modifier >= 0) {
        return static_cast<std::int32_t>(modifier);
    }
    if (encoding == Encoding::numeric && modifier >= kHeader) {
        const std::int64_t bits = (modifier - kHeader) & kScaleBits;
        return static_cast<std::int32_t>((bits ^ kScaleSign) - kScaleSign);
    }
    return std::nullopt;
}

CatalogueColumn column_in(const QueryResult& rows, int row) {
    constexpr std::int64_t kLengthHeader = 4;  // a varchar's modifier is its length and this
    CatalogueColumn column;
    column.name = field(rows, row, 0);
    column.type = field(rows, row, 1);
    const std::string_view base = field(rows, row, 2);
    std::int64_t modifier = number(rows, row, 3);
    column.encoding = find_in(kEncodings, base);
    if (const auto literal = find_in(kLiterals, base)) {
        column.literal = *literal;
        // An interval's modifier has the fields that it keeps, and then the precision.
        constexpr std::int64_t kAllFields = 0x7FFF;
        const bool partial = *literal == Literal::interval && modifier >= 0;
        if (!partial || modifier >> 16 == kAllFields) {
            column.encoding = Encoding::literal;
            modifier = partial ? modifier & 0xFFFF : modifier;
        }
    }
    if (column.encoding == Encoding::text && modifier >= kLengthHeader) {
        column.characters_max = static_cast<std::uint32_t>(modifier - kLengthHeader);
    }
    column.places = places_in(column.encoding, modifier);
    column.not_null = is_true(rows, row, 4);
    column.has_default = is_true(rows, row, 5);
    column.generated = is_true(rows, row, 6);
    column.vague_collation = base == "citext" ? base : field(rows, row, 7);
    column.array = is_true(rows, row, 8);
    return column;
}

std::string mismatch(const mapping::Column& wanted, const CatalogueColumn& found) {
    std::string_view advice;
    if (!found.encoding) {
        advice = ": foz does not know that type; take it out of the route, or have a column of "
                 "type text that a trigger reads";
    } else if (found.array && wanted.type != ColumnType::json) {
        advice = "; type = \"json\" for the column in the route takes a JSON array";
    } else if (*found.encoding == Encoding::literal && !found.array &&
               wanted.type != ColumnType::text) {
        advice = "; type = \"text\" for the column in the route takes what INSERT would";
    }
    return fmt::format("column {} is {} in the database, but the route writes {}{}", found.name,
            found.type, name_of(wanted.type), advice);
}

bool is_integer(const CatalogueColumn& column) {
    return !column.array &&
           (column.encoding == Encoding::int2 || column.encoding == Encoding::int4 ||
                   column.encoding == Encoding::int8);
}

std::string kind_objection(const mapping::Table& wanted, const CatalogueTable& found) {
    if (found.kind == "f") {
        return fmt::format(
                "table {} is a foreign table: another server would not commit its rows together "
                "with foz's cursor; make that server a database of foz",
                wanted.name);
    }
    if (found.kind == "v" && !found.takes_insert) {
        return fmt::format(
                "table {} is a view that takes no rows; give it a trigger INSTEAD OF INSERT that "
                "ends with RETURN NEW, or name the table below it",
                wanted.name);
    }
    if (found.row_security) {
        return fmt::format(
                "table {} has row-level security, which hides rows from foz's user and refuses "
                "COPY; ALTER ROLE ... BYPASSRLS for that user, or make it the owner: ALTER TABLE "
                "{} OWNER TO ...",
                wanted.name, quoted_table(wanted.name));
    }
    const bool known = found.kind == "r" || found.kind == "p" || found.kind == "v";
    return known ? "" : fmt::format("{} is not a table in the database", wanted.name);
}

std::string key_objection(const mapping::Table& wanted, const CatalogueTable& found) {
    if (found.kind == "v") {
        return "";  // takes_key() asks the server
    }
    std::vector<std::string> key = wanted.key;
    std::ranges::sort(key);
    if (key.empty() || std::ranges::find(found.unique, key) != found.unique.end()) {
        return "";
    }
    return fmt::format(
            "the route's key is ({0}), but the table has no unique index over it; CREATE UNIQUE "
            "INDEX ON {1} ({0}) makes one",
            quoted_list(wanted.key), quoted_table(wanted.name));
}

}  // namespace

std::string column_objection(
        const mapping::Table& wanted, const mapping::Column& column, const CatalogueColumn& there) {
    if (there.generated) {
        return fmt::format(
                "column {} is generated by the database and cannot be written", column.name);
    }
    if (!there.encoding) {
        return mismatch(column, there);
    }
    const bool will_widen = wanted.inferred && is_integer(there) &&
                            (column.type == ColumnType::real || column.type == ColumnType::decimal);
    return fits(column.type, there) || will_widen ? "" : mismatch(column, there);
}

const CatalogueColumn* CatalogueTable::find(std::string_view column) const {
    const auto found = std::ranges::find(columns, column, &CatalogueColumn::name);
    return found != columns.end() ? &*found : nullptr;
}

const CatalogueColumn* CatalogueTable::find_in_other_case(std::string_view column) const {
    const auto found = std::ranges::find_if(columns, [&](const CatalogueColumn& one) {
        return one.name != column && mapping::same_name(one.name, column);
    });
    return found != columns.end() ? &*found : nullptr;
}

SinkResult<std::string> hint_at_other_case(Connection& connection, const std::string& name) {
    const std::size_t dot = name.find('.');
    const std::string schema =
            dot == std::string::npos
                    ? "pg_catalog.pg_table_is_visible(c.oid)"
                    : fmt::format("pg_catalog.lower(nspname) = pg_catalog.lower({})",
                              quoted_text(name.substr(0, dot)));
    auto found = connection.run(
            fmt::format("SELECT {} relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace "
                        "n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v') AND "
                        "pg_catalog.lower(relname) = pg_catalog.lower({}) AND {} LIMIT 1",
                    dot == std::string::npos ? "" : "nspname || '.' ||",
                    quoted_text(dot == std::string::npos ? name : name.substr(dot + 1)), schema));
    if (!found) {
        return pass_on(found);
    }
    return PQntuples(found->get()) == 0 ? "" : other_case_hint(name, field(*found, 0, 0));
}

SinkResult<bool> takes_key(Connection& connection, const mapping::Table& wanted) {
    auto asked = connection.run(
            fmt::format("SAVEPOINT foz_key; EXPLAIN INSERT INTO {0} ({1}) SELECT {1} FROM {0} ON "
                        "CONFLICT ({1}) DO NOTHING; RELEASE SAVEPOINT foz_key",
                    quoted_table(wanted.name), quoted_list(wanted.key)));
    if (asked) {
        return true;
    }
    if (connection.lost()) {
        return pass_on(asked);
    }
    auto undone = connection.run("ROLLBACK TO SAVEPOINT foz_key");
    return undone ? SinkResult<bool>(false) : pass_on(undone);
}

SinkResult<std::optional<CatalogueTable>> read_table(
        Connection& connection, const std::string& name) {
    const auto found = connection.run(
            fmt::format("SELECT oid, relkind, pg_catalog.pg_relation_is_updatable(oid, true) & 8 "
                        "<> 0, pg_catalog.row_security_active(oid) FROM pg_catalog.pg_class WHERE "
                        "oid = pg_catalog.to_regclass({})",
                    quoted_text(quoted_table(name))));
    if (!found) {
        return std::unexpected(found.error());
    }
    if (PQntuples(found->get()) == 0) {
        return std::nullopt;
    }
    CatalogueTable table;
    table.oid = field(*found, 0, 0);
    table.kind = field(*found, 0, 1);
    // COPY into a view with a trigger counts rows that the trigger swallows, too.
    table.takes_copy = table.kind != "v";
    table.takes_insert = is_true(*found, 0, 2);
    table.row_security = is_true(*found, 0, 3);
    const auto columns = connection.run(fmt::format(kColumnQuery, table.oid));
    if (!columns) {
        return std::unexpected(columns.error());
    }
    for (int row = 0; row < PQntuples(columns->get()); ++row) {
        table.columns.push_back(column_in(*columns, row));
        // A view's column may stand for one with a default: what is left out can be filled by it.
        table.columns.back().has_default |= table.kind == "v";
    }
    const auto unique = connection.run(fmt::format(kUniqueQuery, table.oid));
    if (!unique) {
        return std::unexpected(unique.error());
    }
    std::string_view index;
    for (int row = 0; row < PQntuples(unique->get()); ++row) {
        if (std::exchange(index, field(*unique, row, 0)) != field(*unique, row, 0)) {
            table.unique.emplace_back();
        }
        table.unique.back().emplace_back(field(*unique, row, 1));
    }
    for (auto& one : table.unique) {
        std::ranges::sort(one);  // the server may sort names in another way
    }
    return table;
}

std::string shape_query(std::span<const std::unique_ptr<mapping::Table>> tables) {
    std::string names;
    for (const auto& table : tables) {
        if (table->elsewhere) {
            continue;
        }
        names += fmt::format("{}pg_catalog.to_regclass({})", names.empty() ? "" : ", ",
                quoted_text(quoted_table(table->name)));
    }
    return fmt::format(
            "SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', attrelid::oid, attnum, "
            "attname, atttypid, atttypmod), ',' ORDER BY attrelid, attnum) FROM "
            "pg_catalog.pg_attribute WHERE attrelid IN ({}) AND attnum > 0 AND NOT attisdropped",
            names.empty() ? "NULL" : names);
}

std::vector<mapping::Column> known_columns(const CatalogueTable& found) {
    std::vector<mapping::Column> known;
    for (const CatalogueColumn& column : found.columns) {
        if (!column.encoding || column.generated) {
            continue;
        }
        mapping::Column one{
            .name = column.name, .nullable = !column.not_null, .has_default = column.has_default};
        if (column.array) {
            one.type = ColumnType::json;
            known.push_back(std::move(one));
            continue;
        }
        switch (*column.encoding) {
            case Encoding::int2:
            case Encoding::int4:
            case Encoding::int8: one.type = ColumnType::integer; break;
            case Encoding::float4:
            case Encoding::float8: one.type = ColumnType::real; break;
            case Encoding::numeric: one.type = ColumnType::decimal; break;
            case Encoding::text:
            case Encoding::uuid:
            case Encoding::literal: one.type = ColumnType::text; break;
            case Encoding::boolean: one.type = ColumnType::boolean; break;
            case Encoding::bytea: one.type = ColumnType::bytes; break;
            case Encoding::timestamp: one.type = ColumnType::timestamp; break;
            case Encoding::json:
            case Encoding::jsonb: one.type = ColumnType::json; break;
        }
        known.push_back(std::move(one));
    }
    return known;
}

bool fits(ColumnType wanted, const CatalogueColumn& there) {
    const auto encoding = there.encoding;
    if (there.array) {
        return wanted == ColumnType::json && encoding.has_value();
    }
    const bool fraction = encoding == Encoding::float4 || encoding == Encoding::float8 ||
                          encoding == Encoding::numeric;
    switch (wanted) {
        case ColumnType::integer: return fraction || is_integer(there);
        case ColumnType::real:
        case ColumnType::decimal: return fraction;
        case ColumnType::text:
            return encoding == Encoding::text || encoding == Encoding::uuid ||
                   encoding == Encoding::literal;
        case ColumnType::boolean: return encoding == Encoding::boolean;
        case ColumnType::bytes: return encoding == Encoding::bytea;
        case ColumnType::timestamp: return encoding == Encoding::timestamp;
        case ColumnType::json:
            return encoding == Encoding::json || encoding == Encoding::jsonb ||
                   encoding == Encoding::text;
    }
    return false;
}

std::string objection(const mapping::Table& wanted, const CatalogueTable& found) {
    if (auto reason = kind_objection(wanted, found); !reason.empty()) {
        return reason;
    }
    std::string reasons;  // of all columns, so that they can be mended at once
    for (const mapping::Column& column : wanted.columns) {
        if (wanted.inferred) {
            break;
        }
        const CatalogueColumn* there = found.find(column.name);
        const CatalogueColumn* alike = found.find_in_other_case(column.name);
        const std::string reason = there == nullptr
                                           ? missing_column(column.name, alike ? alike->name : "")
                                           : column_objection(wanted, column, *there);
        reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
    }
    if (!reasons.empty()) {
        return fmt::format("table {}: {}", wanted.name, reasons);
    }
    for (const CatalogueColumn& column : found.columns) {
        const bool filled = column.has_default || column.generated || wanted.inferred ||
                            wanted.index_of(column.name).has_value();
        if (column.not_null && !filled) {
            return fmt::format(
                    "table {}: column {} is NOT NULL without a default, but no route fills it",
                    wanted.name, column.name);
        }
    }
    if (auto reason = key_objection(wanted, found); !reason.empty()) {
        return fmt::format("table {}: {}", wanted.name, reason);
    }
    return "";
}

namespace {

std::string doubts_about_key(const mapping::Table& wanted, const CatalogueTable& found) {
    return key_doubts(wanted, [&](const std::string& name) -> std::string {
        const CatalogueColumn* column = found.find(name);
        if (column == nullptr) {
            return "";
        }
        const std::string alter = fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE ",
                quoted_table(wanted.name), dialect().quoted(column->name));
        constexpr std::string_view kWithPrecision = "timestamp(";
        if (column->type.starts_with(kWithPrecision) && column->type[kWithPrecision.size()] < '6') {
            std::string whole = column->type;
            whole[kWithPrecision.size()] = '6';
            return cut_second_doubt(name, column->type, alter + whole);
        }
        if (!column->vague_collation.empty()) {
            const bool is_type = column->vague_collation == "citext";
            return same_names_doubt(name, column->vague_collation,
                    alter + (is_type ? "text" : column->type + " COLLATE \"C\""));
        }
        return "";
    });
}

std::optional<std::string> finer_time(const mapping::Table& table, const CatalogueColumn& column) {
    constexpr std::int32_t kDigitsMax = 6;
    if (column.encoding != Encoding::timestamp || column.array ||
            column.places.value_or(kDigitsMax) == kDigitsMax) {
        return std::nullopt;
    }
    return fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE {}", quoted_table(table.name),
            dialect().quoted(column.name),
            column.type.ends_with("with time zone") ? "timestamptz" : "timestamp");
}

}  // namespace

std::vector<std::string> warnings_about(const mapping::Table& wanted, const CatalogueTable& found) {
    return warnings_of(wanted, found, doubts_about_key(wanted, found),
            [&](const CatalogueColumn& column) { return finer_time(wanted, column); });
}

std::optional<std::vector<TargetColumn>> targets(
        const mapping::Table& wanted, const CatalogueTable& found) {
    std::vector<TargetColumn> result;
    for (const mapping::Column& column : wanted.columns) {
        const CatalogueColumn* there = found.find(column.name);
        if (there == nullptr || !there->encoding || there->generated ||
                !fits(column.type, *there)) {
            return std::nullopt;
        }
        const bool in_key = std::ranges::find(wanted.key, column.name) != wanted.key.end();
        result.push_back(TargetColumn{
            .name = column.name,
            .type = there->type,
            .encoding = *there->encoding,
            .not_null = there->not_null || in_key,
            .characters_max = there->characters_max,
            .places = there->places,
            .rounds = may_round(wanted, column),
            .array = there->array,
            .literal = there->literal,
        });
    }
    return result;
}

}  // namespace foz::sink::postgres
