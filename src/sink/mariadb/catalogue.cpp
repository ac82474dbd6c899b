// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/catalogue.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "sink/loss.h"
#include "sink/mariadb/dialect.h"
#include "sink/table_fit.h"

namespace foz::sink::mariadb {
namespace {

using mapping::ColumnType;

struct TypeContent {
    std::string_view type;  // information_schema.columns.data_type
    Content content;
    int integer_bits = 0;
    Literal literal = Literal::whole;
};

constexpr std::array kTypes = {
    TypeContent{"tinyint", Content::integer, 8},
    TypeContent{"smallint", Content::integer, 16},
    TypeContent{"mediumint", Content::integer, 24},
    TypeContent{"int", Content::integer, 32},
    TypeContent{"bigint", Content::integer, 64},
    TypeContent{"float", Content::real},
    TypeContent{"double", Content::real},
    TypeContent{"decimal", Content::decimal},
    TypeContent{"char", Content::text},
    TypeContent{"varchar", Content::text},
    TypeContent{"tinytext", Content::text},
    TypeContent{"text", Content::text},
    TypeContent{"mediumtext", Content::text},
    TypeContent{"longtext", Content::text},
    TypeContent{"datetime", Content::datetime},
    TypeContent{"timestamp", Content::datetime},
    TypeContent{"json", Content::json},
    TypeContent{"binary", Content::bytes},
    TypeContent{"varbinary", Content::bytes},
    TypeContent{"tinyblob", Content::bytes},
    TypeContent{"blob", Content::bytes},
    TypeContent{"mediumblob", Content::bytes},
    TypeContent{"longblob", Content::bytes},
    TypeContent{"date", Content::literal, 0, Literal::date},
    TypeContent{"time", Content::literal, 0, Literal::duration},
    TypeContent{"year", Content::literal, 0, Literal::year},
    TypeContent{"enum", Content::literal},
    TypeContent{"set", Content::literal},
    TypeContent{"uuid", Content::literal},
    TypeContent{"inet4", Content::literal},
    TypeContent{"inet6", Content::literal},
};

// "enum('on','it''s off')"
std::vector<std::string> labels_in(std::string_view type) {
    std::vector<std::string> labels;
    for (std::size_t i = type.find('\''); i < type.size(); ++i) {
        if (type[i] != '\'') {
            continue;
        }
        std::string& label = labels.emplace_back();
        for (++i; i < type.size(); ++i) {
            const bool is_quote = type[i] == '\'';
            const bool is_doubled = is_quote && type.substr(i + 1).starts_with('\'');
            if (is_quote && !is_doubled) {
                break;
            }
            label += type[i];
            i += is_doubled ? 1 : 0;
        }
    }
    return labels;
}

// "bit(4)"
int bits_in(std::string_view type) {
    constexpr std::string_view kName = "bit(";
    int bits = 1;
    if (type.starts_with(kName)) {
        std::from_chars(type.data() + kName.size(), type.data() + type.size(), bits);
    }
    return bits;
}

// MariaDB calls no default, of a column that may be null, NULL; a text of that name has quotes.
constexpr std::string_view kColumnsQuery =
        "SELECT column_name, column_type, data_type, is_nullable, COALESCE(column_default, 'NULL') "
        "<> 'NULL', extra, character_maximum_length, character_octet_length, "
        "generation_expression, COALESCE(datetime_precision, numeric_scale), collation_name FROM "
        "information_schema.columns WHERE table_schema = {0} AND table_name = {1} ORDER BY "
        "ordinal_position";
// MariaDB's JSON is LONGTEXT with a check of this form.
constexpr std::string_view kJsonQuery =
        "SELECT check_clause FROM information_schema.check_constraints WHERE constraint_schema = "
        "{0} AND table_name = {1}";
constexpr std::string_view kUniqueQuery =
        "SELECT index_name, column_name, sub_part FROM information_schema.statistics WHERE "
        "table_schema = {0} AND table_name = {1} AND non_unique = 0 ORDER BY index_name, "
        "seq_in_index";

std::uint64_t number(const std::optional<std::string>& cell) {
    std::uint64_t value = 0;
    if (cell) {
        std::from_chars(cell->data(), cell->data() + cell->size(), value);
    }
    return value;
}

void set_content(CatalogueColumn& column, std::string_view data_type) {
    if (data_type == "bit") {
        column.content = Content::integer;
        column.integer_max =
                std::numeric_limits<std::uint64_t>::max() >> (64 - bits_in(column.type));
        return;
    }
    const auto* found = std::ranges::find(kTypes, data_type, &TypeContent::type);
    if (found == kTypes.end()) {
        return;
    }
    column.content = found->content;
    column.literal = found->literal;
    if (data_type == "enum" || data_type == "set") {
        column.labels = labels_in(column.type);
    }
    if (found->integer_bits > 0) {
        const bool is_unsigned = column.type.find("unsigned") != std::string::npos;
        const int bits = found->integer_bits - (is_unsigned ? 0 : 1);
        column.integer_max = std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
        column.integer_min = is_unsigned ? 0 : -static_cast<std::int64_t>(column.integer_max) - 1;
    }
}

CatalogueColumn column_in(const std::vector<std::optional<std::string>>& row) {
    CatalogueColumn column;
    column.name = row[0].value_or("");
    column.type = row[1].value_or("");
    set_content(column, row[2].value_or(""));
    column.not_null = row[3] == "NO";
    const std::string extra = row[5].value_or("");
    column.auto_increment = extra.find("auto_increment") != std::string::npos;
    column.has_default = row[4] == "1" || column.auto_increment;
    column.characters_max = number(row[6]);
    column.bytes_max = number(row[7]);
    column.generated = !row[8].value_or("").empty();
    if (row[9]) {
        column.places = static_cast<std::int64_t>(number(row[9]));
    }
    column.collation = row[10].value_or("");
    return column;
}

std::string mismatch(const mapping::Column& wanted, const CatalogueColumn& found) {
    std::string_view advice;
    if (!found.content) {
        advice = ": foz does not know that type; take it out of the route, or have a column of "
                 "type text that a trigger reads";
    } else if (found.content == Content::literal && wanted.type != ColumnType::text) {
        advice = "; type = \"text\" for the column in the route takes what INSERT would";
    }
    return fmt::format("column {} is {} in the database, but the route writes {}{}", found.name,
            found.type, name_of(wanted.type), advice);
}

bool can_widen(
        const mapping::Table& table, const mapping::Column& wanted, const CatalogueColumn& found) {
    return table.inferred && found.content == Content::integer && !found.type.starts_with("bit") &&
           (wanted.type == ColumnType::real || wanted.type == ColumnType::decimal);
}

}  // namespace

std::string column_objection(
        const mapping::Table& wanted, const mapping::Column& column, const CatalogueColumn& there) {
    if (there.generated) {
        return fmt::format(
                "column {} is generated by the database and cannot be written", column.name);
    }
    if (!there.content) {
        return mismatch(column, there);
    }
    return fits(column.type, there) || can_widen(wanted, column, there) ? ""
                                                                        : mismatch(column, there);
}

const CatalogueColumn* CatalogueTable::find(std::string_view column) const {
    const auto found = std::ranges::find_if(columns, [&](const CatalogueColumn& one) {
        return std::ranges::equal(one.name, column, {}, ::tolower, ::tolower);
    });
    return found != columns.end() ? &*found : nullptr;
}

SinkResult<std::string> hint_at_other_case(Connection& connection, const std::string& name) {
    const auto dot = name.find('.');
    const auto answers = connection.run(
            fmt::format("SELECT table_name FROM information_schema.tables WHERE table_schema = {} "
                        "AND LOWER(table_name) = LOWER({}) LIMIT 1",
                    dot == std::string::npos ? "DATABASE()" : quoted_text(name.substr(0, dot)),
                    quoted_text(dot == std::string::npos ? name : name.substr(dot + 1))));
    if (!answers) {
        return std::unexpected(answers.error());
    }
    if (answers->front().rows.empty()) {
        return "";
    }
    const std::string there = answers->front().rows[0][0].value_or("");
    return other_case_hint(name, name.substr(0, dot == std::string::npos ? 0 : dot + 1) + there);
}

SinkResult<std::optional<CatalogueTable>> read_table(
        Connection& connection, const std::string& name) {
    const auto dot = name.find('.');
    const std::string schema =
            dot == std::string::npos ? "DATABASE()" : quoted_text(name.substr(0, dot));
    const std::string table = quoted_text(dot == std::string::npos ? name : name.substr(dot + 1));
    std::string sql = fmt::format(
            "SELECT engine FROM information_schema.tables WHERE table_schema = {} AND table_name = "
            "{}",
            schema, table);
    sql += "; " + fmt::format(kColumnsQuery, schema, table);
    sql += "; " + fmt::format(kUniqueQuery, schema, table);
    if (!connection.is_mysql()) {
        sql += "; " + fmt::format(kJsonQuery, schema, table);
    }
    const auto answers = connection.run(sql);
    if (!answers) {
        return std::unexpected(answers.error());
    }
    if ((*answers)[0].rows.empty()) {
        return std::nullopt;
    }
    CatalogueTable found;
    found.engine = (*answers)[0].rows[0][0].value_or("");
    for (const auto& row : (*answers)[1].rows) {
        found.columns.push_back(column_in(row));
    }
    for (const auto& row : (*answers)[2].rows) {
        const std::string index = row[0].value_or("");
        if (found.unique.empty() || found.unique.back().name != index) {
            found.unique.push_back({index, {}});
        }
        // An index over a column's beginning does not tell apart what differs after it.
        const std::optional<std::string>& beginning = row[2];
        const std::string part = beginning ? fmt::format("({})", *beginning) : "";
        found.unique.back().columns.push_back(row[1].value_or("") + part);
    }
    for (UniqueIndex& index : found.unique) {
        std::ranges::sort(index.columns);
    }
    if (answers->size() > 3) {
        for (CatalogueColumn& column : found.columns) {
            const std::string check = fmt::format("json_valid({})", dialect().quoted(column.name));
            const auto is_it = [&](const auto& row) { return row[0] == check; };
            if (column.content == Content::text && std::ranges::any_of((*answers)[3].rows, is_it)) {
                column.content = Content::json;
            }
        }
    }
    return found;
}

std::vector<mapping::Column> known_columns(const CatalogueTable& found) {
    std::vector<mapping::Column> known;
    for (const CatalogueColumn& column : found.columns) {
        if (!column.content || column.generated) {
            continue;
        }
        mapping::Column one{
            .name = column.name, .nullable = !column.not_null, .has_default = column.has_default};
        switch (*column.content) {
            case Content::integer:
                one.type = column.type.starts_with("tinyint(1)") || column.type == "bit(1)"
                                   ? ColumnType::boolean
                                   : ColumnType::integer;
                break;
            case Content::real: one.type = ColumnType::real; break;
            case Content::decimal: one.type = ColumnType::decimal; break;
            case Content::text: one.type = ColumnType::text; break;
            case Content::datetime: one.type = ColumnType::timestamp; break;
            case Content::json: one.type = ColumnType::json; break;
            case Content::bytes: one.type = ColumnType::bytes; break;
            case Content::literal:
                one.type = column.literal == Literal::year ? ColumnType::integer : ColumnType::text;
                break;
        }
        known.push_back(std::move(one));
    }
    return known;
}

bool fits(ColumnType wanted, const CatalogueColumn& found) {
    const bool fraction = found.content == Content::real || found.content == Content::decimal;
    const bool is_year = found.content == Content::literal && found.literal == Literal::year;
    switch (wanted) {
        case ColumnType::integer: return fraction || found.content == Content::integer || is_year;
        case ColumnType::real:
        case ColumnType::decimal: return fraction;
        case ColumnType::text:
            return found.content == Content::text || found.content == Content::literal;
        case ColumnType::boolean: return found.content == Content::integer;
        case ColumnType::timestamp: return found.content == Content::datetime;
        case ColumnType::bytes: return found.content == Content::bytes;
        case ColumnType::json:
            return found.content == Content::json || found.content == Content::text;
    }
    return false;
}

std::string objection(const mapping::Table& wanted, const CatalogueTable& found) {
    if (found.engine.empty()) {
        return "it is not a table in the database";
    }
    if (found.engine != "InnoDB") {
        return fmt::format(
                "its storage engine is {0}, which has no transactions, so that foz could not store "
                "each reading once; ALTER TABLE {1} ENGINE = InnoDB changes that",
                found.engine, quoted_table(wanted.name));
    }
    std::string reasons;  // of all columns, so that they can be mended at once
    for (const mapping::Column& column : wanted.columns) {
        if (wanted.inferred) {
            break;
        }
        const CatalogueColumn* there = found.find(column.name);
        const std::string reason = there == nullptr ? missing_column(column.name, "")
                                                    : column_objection(wanted, column, *there);
        reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
    }
    if (!reasons.empty()) {
        return reasons;
    }
    for (const CatalogueColumn& column : found.columns) {
        const bool filled = column.has_default || column.generated || wanted.inferred ||
                            has_column(wanted, column.name);
        if (column.not_null && !filled) {
            return fmt::format(
                    "column {} is NOT NULL without a default, but no route fills it", column.name);
        }
    }
    if (!wanted.key.empty() && key_index(wanted, found) == nullptr) {
        return fmt::format(
                "the route's key is ({0}), but the table has no unique index over it; ALTER TABLE "
                "{1} ADD UNIQUE ({0}) makes one",
                quoted_list(wanted.key), quoted_table(wanted.name));
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
        const std::string alter = fmt::format("ALTER TABLE {} MODIFY {} ",
                quoted_table(wanted.name), dialect().quoted(column->name));
        const std::string_view null = column->not_null ? " NOT NULL" : "";
        if (column->content == Content::datetime && !column->type.ends_with("(6)")) {
            const std::string whole = column->type.substr(0, column->type.find('(')) + "(6)";
            return cut_second_doubt(name, column->type, fmt::format("{}{}{}", alter, whole, null));
        }
        const std::string& collation = column->collation;
        // The others take trailing blanks for nothing, most of them capitals for small letters too.
        const bool exact = collation.empty() || collation == "binary" ||
                           collation.ends_with("nopad_bin") || collation.ends_with("0900_bin");
        if (column->content == Content::text && !exact) {
            const std::string clause =
                    fmt::format("{} CHARACTER SET utf8mb4 COLLATE utf8mb4_{}", column->type,
                            collation.find("0900") != std::string::npos ? "0900_bin" : "nopad_bin");
            return same_names_doubt(name, collation, fmt::format("{}{}{}", alter, clause, null));
        }
        return "";
    });
}

