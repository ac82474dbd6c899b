// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <optional>

#include <arpa/inet.h>

#include "config/settings_check.h"

namespace foz::config {
namespace {

struct Address {
    bool loopback = false;
    bool any_port = false;
};

/// "127.0.0.1:1883", "[::1]:1883".
std::optional<Address> parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    const std::string_view port_text = std::string_view(text).substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] =
            std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc() || end != port_text.data() + port_text.size()) {
        return std::nullopt;
    }
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        in6_addr parsed{};
        if (inet_pton(AF_INET6, host.c_str(), &parsed) != 1) {
            return std::nullopt;
        }
        return Address{IN6_IS_ADDR_LOOPBACK(&parsed) != 0, port == 0};
    }
    in_addr parsed{};
    if (inet_pton(AF_INET, host.c_str(), &parsed) != 1) {
        return std::nullopt;
    }
    constexpr std::uint32_t kLoopbackNet = 127;
    return Address{ntohl(parsed.s_addr) >> 24 == kLoopbackNet, port == 0};
}

/// `needed` must stand there when `key` does.
void check_together(
        std::string_view key, std::string_view needed, const Where& where, ErrorList& errors) {
    if (errors.has_key(where, key) && !errors.has_key(where, needed)) {
        errors.add(errors.line_of(where, key),
                "\"{}\" in {} is of no use without \"{}\"; add it or take \"{}\" out", key,
                where.shown, needed, key);
    }
}

/// Whether a client that shows neither a certificate nor a password is turned away.
bool every_client_is_known(const Listener& listener) {
    return listener.password_file || (listener.tls && listener.tls->client_ca);
}

void check_address(const Listener& listener, const Where& where, ErrorList& errors) {
    const std::uint32_t line = errors.line_of(where, "address");
    const auto address = parse_address(listener.address);
    if (!address) {
        errors.add(line,
                "\"address\" in {} must be an IP address and a port, such as 127.0.0.1:1883 or "
                "[::1]:1883; it is \"{}\"",
                where.shown, listener.address);
    } else if (!address->loopback && !listener.allow_anonymous &&
               !every_client_is_known(listener)) {
        errors.add(line,
                "{} listens on {}, where other machines can reach it, and asks nobody who they "
                "are; add password_file (`foz passwd` makes one) or tls with client_ca (`foz "
                "certs`), or write allow_anonymous = true if anyone may publish, or use 127.0.0.1",
                where.shown, listener.address);
    }
}

}  // namespace

void check_listener(
        const Listener& listener, const Where& where, const Where& tls, ErrorList& errors) {
    check_address(listener, where, errors);
    check_together("crl", "client_ca", tls, errors);
    if (!listener.tls || !listener.tls->client_certificate) {
        return;
    }
    if (listener.tls->client_certificate != ClientCertificate::none) {
        check_together("client_certificate", "client_ca", tls, errors);
    } else if (listener.tls->client_ca) {
        errors.add(errors.line_of(tls, "client_certificate"),
                "{} has a \"client_ca\" and client_certificate = \"none\"; take one of them out",
                tls.shown);
    }
}

void check_client_tls(const ClientTls& tls, const Where& where, ErrorList& errors) {
    check_together("certificate", "key", where, errors);
    check_together("key", "certificate", where, errors);
    check_together("crl", "ca", where, errors);
    constexpr std::size_t kProtocolBytesMax = 255;  // [RFC 7301, 3.1]
    for (const std::string& protocol : tls.alpn) {
        if (protocol.empty() || protocol.size() > kProtocolBytesMax) {
            errors.add(errors.line_of(where, "alpn"),
                    "a protocol in \"alpn\" in {} must have 1 to {} bytes", where.shown,
                    kProtocolBytesMax);
        }
    }
}

}  // namespace foz::config
