// SPDX-License-Identifier: Apache-2.0
// Connections to a database that others can read on the way. Any thread.
#pragma once

#include <string>
#include <string_view>

struct sockaddr;

namespace foz::sink {

/// "localhost", 127.0.0.0/8, ::1.
[[nodiscard]] bool is_loopback_name(std::string_view host);

/// Whether what is sent to `address` leaves the machine's own loopback.
[[nodiscard]] bool is_beyond_loopback(const sockaddr& address);

/// The same of the peer of a connected socket; false for Unix sockets, and when it cannot be told.
[[nodiscard]] bool is_beyond_loopback(int socket);

/// For the log and `foz check --connect`. `remedy`: what to add to the URL.
[[nodiscard]] std::string clear_text_warning(std::string_view remedy);

}  // namespace foz::sink
