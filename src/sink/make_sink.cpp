// SPDX-License-Identifier: Apache-2.0
#include "sink/make_sink.h"

#include <utility>

#include "config/database_access.h"

namespace foz::sink {

Result<std::unique_ptr<Sink>> make_sink(
        const config::Settings& settings, const config::Database& database) {
    const auto named = [&](const Error& error) {
        return fail(error.code, "database {}: {}", database.name, error.message);
    };
    auto password = config::read_password(database);
    if (!password) {
        return named(password.error());
    }
    SinkOptions options{
        .url = config::database_url(settings, database),
        .password = std::move(*password),
        .connect_timeout = database.connect_timeout,
        .answer_timeout = database.answer_timeout,
    };
    auto kind = sink_kind_for(options.url);
    if (!kind) {
        return named(kind.error());
    }
    auto sink = (*kind)->make(options);
    if (!sink) {
        return named(sink.error());
    }
    return sink;
}

Result<MappedSink> make_mapped_sink(
        const config::Settings& settings, const config::Database& database) {
    auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        return pass_on(mapping);
    }
    auto sink = make_sink(settings, database);
    if (!sink) {
        return pass_on(sink);
    }
    return MappedSink{.mapping = *std::move(mapping), .sink = *std::move(sink)};
}

}  // namespace foz::sink
