// SPDX-License-Identifier: Apache-2.0
#include "broker/peer.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace foz::broker {
namespace {

constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV4MappedAt = 12;
constexpr std::size_t kV6PrefixBytes = 8;

}  // namespace

Peer Peer::of(int socket) {
    Peer peer;
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        return peer;
    }
    if (address.ss_family == AF_INET) {
        peer.family_ = Family::v4;
        std::memcpy(peer.bytes_.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
                kV4Bytes);
    } else if (address.ss_family == AF_INET6) {
        const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
        peer.family_ = mapped ? Family::v4 : Family::v6;
        const auto* const bytes = reinterpret_cast<const char*>(&v6);
        std::copy_n(bytes + (mapped ? kV4MappedAt : 0), mapped ? kV4Bytes : sizeof v6,
                peer.bytes_.data());
    }
    return peer;
}

std::string Peer::network() const {
    switch (family_) {
        case Family::v4: return {bytes_.data(), kV4Bytes};
        case Family::v6: return {bytes_.data(), kV6PrefixBytes};
        case Family::unknown: break;
    }
    return {};
}

std::string Peer::text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = family_ == Family::v4 ? AF_INET : AF_INET6;
    if (family_ == Family::unknown ||
            ::inet_ntop(family, bytes_.data(), text.data(), text.size()) == nullptr) {
        return "a connection";
    }
    return text.data();
}

}  // namespace foz::broker
