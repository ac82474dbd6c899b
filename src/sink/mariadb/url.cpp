// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/url.h"

#include <charconv>

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
            return fail(
                ErrorCode::invalid,
                "the {} in the database URL has a % without two hexadecimal digits",
                what
            );
        }
        result.push_back(static_cast<char>(byte));
        i += 2;
    }
    return result;
}

Result<void> parse_host(std::string_view text, Url& url) {
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && end == std::string_view::npos) {
        return fail(ErrorCode::invalid, "the host in the database URL lacks a closing bracket");
    }
    const std::string_view host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    const std::string_view rest =
        end == std::string_view::npos ? "" : text.substr(bracketed ? end + 1 : end);
    if (!host.empty()) {
        url.host = host;
    }
    if (rest.empty()) {
        return {};
    }
    const std::string_view port = rest.substr(1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (rest[0] != ':' || parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() ||
        url.port == 0) {
        return fail(ErrorCode::invalid, "\"{}\" in the database URL is not a port", port);
    }
    return {};
}

Result<void> parse_options(std::string_view options, Url& url) {
    while (!options.empty()) {
        const std::string_view option = options.substr(0, options.find('&'));
        options.remove_prefix(std::min(options.size(), option.size() + 1));
        const auto equals = std::min(option.find('='), option.size());
        if (option.substr(0, equals) != "socket") {
            return fail(
                ErrorCode::invalid,
                "unknown option \"{}\" in the database URL; foz knows: socket",
                option.substr(0, equals)
            );
        }
        auto socket = decoded(option.substr(std::min(option.size(), equals + 1)), "socket");
        if (!socket) {
            return pass_on(socket);
        }
        url.socket = std::move(*socket);
    }
    return {};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return fail(
            ErrorCode::invalid, "a database URL looks like mariadb://user@host:3306/database"
        );
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
        return fail(
            ErrorCode::invalid,
            "the database URL names no database: mariadb://user@host:3306/database"
        );
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
    if (auto parsed =
            parse_host(at == std::string_view::npos ? authority : authority.substr(at + 1), url);
        !parsed) {
        return pass_on(parsed);
    }
    return url;
}

}  // namespace foz::sink::mariadb
