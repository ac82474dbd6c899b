// SPDX-License-Identifier: Apache-2.0
#include "mapping/conversion.h"

#include <charconv>

#include <fmt/format.h>

#include "mapping/binary_text.h"
#include "mapping/excerpt.h"
#include "mapping/number.h"
#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

std::unexpected<std::string> because(std::string reason) {
    return std::unexpected(std::move(reason));
}

Converted integer_from(std::string_view number) {
    const Scaled scaled = scaled_integer(number, 0);
    switch (scaled.exactness) {
        case Exactness::exact: return Value::of_integer(scaled.value);
        case Exactness::rounded_down:
            return because(fmt::format("{} is not a whole number", excerpt(number)));
        case Exactness::out_of_range: break;
    }
    return because(
            fmt::format("{} does not fit in 64 bits; a decimal column takes it", excerpt(number)));
}

Converted real_from(std::string_view number, bool rounds) {
    if (number.front() == '+') number.remove_prefix(1);
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc()) {
        return because(fmt::format("{} is out of the range of a double", excerpt(number)));
    }
    if (!rounds && changes_whole_number(number, value)) {
        const bool fits = scaled_integer(number, 0).exactness == Exactness::exact;
        return because(fmt::format(
                "a double cannot hold {} exactly; declare the column's type {}, or round = true",
                excerpt(number), fits ? "integer" : "decimal"));
    }
    return Value::of_real(value);
}

Converted decimal_from(std::string_view number, RowBatch& batch) {
    if (is_json_number(number)) return Value::of_text(ColumnType::decimal, batch.keep(number));
    return Value::of_text(ColumnType::decimal, batch.keep(in_json_form(number)));
}

Converted boolean_from_number(std::string_view number) {
    const Scaled scaled = scaled_integer(number, 0);
    if (scaled.exactness == Exactness::exact && (scaled.value == 0 || scaled.value == 1)) {
        return Value::of_boolean(scaled.value == 1);
    }
    return because(fmt::format("{} is not true, false, 0 or 1", excerpt(number)));
}

/// `word` in lower case. Letters only: c | 0x20 of ASCII.
bool is_word(std::string_view text, std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) | 0x20U) != static_cast<unsigned char>(word[i]))
            return false;
    }
    return true;
}

Converted boolean_from_text(std::string_view text) {
    if (is_word(text, "true") || is_word(text, "on") || text == "1") return Value::of_boolean(true);
    if (is_word(text, "false") || is_word(text, "off") || text == "0")
        return Value::of_boolean(false);
    return because(fmt::format("\"{}\" is not true, false, on, off, 0 or 1", excerpt(text)));
}

Converted text_from(std::string_view text, RowBatch& batch) {
    if (holds_nul(text)) {
        return because(fmt::format(
                "\"{}\" holds the character U+0000, which databases do not store in text",
                excerpt(text)));
    }
    return Value::of_text(ColumnType::text, batch.keep(text));
}

Converted bytes_from(std::string_view text, config::BytesEncoding encoding, RowBatch& batch) {
    if (encoding == config::BytesEncoding::text) {
        return Value::of_text(ColumnType::bytes, batch.keep(text));
    }
    const bool is_hex = encoding == config::BytesEncoding::hex;
    const auto bytes = is_hex ? from_hex(text) : from_base64(text);
    if (!bytes) {
        return because(fmt::format("\"{}\" is not {}", excerpt(text), is_hex ? "hex" : "base64"));
    }
    return Value::of_text(ColumnType::bytes, batch.keep(*bytes));
}

Converted timestamp_from(TimestampReader::Outcome time) {
    if (!time) return because(std::move(time.error()));
    return Value::of_timestamp(*time);
}

Converted from_number(std::string_view number, Conversion& conversion, RowBatch& batch) {
    switch (conversion.type) {
        case ColumnType::integer: return integer_from(number);
        case ColumnType::real: return real_from(number, conversion.rounds);
        case ColumnType::decimal: return decimal_from(number, batch);
        case ColumnType::boolean: return boolean_from_number(number);
        case ColumnType::timestamp: return timestamp_from(conversion.times.from_number(number));
        case ColumnType::bytes:
            return because(fmt::format("{} is a number, not text", excerpt(number)));
        case ColumnType::text:
        case ColumnType::json: break;
    }
    return Value::of_text(conversion.type, batch.keep(number));
}

Converted from_boolean(std::string_view word, Conversion& conversion, RowBatch& batch) {
    switch (conversion.type) {
        case ColumnType::boolean: return Value::of_boolean(word == "true");
        case ColumnType::text:
        case ColumnType::json: return Value::of_text(conversion.type, batch.keep(word));
        case ColumnType::timestamp: return because(fmt::format("{} is not a time", word));
        case ColumnType::bytes: return because(fmt::format("{} is not text", word));
        default: return because(fmt::format("{} is not a number", word));
    }
}

Converted from_container(const JsonNode& node, Conversion& conversion, RowBatch& batch) {
    if (conversion.type != ColumnType::text && conversion.type != ColumnType::json) {
        return because(fmt::format(
                "{} cannot become a {}", description_of(node.kind), name_of(conversion.type)));
    }
    return Value::of_text(conversion.type, batch.keep(node.raw));
}

Converted json_from(const JsonDocument& document, std::uint32_t index, RowBatch& batch) {
    if (document.holds_nul(index)) {
        return because("the JSON holds the character U+0000, which databases do not store in text");
    }
    return Value::of_text(ColumnType::json, batch.keep(document.node(index).raw));
}

}  // namespace

Converted convert_text(std::string_view text, Conversion& conversion, RowBatch& batch) {
    switch (conversion.type) {
        case ColumnType::text: return text_from(text, batch);
        case ColumnType::bytes: return bytes_from(text, conversion.encoding, batch);
        case ColumnType::timestamp: return timestamp_from(conversion.times.from_text(text));
        case ColumnType::boolean: return boolean_from_text(without_surrounding_space(text));
        default: break;
    }
    const std::string_view number = without_surrounding_space(text);
    if (!is_loose_number(number)) {
        return because(fmt::format("\"{}\" is not a number", excerpt(text)));
    }
    return from_number(number, conversion, batch);
}

Converted convert_json(const JsonDocument& document, std::uint32_t index, Conversion& conversion,
        RowBatch& batch) {
    if (conversion.type == ColumnType::json) return json_from(document, index, batch);
    const JsonNode& node = document.node(index);
    switch (node.kind) {
        case JsonKind::number: return from_number(node.raw, conversion, batch);
        case JsonKind::string: return convert_text(node.text, conversion, batch);
        case JsonKind::boolean: return from_boolean(node.raw, conversion, batch);
        case JsonKind::null:
        case JsonKind::array:
        case JsonKind::object: break;
    }
    return from_container(node, conversion, batch);
}

}  // namespace foz::mapping
