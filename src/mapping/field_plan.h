// SPDX-License-Identifier: Apache-2.0
// The JSON fields that a route wants, as a tree of keys and numbers of elements, so that all of
// them are found in one walk over a reading.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mapping/json_document.h"
#include "mapping/json_path.h"

namespace foz::mapping {

/// Immutable but for add(). Fields are numbered; 0 is the reading itself.
class FieldPlan {
  public:
    FieldPlan() : fields_(1) {}

    /// The number of the field at `path`; the same path has the same number.
    std::uint32_t add(std::span<const config::PathStep> path);

    [[nodiscard]] std::size_t size() const { return fields_.size(); }

    /// For each field that value `reading` of `document` has: found[field] = the number of its
    /// value. Of members with the same key the last one counts. Leaves the others' entries alone.
    /// Returns how many were found.
    std::size_t find(const JsonDocument& document, std::uint32_t reading,
            std::span<std::uint32_t> found) const;

  private:
    struct Field {
        config::PathStep step;
        std::vector<std::uint32_t> members;
        std::vector<std::uint32_t> elements;
    };
    std::size_t find_below(const JsonDocument& document, std::uint32_t value, std::uint32_t field,
            std::span<std::uint32_t> found) const;
    std::size_t find_members(const JsonDocument& document, std::uint32_t object,
            std::uint32_t field, std::span<std::uint32_t> found) const;
    std::size_t find_elements(const JsonDocument& document, std::uint32_t array,
            std::uint32_t field, std::span<std::uint32_t> found) const;

    std::vector<Field> fields_;
};

}  // namespace foz::mapping
