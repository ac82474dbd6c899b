// SPDX-License-Identifier: Apache-2.0
// mariadb://user:password@host:port/database?socket=PATH. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace foz::sink::mariadb {

struct Url {
    std::string user;
    std::string password;
    std::string host = "localhost";
    std::uint16_t port = 3306;
    std::string database;
    std::string socket;  // "": over TCP
};

/// The scheme may be any. User, password, database and socket may be percent-encoded; a host may be
/// an IPv6 address in brackets. Errors: invalid; never quotes the password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace foz::sink::mariadb
