// SPDX-License-Identifier: Apache-2.0
#include "sink/clear_text.h"

#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace foz::sink {
namespace {

bool is_loopback_v4(std::uint32_t address) {
    return ntohl(address) >> 24U == 127;
}

}  // namespace

bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_beyond_loopback(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return !is_loopback_v4(v4.sin_addr.s_addr);
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            std::uint32_t v4 = 0;
            std::memcpy(&v4, v6.sin6_addr.s6_addr + 12, sizeof v4);
            return !is_loopback_v4(v4);
        }
        return !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    return false;
}

bool is_beyond_loopback(int socket) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    return ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
           is_beyond_loopback(reinterpret_cast<const sockaddr&>(peer));
}

std::string clear_text_warning(std::string_view remedy) {
    return fmt::format(
            "the connection to the database is not encrypted, and leaves this machine: readings "
            "pass in clear text. Add {} to its url",
            remedy);
}

}  // namespace foz::sink
