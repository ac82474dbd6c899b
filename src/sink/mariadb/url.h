// SPDX-License-Identifier: Apache-2.0
// mariadb://user:password@host:port,host:port/database?socket=PATH&ssl-mode=MODE. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace foz::sink::mariadb {

struct Host {
    std::string name = "localhost";
    std::uint16_t port = 3306;
};

enum class SslMode : std::uint8_t {
    automatic,  // not told: verify_identity with ssl-ca; preferred beyond loopback; else disabled
    disabled,
    preferred,        // TLS if the server has it
    required,         // TLS, whoever it is
    verify_identity,  // and a certificate of the CA's, for this host
};

struct Url {
    std::string user;
    std::string password;
    std::vector<Host> hosts;  // at least one, in the order in which they are tried
    std::string database;
    std::string socket;  // "": over TCP
    SslMode ssl_mode = SslMode::automatic;
    std::string ssl_ca;  // PEM files; "": what the system trusts, no certificate of foz's own
    std::string ssl_cert;
    std::string ssl_key;
};

/// The scheme may be any. User, password, database and the options' values may be percent-encoded;
/// a host may be an IPv6 address in brackets. Options as MySQL's client has them: `ssl-mode` with
/// `ssl-ca`, `ssl-cert` and `ssl-key`; verify-ca is taken as verify-identity, because libmariadb
/// checks both or nothing. Errors: invalid; never quotes the password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace foz::sink::mariadb
