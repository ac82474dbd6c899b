// SPDX-License-Identifier: Apache-2.0
// The sink of a configured database, ready to connect, and what its routes make for it.
#pragma once

#include <memory>

#include "config/settings.h"
#include "mapping/mapping.h"
#include "sink/sink.h"

namespace foz::sink {

/// With its URL made absolute and its password read. Errors name the database: invalid for a URL
/// that no sink takes, those of config::read_password.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_sink(
        const config::Settings& settings, const config::Database& database);

struct MappedSink {
    mapping::Mapping mapping;
    std::unique_ptr<Sink> sink;
};
/// With the mapping of the routes that go to the database. Errors: of Mapping::compile, as above.
[[nodiscard]] Result<MappedSink> make_mapped_sink(
        const config::Settings& settings, const config::Database& database);

}  // namespace foz::sink
