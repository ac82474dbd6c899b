// SPDX-License-Identifier: Apache-2.0
#include "mapping/reading_filter.h"

#include <charconv>

#include <fmt/format.h>

#include "mapping/json_path.h"
#include "mapping/number.h"

namespace foz::mapping {
namespace {

bool equals(const JsonNode& node, bool wanted) {
    return node.kind == JsonKind::boolean && (node.raw == "true") == wanted;
}

bool equals(const JsonNode& node, const std::string& wanted) {
    return node.kind == JsonKind::string && node.text == wanted;
}

bool equals(const JsonNode& node, std::int64_t wanted) {
    if (node.kind != JsonKind::number) return false;
    const Scaled scaled = scaled_integer(node.raw, 0);
    return scaled.exactness == Exactness::exact && scaled.value == wanted;
}

bool equals(const JsonNode& node, double wanted) {
    if (node.kind != JsonKind::number) return false;
    double value = 0;
    const char* const end = node.raw.data() + node.raw.size();
    return std::from_chars(node.raw.data(), end, value).ec == std::errc() && value == wanted;
}

std::string shown(bool value) {
    return value ? "true" : "false";
}
std::string shown(const std::string& value) {
    return fmt::format("\"{}\"", value);
}
template <class Number>
std::string shown(Number value) {
    return fmt::format("{}", value);
}

}  // namespace

bool ReadingFilter::takes(
        const JsonDocument& document, std::uint32_t reading, std::uint32_t payload) const {
    std::uint32_t found = value_at(document, reading, filter_.field);
    if (found == kNotFound && reading != payload) {
        found = value_at(document, payload, filter_.field);
    }
    return found != kNotFound &&
           std::visit([&](const auto& wanted) { return equals(document.node(found), wanted); },
                   filter_.equals);
}

std::string ReadingFilter::label() const {
    return fmt::format("where \"{}\" = {}", path_text(filter_.field),
            std::visit([](const auto& wanted) { return shown(wanted); }, filter_.equals));
}

}  // namespace foz::mapping
