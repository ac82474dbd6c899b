// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/encryption.h"

#include <cerrno>
#include <cstring>

#include <errmsg.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sink/clear_text.h"

namespace foz::sink::mariadb {
namespace {

SslMode mode_for(const Url& url, const Host& host) {
    if (url.ssl_mode != SslMode::automatic) return url.ssl_mode;
    if (!url.ssl_ca.empty()) return SslMode::verify_identity;
    if (!url.ssl_cert.empty()) return SslMode::required;
    const bool stays_here = !url.socket.empty() || is_loopback_name(host.name);
    return stays_here ? SslMode::disabled : SslMode::preferred;
}

SinkResult<void> check_readable(std::string_view option, const std::string& file) {
    if (file.empty() || ::access(file.c_str(), R_OK) == 0) return {};
    return fail(FailureKind::retry,
            "{} of the database URL, {}, cannot be read: {}; foz needs the file's path from the "
            "root, and the right to read it",
            option, file, std::strerror(errno));
}

// libmariadb 3.4 lets any certificate pass on this machine, and one that the password vouches for;
// an older one has failed to connect then.
bool is_verified([[maybe_unused]] MYSQL* handle) {
#ifdef MARIADB_TLS_VERIFY_OK
    unsigned status = 0;
    return mariadb_get_infov(handle, MARIADB_TLS_VERIFY_STATUS, &status) == 0 &&
           status == MARIADB_TLS_VERIFY_OK;
#else
    return true;
#endif
}

}  // namespace

Encryption::Encryption(const Url& url, const Host& host)
    : url_(url), host_(host), mode_(mode_for(url, host)) {}

SinkResult<void> Encryption::prepare(MYSQL* handle) const {
    // Both are told always: their defaults differ between versions of libmariadb.
    const my_bool wanted = mode_ == SslMode::disabled ? 0 : 1;
    const my_bool verified = mode_ == SslMode::verify_identity ? 1 : 0;
    mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &wanted);
    mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verified);
    if (mode_ == SslMode::disabled) return {};
    struct File {
        std::string_view option;
        mysql_option number;
        const std::string& path;
    };
    for (const File& file : {
             File{"ssl-ca", MYSQL_OPT_SSL_CA, url_.ssl_ca},
             File{"ssl-cert", MYSQL_OPT_SSL_CERT, url_.ssl_cert},
             File{"ssl-key", MYSQL_OPT_SSL_KEY, url_.ssl_key},
         }) {
        if (auto good = check_readable(file.option, file.path); !good) return good;
        if (!file.path.empty()) mysql_options(handle, file.number, file.path.c_str());
    }
    return {};
}

SinkResult<void> Encryption::check(MYSQL* handle) const {
    const bool needs_tls = mode_ == SslMode::required || mode_ == SslMode::verify_identity;
    if (mode_ == SslMode::verify_identity && !is_verified(handle)) {
        return fail(FailureKind::retry, "the certificate of the server at {}:{} is not good{}",
                host_.name, host_.port, hint_for(CR_SSL_CONNECTION_ERROR));
    }
    if (!needs_tls || mysql_get_ssl_cipher(handle) != nullptr) return {};
    return fail(FailureKind::retry,
            "the server at {}:{} does not offer TLS, which the database URL wants; give the server "
            "a certificate (ssl_cert, ssl_key), or take ssl-mode and the certificates out of the "
            "url",
            host_.name, host_.port);
}

std::string Encryption::hint_for(unsigned error_number) const {
    constexpr unsigned kAccessDenied = 1045;
    constexpr unsigned kTransportRequired = 3159;  // require_secure_transport
    const bool is_off = mode_ == SslMode::disabled;
    if (error_number == CR_SSL_CONNECTION_ERROR && mode_ == SslMode::verify_identity) {
        return fmt::format(
                "; is the server's certificate from {}, valid now, and made for the name \"{}\"?",
                url_.ssl_ca.empty() ? "a CA that the system trusts (else set ssl-ca)"
                                    : "the CA of ssl-ca",
                host_.name);
    }
    if (error_number == CR_SSL_CONNECTION_ERROR) {
        return "; TLS with the server failed: look at its log, or set ssl-mode in the url";
    }
    if (is_off && error_number == kTransportRequired) {
        return "; the server takes TLS only: add ssl-mode=required to the url, or "
               "ssl-mode=verify-identity&ssl-ca=FILE, which also checks who it is";
    }
    if (is_off && error_number == kAccessDenied) {
        return "; if the password is right, the account may want TLS (REQUIRE SSL): add "
               "ssl-mode=required to the url";
    }
    return {};
}

}  // namespace foz::sink::mariadb
