// SPDX-License-Identifier: Apache-2.0
// Fuzz target of all URLs: the input is one, taken as that of a broker, of a database and of a
// MariaDB server. What is accepted means the same when it is written out again, and a URL without
// its password has none.
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/redaction.h"
#include "config/database_access.h"
#include "config/remote_url.h"
#include "sink/mariadb/url.h"
#include "tests/fuzz/fuzz_target.h"

namespace foz {
namespace {

/// In brackets where it has to be.
std::string host_text(std::string_view host) {
    const bool bracketed = host.starts_with('[') || host.find(':') != std::string_view::npos;
    return bracketed ? fmt::format("[{}]", host) : std::string(host);
}

void try_remote(std::string_view text) {
    const auto url = config::parse_remote_url(text);
    if (!url) {
        FOZ_CHECK(url.error().code == ErrorCode::invalid && !url.error().message.empty());
        return;
    }
    FOZ_CHECK(!url->host.empty() && url->port != 0);
    FOZ_CHECK(url->websocket ? url->path.starts_with('/') : url->path.empty());
    const std::string_view scheme =
            url->websocket ? (url->tls ? "wss" : "ws") : (url->tls ? "mqtts" : "mqtt");
    const auto again = config::parse_remote_url(
            fmt::format("{}://{}:{}{}", scheme, host_text(url->host), url->port, url->path));
    FOZ_CHECK(again && *again == *url);
}

void try_database(std::string_view text) {
    config::Settings settings;
    settings.data = "/var/lib/foz";
    config::Database database;
    database.url = text;
    const std::string url = config::database_url(settings, database);
    FOZ_CHECK(text.starts_with("sqlite:") ? url.starts_with("sqlite:/") : url == text);
    database.url = url;
    FOZ_CHECK(config::database_url(settings, database) == url);
}

std::string encoded(std::string_view text) {
    std::string made;
    for (const char letter : text) {
        made += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
    return made;
}

std::string_view ssl_mode_text(sink::mariadb::SslMode mode) {
    using enum sink::mariadb::SslMode;
    switch (mode) {
        case automatic: break;
        case disabled: return "&ssl-mode=disabled";
        case preferred: return "&ssl-mode=preferred";
        case required: return "&ssl-mode=required";
        case verify_identity: return "&ssl-mode=verify-identity";
    }
    return "";
}

std::string mariadb_text(const sink::mariadb::Url& url) {
    std::string hosts;
    for (const sink::mariadb::Host& host : url.hosts) {
        hosts += fmt::format("{}{}:{}", hosts.empty() ? "" : ",", host_text(host.name), host.port);
    }
    return fmt::format("mariadb://{}:{}@{}/{}?socket={}&ssl-ca={}&ssl-cert={}&ssl-key={}{}",
            encoded(url.user), encoded(url.password), hosts, encoded(url.database),
            encoded(url.socket), encoded(url.ssl_ca), encoded(url.ssl_cert), encoded(url.ssl_key),
            ssl_mode_text(url.ssl_mode));
}

void check_same(const sink::mariadb::Url& one, const sink::mariadb::Url& other) {
    FOZ_CHECK(one.user == other.user && one.password == other.password);
    FOZ_CHECK(one.database == other.database && one.socket == other.socket);
    FOZ_CHECK(one.ssl_mode == other.ssl_mode && one.ssl_ca == other.ssl_ca);
    FOZ_CHECK(one.ssl_cert == other.ssl_cert && one.ssl_key == other.ssl_key);
    FOZ_CHECK(one.hosts.size() == other.hosts.size());
    for (std::size_t i = 0; i < one.hosts.size(); ++i) {
        FOZ_CHECK(one.hosts[i].name == other.hosts[i].name);
        FOZ_CHECK(one.hosts[i].port == other.hosts[i].port);
    }
}

void try_mariadb(std::string_view text) {
    const auto url = sink::mariadb::parse_url(text);
    if (!url) {
        FOZ_CHECK(url.error().code == ErrorCode::invalid);
        (void)redacted_message(url.error().message, text, "");
        return;
    }
    FOZ_CHECK(!url->hosts.empty() && !url->database.empty());
    const auto again = sink::mariadb::parse_url(mariadb_text(*url));
    FOZ_CHECK(again.has_value());
    check_same(*url, *again);
    const auto shown = sink::mariadb::parse_url(redacted_url(text));
    FOZ_CHECK(!shown || shown->password == (url->password.empty() ? shown->password : "***"));
}

}  // namespace
}  // namespace foz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    foz::try_remote(text);
    foz::try_database(text);
    foz::try_mariadb(text);
    return 0;
}
