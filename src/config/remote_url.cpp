// SPDX-License-Identifier: Apache-2.0
#include "config/remote_url.h"

#include <charconv>

#include "base/redaction.h"
#include "config/spelling.h"

namespace foz::config {
namespace {

struct Scheme {
    std::string_view name;
    bool tls;
    bool websocket;
    std::uint16_t port;
};
constexpr Scheme kSchemes[] = {
    {"mqtt", false, false, 1883},
    {"mqtts", true, false, 8883},
    {"ws", false, true, 80},
    {"wss", true, true, 443},
};
constexpr std::string_view kSchemeNames[] = {"mqtt", "mqtts", "ws", "wss"};

/// "host:1883", "[::1]:1883", "host".
Result<void> take_host_and_port(std::string_view authority, RemoteUrl& into) {
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) {
            return fail(ErrorCode::invalid, "has a [ without a ]");
        }
        into.host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
    } else {
        const std::size_t colon = authority.find(':');
        into.host = authority.substr(0, colon);
        port = colon == std::string_view::npos ? "" : authority.substr(colon);
    }
    if (into.host.empty()) {
        return fail(ErrorCode::invalid, "names no host");
    }
    if (port.empty()) {
        return {};
    }
    const std::string_view digits = port.substr(1);
    const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), into.port);
    if (port[0] != ':' || error != std::errc() || end != digits.data() + digits.size() ||
            into.port == 0) {
        return fail(ErrorCode::invalid, "has the port \"{}\", which is none", digits);
    }
    return {};
}

}  // namespace

Result<RemoteUrl> parse_remote_url(std::string_view url) {
    const std::size_t mark = url.find("://");
    if (mark == std::string_view::npos) {
        return fail(ErrorCode::invalid, "must be a URL, such as mqtts://host:8883; it is \"{}\"",
                redacted_url(url));
    }
    const std::string_view name = url.substr(0, mark);
    const Scheme* found = nullptr;
    for (const Scheme& scheme : kSchemes) {
        found = scheme.name == name ? &scheme : found;
    }
    if (found == nullptr) {
        return fail(ErrorCode::invalid, "has the unknown scheme \"{}\"; {}", name,
                hint_for(name, kSchemeNames));
    }
    RemoteUrl parsed{
        .tls = found->tls,
        .websocket = found->websocket,
        .host = {},
        .port = found->port,
        .path = {},
    };
    const std::string_view rest = url.substr(mark + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos) {
        return fail(ErrorCode::invalid,
                "has a user name in it; write it as username, and the password into a "
                "password_file");
    }
    if (auto taken = take_host_and_port(authority, parsed); !taken) {
        return pass_on(taken);
    }
    const std::string_view path = rest.substr(authority.size());
    if (!parsed.websocket && !path.empty() && path != "/") {
        return fail(ErrorCode::invalid, "has the path {}, which only ws:// and wss:// know",
                redacted(path));
    }
    if (parsed.websocket) {
        parsed.path = path.empty() || path == "/" ? "/mqtt" : path;
        if (parsed.path.starts_with('?')) {
            parsed.path.insert(0, "/");  // [RFC 6455, 3]
        }
    }
    return parsed;
}

}  // namespace foz::config
