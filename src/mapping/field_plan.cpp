// SPDX-License-Identifier: Apache-2.0
#include "mapping/field_plan.h"

namespace foz::mapping {

std::uint32_t FieldPlan::add(std::span<const config::PathStep> path) {
    std::uint32_t at = 0;
    for (const config::PathStep& step : path) {
        const bool is_key = std::holds_alternative<std::string>(step);
        std::uint32_t next = kNotFound;
        for (const std::uint32_t child : is_key ? fields_[at].members : fields_[at].elements) {
            if (fields_[child].step == step) next = child;
        }
        if (next == kNotFound) {
            next = static_cast<std::uint32_t>(fields_.size());
            fields_.push_back({step, {}, {}});
            (is_key ? fields_[at].members : fields_[at].elements).push_back(next);
        }
        at = next;
    }
    return at;
}

std::size_t FieldPlan::find(
        const JsonDocument& document, std::uint32_t reading, std::span<std::uint32_t> found) const {
    found[0] = reading;
    return find_below(document, reading, 0, found);
}

std::size_t FieldPlan::find_below(const JsonDocument& document, std::uint32_t value,
        std::uint32_t field, std::span<std::uint32_t> found) const {
    switch (document.node(value).kind) {
        case JsonKind::object: return find_members(document, value, field, found);
        case JsonKind::array: return find_elements(document, value, field, found);
        default: return 0;
    }
}

std::size_t FieldPlan::find_members(const JsonDocument& document, std::uint32_t object,
        std::uint32_t field, std::span<std::uint32_t> found) const {
    const std::vector<std::uint32_t>& wanted = fields_[field].members;
    if (wanted.empty()) return 0;
    std::size_t count = 0;
    // Devices send their fields in the same order each time: the one expected next is tried first.
    std::size_t expected = 0;
    const std::uint32_t end = document.node(object).end;
    for (std::uint32_t member = object + 1; member != end; member = document.node(member).end) {
        const std::string_view key = document.node(member).key;
        for (std::size_t tried = 0; tried < wanted.size(); ++tried) {
            const std::uint32_t candidate = wanted[expected];
            expected = expected + 1 == wanted.size() ? 0 : expected + 1;
            if (*std::get_if<std::string>(&fields_[candidate].step) != key) continue;
            found[candidate] = member;
            count += 1 + find_below(document, member, candidate, found);
            break;
        }
    }
    return count;
}

std::size_t FieldPlan::find_elements(const JsonDocument& document, std::uint32_t array,
        std::uint32_t field, std::span<std::uint32_t> found) const {
    const std::vector<std::uint32_t>& wanted = fields_[field].elements;
    std::size_t count = 0;
    std::size_t missing = wanted.size();
    std::uint32_t number = 0;
    const std::uint32_t end = document.node(array).end;
    for (std::uint32_t element = array + 1; element != end && missing > 0;
            element = document.node(element).end, ++number) {
        for (const std::uint32_t candidate : wanted) {
            if (*std::get_if<std::uint32_t>(&fields_[candidate].step) != number) continue;
            found[candidate] = element;
            --missing;
            count += 1 + find_below(document, element, candidate, found);
        }
    }
    return count;
}

}  // namespace foz::mapping
