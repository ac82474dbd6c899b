// SPDX-License-Identifier: Apache-2.0
#include "mapping/inferred_type.h"

#include "mapping/number.h"
#include "mapping/timestamp_reader.h"

namespace foz::mapping {
namespace {

ColumnType type_of_number(std::string_view number) {
    if (number.find_first_of(".eE") != std::string_view::npos) return ColumnType::real;
    const bool fits = scaled_integer(number, 0).exactness == Exactness::exact;
    return fits ? ColumnType::integer : ColumnType::decimal;
}

}  // namespace

ColumnType type_for(const JsonNode& node) {
    switch (node.kind) {
        case JsonKind::boolean: return ColumnType::boolean;
        case JsonKind::number: return type_of_number(node.raw);
        case JsonKind::string:
            return is_instant(node.text) ? ColumnType::timestamp : ColumnType::text;
        case JsonKind::null:
        case JsonKind::array:
        case JsonKind::object: break;
    }
    return ColumnType::json;
}

bool needs_widening(const JsonNode& node, ColumnType type) {
    return type == ColumnType::integer && node.kind == JsonKind::number &&
           type_of_number(node.raw) == ColumnType::real &&
           scaled_integer(node.raw, 0).exactness != Exactness::exact;
}

}  // namespace foz::mapping
