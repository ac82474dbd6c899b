// SPDX-License-Identifier: Apache-2.0
#include "mapping/field_plan.h"

namespace foz::mapping {

std::uint32_t FieldPlan::add(std::span<const std::string> path) {
    std::uint32_t at = 0;
    for (const std::string& key : path) {
        std::uint32_t next = kNotFound;
        for (const std::uint32_t member : fields_[at].members) {
            if (fields_[member].key == key) next = member;
        }
        if (next == kNotFound) {
            next = static_cast<std::uint32_t>(fields_.size());
            fields_.push_back({key, {}});
            fields_[at].members.push_back(next);
        }
        at = next;
    }
    return at;
}

std::size_t FieldPlan::find(
    const JsonDocument& document, std::uint32_t reading, std::span<std::uint32_t> found
) const {
    found[0] = reading;
    if (document.node(reading).kind != JsonKind::object) return 0;
    return find_members(document, reading, 0, found);
}

std::size_t FieldPlan::find_members(
    const JsonDocument& document,
    std::uint32_t object,
    std::uint32_t field,
    std::span<std::uint32_t> found
) const {
    const std::vector<std::uint32_t>& wanted = fields_[field].members;
    if (wanted.empty()) return 0;
    std::size_t count = 0;
    // Devices send their fields in the same order each time: the one expected next is tried first.
    std::size_t expected = 0;
    const std::uint32_t end = document.node(object).end;
    for (std::uint32_t member = object + 1; member != end; member = document.node(member).end) {
        const JsonNode& node = document.node(member);
        for (std::size_t tried = 0; tried < wanted.size(); ++tried) {
            const std::uint32_t candidate = wanted[expected];
            expected = expected + 1 == wanted.size() ? 0 : expected + 1;
            if (fields_[candidate].key != node.key) continue;
            found[candidate] = member;
            ++count;
            if (node.kind == JsonKind::object) {
                count += find_members(document, member, candidate, found);
            }
            break;
        }
    }
    return count;
}

}  // namespace foz::mapping
