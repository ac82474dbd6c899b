// SPDX-License-Identifier: Apache-2.0
// Names of columns that foz makes up from the keys of a payload. A name follows from the keys alone
// and not from what came before, so that a field goes to the same column after every restart. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace foz::mapping {

inline constexpr std::size_t kNameBytesMax = 63;  // PostgreSQL's limit; MariaDB's is 64

/// {"Outside", "Data Hora"} becomes "outside_data_hora": lower case, accents dropped, every other
/// character than letters, digits and "_" replaced by "_". A long name is cut and ends with a
/// checksum of all of it. So that keys in other scripts stay apart, a name that has lost more than
/// punctuation ends with a checksum of the keys: "°C" becomes
/// "_c_" and eight digits.
[[nodiscard]] std::string column_name_from(std::span<const std::string_view> keys);

/// Whether a and b would be the same column in a database that ignores case in names.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// True for names that PostgreSQL keeps for itself in every table: "xmin", "ctid", ...
[[nodiscard]] bool is_reserved_column(std::string_view name);

}  // namespace foz::mapping
