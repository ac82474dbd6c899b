// SPDX-License-Identifier: Apache-2.0
// What each error number of MariaDB, MySQL and their client library means for the batch at hand.
// The table for people is in README.md. Pure.
#pragma once

#include "sink/sink.h"

namespace foz::sink::mariadb {

/// Unknown numbers are Failure::retry.
[[nodiscard]] Failure failure_of(unsigned number);

inline constexpr unsigned kDuplicateEntry = 1062;
inline constexpr unsigned kDuplicateColumn = 1060;

}  // namespace foz::sink::mariadb