std::optional<std::string> finer_time(const mapping::Table& table, const CatalogueColumn& column) {
    constexpr std::int64_t kDigitsMax = 6;
    if (column.content != Content::datetime || column.places.value_or(kDigitsMax) == kDigitsMax) {
        return std::nullopt;
    }
    return fmt::format("ALTER TABLE {} MODIFY COLUMN {} {}(6){}", quoted_table(table.name),
            dialect().quoted(column.name),
            column.type.starts_with("timestamp") ? "timestamp" : "datetime",
            column.not_null ? " NOT NULL" : "");
}

}  // namespace

std::vector<std::string> warnings_about(const mapping::Table& wanted, const CatalogueTable& found) {
    return warnings_of(wanted, found, doubts_about_key(wanted, found),
            [&](const CatalogueColumn& column) { return finer_time(wanted, column); });
}

const UniqueIndex* key_index(const mapping::Table& wanted, const CatalogueTable& found) {
    const auto is_over_key = [&](const UniqueIndex& index) {
        return index.columns.size() == wanted.key.size() &&
               std::ranges::all_of(wanted.key, [&](const std::string& name) {
                   return std::ranges::any_of(index.columns, [&](const std::string& column) {
                       return mapping::same_name(name, column);
                   });
               });
    };
    const auto index = std::ranges::find_if(found.unique, is_over_key);
    return index != found.unique.end() ? &*index : nullptr;
}

bool has_other_unique(const mapping::Table& wanted, const CatalogueTable& found) {
    const UniqueIndex* key = key_index(wanted, found);
    return std::ranges::any_of(found.unique, [&](const UniqueIndex& index) {
        const auto counts_up = [&](const std::string& name) {
            const CatalogueColumn* column = found.find(name);
            return column != nullptr && column->auto_increment && !has_column(wanted, name);
        };
        return &index != key && std::ranges::none_of(index.columns, counts_up);
    });
}

}  // namespace foz::sink::mariadb
