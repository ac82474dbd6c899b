// SPDX-License-Identifier: Apache-2.0
#include "sensor/broker_address.h"

#include <charconv>
#include <cstring>

#include <netdb.h>

#include "base/redaction.h"

namespace foz::sensor {

namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";
constexpr std::uint16_t kTlsPort = 8883;

Result<std::string> without_percent_escapes(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at];
            continue;
        }
        const std::string_view digits = text.substr(at + 1, 2);
        unsigned value = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || read.ptr != digits.data() + 2) {
            return fail(ErrorCode::invalid,
                    "% is not followed by two hexadecimal digits in the broker's URL");
        }
        plain += static_cast<char>(value);
        at += 2;
    }
    return plain;
}

Result<void> read_credentials(std::string_view text, BrokerAddress& address) {
    const std::size_t colon = text.find(':');
    auto user = without_percent_escapes(text.substr(0, colon));
    if (!user) {
        return pass_on(user);
    }
    address.user = std::move(*user);
    if (colon != std::string_view::npos) {
        auto password = without_percent_escapes(text.substr(colon + 1));
        if (!password) {
            return pass_on(password);
        }
        address.password = std::move(*password);
    }
    return {};
}

Result<void> read_port(std::string_view text, BrokerAddress& address) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), address.port);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || address.port == 0) {
        return fail(ErrorCode::invalid, "\"{}\" is not a port (1 to 65535)", text);
    }
    return {};
}

}  // namespace

Result<BrokerAddress> parse_broker_url(std::string_view url) {
    BrokerAddress address;
    address.tls = url.starts_with(kTls);
    if (!address.tls && !url.starts_with(kPlain)) {
        return fail(ErrorCode::unsupported,
                "the broker's URL \"{}\" must begin with mqtt:// or mqtts://", redacted_url(url));
    }
    if (address.tls) {
        address.port = kTlsPort;
    }
    std::string_view rest = url.substr((address.tls ? kTls : kPlain).size());
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        if (auto read = read_credentials(rest.substr(0, at), address); !read) {
            return pass_on(read);
        }
        rest.remove_prefix(at + 1);
    }
    const std::size_t host_end = rest.starts_with('[') ? rest.find(']') : 0;
    const std::size_t colon =
            host_end == std::string_view::npos ? host_end : rest.find(':', host_end);
    std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    if (host.empty() || host.find_first_of("/[]") != std::string_view::npos) {
        return fail(ErrorCode::invalid, "the broker's URL names no host: write mqtt://HOST:PORT");
    }
    address.host = host;
    if (colon != std::string_view::npos) {
        if (auto read = read_port(rest.substr(colon + 1), address); !read) {
            return pass_on(read);
        }
    }
    return address;
}

Result<std::vector<SocketAddress>> resolve(const BrokerAddress& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed =
            getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (failed != 0) {
        return fail(ErrorCode::not_found, "cannot find host \"{}\": {}", address.host,
                gai_strerror(failed));
    }
    std::vector<SocketAddress> resolved;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        SocketAddress& to = resolved.emplace_back();
        std::memcpy(&to.storage, one->ai_addr, one->ai_addrlen);
        to.size = one->ai_addrlen;
    }
    freeaddrinfo(found);
    return resolved;
}

}  // namespace foz::sensor
