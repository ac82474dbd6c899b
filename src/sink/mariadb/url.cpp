// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace foz::sink::mariadb {
namespace {

Result<std::string> decoded(std::string_view text, std::string_view what) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result.push_back(text[i]);
            continue;
        }
        unsigned byte = 0;
        const char* start = text.data() + i + 1;
        if (i + 2 >= text.size() || std::from_chars(start, start + 2, byte, 16).ptr != start + 2) {
            return fail(ErrorCode::invalid,
                    "the {} in the database URL has a % without two hexadecimal digits", what);
        }
        result.push_back(static_cast<char>(byte));
        i += 2;
    }
    return result;
}

Result<Host> parse_host(std::string_view text) {
    Host parsed_host;
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && end == std::string_view::npos) {
        return fail(ErrorCode::invalid, "the host in the database URL lacks a closing bracket");
    }
    const std::string_view host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    const std::string_view rest =
            end == std::string_view::npos ? "" : text.substr(bracketed ? end + 1 : end);
    if (!host.empty()) {
        parsed_host.name = host;
    }
    if (rest.empty()) {
        return parsed_host;
    }
    const std::string_view port = rest.substr(1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), parsed_host.port);
    if (rest[0] != ':' || parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() ||
            parsed_host.port == 0) {
        return fail(ErrorCode::invalid, "\"{}\" in the database URL is not a port", port);
    }
    return parsed_host;
}

Result<void> parse_hosts(std::string_view text, Url& url) {
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        more = comma != std::string_view::npos;
        auto host = parse_host(text.substr(0, comma));
        if (!host) {
            return pass_on(host);
        }
        url.hosts.push_back(std::move(*host));
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return {};
}

Result<SslMode> ssl_mode_from(std::string_view text) {
    // MySQL's client and its connectors write VERIFY_IDENTITY, too.
    std::string mode(text);
    std::ranges::transform(mode, mode.begin(), [](char c) {
        const bool upper = c >= 'A' && c <= 'Z';
        return upper ? static_cast<char>(c | 0x20) : c == '_' ? '-' : c;
    });
    static constexpr std::array<std::pair<std::string_view, SslMode>, 5> kModes = {{
        {"disabled", SslMode::disabled},
        {"preferred", SslMode::preferred},
        {"required", SslMode::required},
        {"verify-ca", SslMode::verify_identity},
        {"verify-identity", SslMode::verify_identity},
    }};
    for (const auto& [name, value] : kModes) {
        if (name == mode) return value;
    }
    return fail(ErrorCode::invalid,
            "ssl-mode \"{}\" in the database URL is none of disabled, preferred, required, "
            "verify-ca and verify-identity",
            text);
}

Result<void> take_option(std::string_view name, std::string value, Url& url) {
    const std::array<std::pair<std::string_view, std::string*>, 4> texts = {{
        {"socket", &url.socket},
        {"ssl-ca", &url.ssl_ca},
        {"ssl-cert", &url.ssl_cert},
        {"ssl-key", &url.ssl_key},
    }};
    if (name == "ssl-mode") {
        auto mode = ssl_mode_from(value);
        if (!mode) {
            return pass_on(mode);
        }
        url.ssl_mode = *mode;
        return {};
    }
    for (const auto& [known, text] : texts) {
        if (known == name) {
            *text = std::move(value);
            return {};
        }
    }
    return fail(ErrorCode::invalid,
            "unknown option \"{}\" in the database URL; foz knows: socket, ssl-mode, ssl-ca, "
            "ssl-cert, ssl-key",
            name);
}

Result<void> check_options(const Url& url) {
    const bool has_files = !url.ssl_ca.empty() || !url.ssl_cert.empty();
    if (url.ssl_cert.empty() != url.ssl_key.empty()) {
        return fail(ErrorCode::invalid, "ssl-cert and ssl-key in the database URL need each other");
    }
    if (url.ssl_mode == SslMode::disabled && has_files) {
        return fail(ErrorCode::invalid,
                "the database URL has certificates and ssl-mode=disabled; take one of them out");
    }
    if (!url.socket.empty() && url.hosts.size() > 1) {
        return fail(ErrorCode::invalid, "the database URL has a socket and several hosts");
    }
    return {};
}

Result<void> parse_options(std::string_view options, Url& url) {
    while (!options.empty()) {
        const std::string_view option = options.substr(0, options.find('&'));
        options.remove_prefix(std::min(options.size(), option.size() + 1));
        const auto equals = std::min(option.find('='), option.size());
        const std::string_view name = option.substr(0, equals);
        auto value = decoded(option.substr(std::min(option.size(), equals + 1)), name);
        if (!value) {
            return pass_on(value);
        }
        if (auto taken = take_option(name, std::move(*value), url); !taken) {
            return taken;
        }
    }
    return {};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return fail(
                ErrorCode::invalid, "a database URL looks like mariadb://user@host:3306/database");
    }
    text.remove_prefix(scheme_end + 3);
    Url url;
    const auto question = std::min(text.find('?'), text.size());
    if (auto parsed = parse_options(text.substr(std::min(question + 1, text.size())), url);
            !parsed) {
        return pass_on(parsed);
    }
    text = text.substr(0, question);
    const auto slash = std::min(text.find('/'), text.size());
    auto database = decoded(text.substr(std::min(slash + 1, text.size())), "database");
    if (!database) {
        return pass_on(database);
    }
    if (database->empty()) {
        return fail(ErrorCode::invalid,
                "the database URL names no database: mariadb://user@host:3306/database");
    }
    url.database = std::move(*database);
    const std::string_view authority = text.substr(0, slash);
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos) {
        const std::string_view account = authority.substr(0, at);
        const auto colon = std::min(account.find(':'), account.size());
        auto user = decoded(account.substr(0, colon), "user");
        auto password = decoded(account.substr(std::min(colon + 1, account.size())), "password");
        if (!user || !password) {
            return pass_on(user ? password : user);
        }
        url.user = std::move(*user);
        url.password = std::move(*password);
    }
    if (auto parsed = parse_hosts(
                at == std::string_view::npos ? authority : authority.substr(at + 1), url);
            !parsed) {
        return pass_on(parsed);
    }
    if (auto good = check_options(url); !good) {
        return pass_on(good);
    }
    return url;
}

}  // namespace foz::sink::mariadb
