// SPDX-License-Identifier: Apache-2.0
#include "config/sections.h"
#include "config/settings_check.h"
#include "config/spelling.h"

namespace foz::config {
namespace {

void check_one_source(const Where& where, ErrorList& errors) {
    std::vector<std::string_view> known;
    std::vector<std::string_view> present;
    for (const auto& key : column_keys().first(kColumnSourceCount)) {
        known.push_back(key.facts.name);
        if (errors.has_key(where, key.facts.name)) {
            present.push_back(key.facts.name);
        }
    }
    if (present.empty()) {
        errors.add(where.line, "{} needs one of {}", where.shown, listed(known, ", "));
    } else if (present.size() > 1) {
        errors.add(errors.line_of(where, present.back()),
                "{} has {}; a column takes its value from one of them", where.shown,
                listed(present, " and "));
    }
}

/// zone, unit and format are about timestamps, encoding about bytes.
void check_keys_of_types(const Column& column, const Where& where, ErrorList& errors) {
    for (const std::string_view key : {"zone", "unit", "format"}) {
        if (errors.has_key(where, key) && column.type != "timestamp") {
            errors.add(errors.line_of(where, key),
                    "\"{}\" in {} is for timestamps; add type = \"timestamp\" or take it out", key,
                    where.shown);
        }
    }
    if (column.encoding && column.type != "bytes") {
        errors.add(errors.line_of(where, "encoding"),
                "\"encoding\" in {} is for bytes; add type = \"bytes\" or take it out",
                where.shown);
    }
    if (column.unit && column.format) {
        errors.add(errors.line_of(where, "format"),
                "{} has a \"unit\", for times that are numbers, and a \"format\", for times that "
                "are text; take one of them out",
                where.shown);
    }
}

bool fits(const Scalar& value, std::string_view type) {
    if (type == "integer") {
        return std::holds_alternative<std::int64_t>(value);
    }
    if (type == "double" || type == "decimal") {
        return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
    }
    if (type == "boolean") {
        return std::holds_alternative<bool>(value);
    }
    return type == "json" || std::holds_alternative<std::string>(value);
}

/// missing and default are for fields that a reading may lack.
void check_missing(const Column& column, const Where& where, ErrorList& errors) {
    for (const std::string_view key : {"missing", "default"}) {
        const auto* part = std::get_if<MessageSource>(&column.source);
        const bool may_be_missing = std::holds_alternative<FieldSource>(column.source) ||
                                    (part != nullptr && part->part == MessagePart::user);
        if (errors.has_key(where, key) && !may_be_missing) {
            errors.add(errors.line_of(where, key),
                    "\"{}\" in {} is for fields of the payload and the user name; nothing else can "
                    "be missing",
                    key, where.shown);
        }
    }
    if (column.default_value && column.missing == Missing::reject) {
        errors.add(errors.line_of(where, "default"),
                "{} has a \"default\" and missing = \"reject\"; take one of them out", where.shown);
    }
}

void check_constant_type(const Column& column, const Where& where, ErrorList& errors) {
    const auto report = [&](std::string_view key) {
        errors.add(errors.line_of(where, key), "\"{}\" in {} does not fit its type \"{}\"", key,
                where.shown, *column.type);
    };
    const auto* constant = std::get_if<ConstantSource>(&column.source);
    if (column.type && constant != nullptr && !fits(constant->value, *column.type)) {
        report("value");
    }
    if (column.type && column.default_value && !fits(*column.default_value, *column.type)) {
        report("default");
    }
}

}  // namespace

void check_column(const Column& column, const Where& where, ErrorList& errors) {
    check_one_source(where, errors);
    check_keys_of_types(column, where, errors);
    check_missing(column, where, errors);
    check_constant_type(column, where, errors);
}

}  // namespace foz::config
