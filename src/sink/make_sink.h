// SPDX-License-Identifier: Apache-2.0
// The sink of a configured database, ready to connect.
#pragma once

#include <memory>

#include "config/settings.h"
#include "sink/sink.h"

namespace foz::sink {

/// With its URL made absolute and its password read. Errors name the database: invalid for a URL
/// that no sink takes, those of config::read_password.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_sink(
        const config::Settings& settings, const config::Database& database);

}  // namespace foz::sink
