// SPDX-License-Identifier: Apache-2.0
// The tables of keys, one for each section of the configuration. To add a key: a member in
// settings.h with its default, a line in sections.cpp, and `tools/configuration_reference`, which
// writes docs/configuration.md anew.
#pragma once

#include <span>

#include "config/key.h"
#include "config/settings.h"

namespace foz::config {

/// The keys above the first section header.
[[nodiscard]] std::span<const Key<Settings>> top_keys();
[[nodiscard]] std::span<const Key<Settings>> log_keys();
[[nodiscard]] std::span<const Key<Listener>> listener_keys();
/// Of `tls = { ... }` in a [listener.NAME]; server_tls_keys and client_tls_keys are in
/// tls_sections.cpp.
[[nodiscard]] std::span<const Key<ServerTls>> server_tls_keys();
/// Of `tls = { ... }` in a [source.NAME] or [bridge.NAME].
[[nodiscard]] std::span<const Key<ClientTls>> client_tls_keys();
[[nodiscard]] std::span<const Key<Limits>> limits_keys();
[[nodiscard]] std::span<const Key<Journal>> journal_keys();
[[nodiscard]] std::span<const Key<Database>> database_keys();
/// Of [[route]], but for `where`, a table, and `columns`, which is a table of tables.
[[nodiscard]] std::span<const Key<Route>> route_keys();
/// Of `where = { ... }` in a [[route]].
[[nodiscard]] std::span<const Key<Filter>> filter_keys();
/// Of one column; the first four say where its value comes from, and exactly one of them must stand
/// there.
[[nodiscard]] std::span<const Key<Column>> column_keys();
inline constexpr std::size_t kColumnSourceCount = 4;

}  // namespace foz::config
