// SPDX-License-Identifier: Apache-2.0
// Several JSON values in one payload, as data loggers send them: objects and arrays one behind the
// other, with or without line ends between them; or values of other kinds, each on a line of its
// own. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace foz::mapping {

/// The values of `payload`, by their brackets and lines alone; each is still to be parsed. Empty if
/// there are not at least two, or if what stands there is no such sequence.
[[nodiscard]] std::vector<std::string_view> json_values_of(std::string_view payload);

}  // namespace foz::mapping
