// SPDX-License-Identifier: Apache-2.0
// The kinds of database that foz knows. A new one: one include, one line.
#include <array>

#include "sink/mariadb/mariadb_sink.h"
#include "sink/postgres/postgres_sink.h"
#include "sink/sink.h"
#include "sink/sqlite/sqlite_sink.h"

namespace foz::sink {

std::span<const SinkKind> sink_kinds() {
    static const std::array kinds = {
        sqlite::kind(),
        postgres::kind(),
        postgres::short_kind(),
        mariadb::kind(),
        mariadb::mysql_kind(),
    };
    return kinds;
}

Result<const SinkKind*> sink_kind_for(std::string_view url) {
    const std::string_view scheme = url.substr(0, url.find(':'));
    std::string known;
    for (const SinkKind& kind : sink_kinds()) {
        if (kind.scheme == scheme) {
            return &kind;
        }
        known += fmt::format("{}{}:", known.empty() ? "" : ", ", kind.scheme);
    }
    // The URL itself may hold a password, so the message has only what stands before the colon.
    return fail(ErrorCode::invalid, "foz knows no database of the kind \"{}\"; it knows {}",
            url.size() == scheme.size() ? "" : scheme, known);
}

}  // namespace foz::sink
