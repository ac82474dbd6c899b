// SPDX-License-Identifier: Apache-2.0
// `where` of a route: which readings are the route's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/settings.h"
#include "mapping/json_document.h"

namespace foz::mapping {

/// Immutable.
class ReadingFilter {
  public:
    explicit ReadingFilter(config::Filter filter) : filter_(std::move(filter)) {}

    /// Whether value `reading` of `document` has the value, or, where it does not have the field,
    /// value `payload` around it. A number equals one of the same value (1 and 1.0), a text the
    /// same text; never a number a text.
    [[nodiscard]] bool takes(
            const JsonDocument& document, std::uint32_t reading, std::uint32_t payload) const;

    /// `where "_type" = "location"`, for messages.
    [[nodiscard]] std::string label() const;

  private:
    config::Filter filter_;
};

}  // namespace foz::mapping
