// SPDX-License-Identifier: Apache-2.0
// The sink for MariaDB 10.6 and later, by bulk binding, and for MySQL 8, by INSERTs of many rows.
// README.md beside this file has the types and what each error number means for foz.
#pragma once

#include "sink/sink.h"

namespace foz::sink::mariadb {

/// mariadb://user:password@host:port/database?socket=PATH
[[nodiscard]] const SinkKind& kind();
/// The same under the scheme mysql://.
[[nodiscard]] const SinkKind& mysql_kind();

/// A sink that writes as MySQL 8 needs it, whatever the server: so that tests can try that way
/// against MariaDB.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_without_bulk(const SinkOptions& options);

}  // namespace foz::sink::mariadb
