// SPDX-License-Identifier: Apache-2.0
// The ids of devices from a CSV file, as a spreadsheet writes it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace foz::cli {

/// The first column of each line, separated by comma, semicolon or tab, with or without quotes.
/// Empty lines and a header (id, device, device_id, name) do not count. Errors: those of read_file;
/// invalid when there is no id.
[[nodiscard]] Result<std::vector<std::string>> device_ids_in(const std::string& path);

}  // namespace foz::cli
