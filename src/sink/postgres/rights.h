// SPDX-License-Identifier: Apache-2.0
// What the user of the connection may do, and the GRANT that a person has to give him for the rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "sink/postgres/connection.h"

namespace foz::sink::postgres {

/// A line for each right that a later batch of `mapping` would need and the user does not have:
/// what it is for, and the statement that gives it. Asks the server; changes nothing.
[[nodiscard]] SinkResult<std::vector<std::string>> missing_rights(
        Connection& connection, const mapping::Mapping& mapping);

/// What a person has to do about an error 42501 with this message of the server's, as a clause to
/// be put behind it. `user` is the connection's. Pure.
[[nodiscard]] std::string grant_for(std::string_view message, std::string_view user);

}  // namespace foz::sink::postgres
