// SPDX-License-Identifier: Apache-2.0
// What a configured database needs before it can be connected to: its URL made absolute, its
// password read.
#pragma once

#include <string>

#include "base/error.h"
#include "config/settings.h"

namespace foz::config {

/// The URL of `database`, with the path of a SQLite database taken from the data directory if it is
/// relative: "sqlite:foz.sqlite" becomes "sqlite:data/foz.sqlite". Other URLs stay as they are.
[[nodiscard]] std::string database_url(const Settings& settings, const Database& database);

/// The first line of the database's password file; "" when it has none. Errors: those of read_file,
/// and invalid for an empty file; both name the file.
[[nodiscard]] Result<std::string> read_password(const Database& database);

}  // namespace foz::config
