// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_names.h"

#include <algorithm>
#include <string_view>

#include <arpa/inet.h>

namespace foz::tls {
namespace {

Result<std::string> dns_name(const std::string& name) {
    const std::string_view rest = std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
    constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    if (rest.empty() || rest.find_first_not_of(kLetters) != std::string_view::npos) {
        return fail(
                ErrorCode::invalid, "\"{}\" is no DNS name; an IP address goes to --address", name);
    }
    return "DNS:" + name;
}

Result<std::string> address_name(const std::string& address) {
    in6_addr parsed{};
    if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1 &&
            ::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) {
        return fail(
                ErrorCode::invalid, "\"{}\" is no IP address; a DNS name goes to --name", address);
    }
    return "IP:" + address;
}

}  // namespace

Result<void> check_certificate_name(const std::string& name) {
    constexpr std::size_t kNameBytesMax = 64;  // of a CN [RFC 5280, appendix A]
    const bool odd = std::ranges::any_of(name, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f || letter == '/' || letter == '\\';
    });
    if (name.empty() || name.size() > kNameBytesMax || odd || name.starts_with('.') ||
            name.starts_with(' ') || name.ends_with(' ')) {
        return fail(ErrorCode::invalid,
                "\"{}\" cannot be the name of a certificate: it must have 1 to 64 bytes, no slash "
                "and no control character, and not begin with a dot or a space",
                name);
    }
    return {};
}

Result<std::vector<std::string>> alternative_names(
        std::span<const std::string> names, std::span<const std::string> addresses) {
    std::vector<std::string> all;
    for (const std::string& name : names) {
        auto made = dns_name(name);
        if (!made) {
            return pass_on(made);
        }
        all.push_back(std::move(*made));
    }
    for (const std::string& address : addresses) {
        auto made = address_name(address);
        if (!made) {
            return pass_on(made);
        }
        all.push_back(std::move(*made));
    }
    return all;
}

std::vector<std::string> alternative_names_again(const CertificateFacts& facts) {
    std::vector<std::string> names;
    for (const std::string& name : facts.names) {
        names.push_back((address_name(name) ? "IP:" : "DNS:") + name);
    }
    return names;
}

std::string certificate_file(CertificateKind kind, std::string name) {
    if (name.starts_with('*')) {
        name.replace(0, 1, "_wildcard");
    }
    return (kind == CertificateKind::server ? "servers/" : "devices/") + name + ".crt";
}

}  // namespace foz::tls
