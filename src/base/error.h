// SPDX-License-Identifier: Apache-2.0
// How foz reports what the world does to it: packets, disks, databases, people's configuration.
//
// A function that can fail returns Result<T>. The message of an Error is for a person: it says what
// happened, to what, and what to do about it. A bug is not an Error: it ends the process (check.h).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace foz {

/// What a caller may want to tell apart. Everything else about an error is in its message.
enum class ErrorCode : std::uint8_t {
    invalid,      // the input breaks a rule; trying again with the same input cannot help
    not_found,    // a file, table, key or name that is not there
    io,           // the operating system refused; may pass
    no_space,     // the disk, a quota or a configured cap is full; passes when there is room
    corrupt,      // bytes on disk are not what foz wrote
    unsupported,  // another version's format, or something foz does not do
    unavailable,  // a peer is not there now; passes
};

struct [[nodiscard]] Error {
    ErrorCode code = ErrorCode::invalid;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::invalid, "port {} is over 65535", port);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(
        ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Passes an error on, as `return pass_on(result);`, to a function with another value type.
template <class T>
[[nodiscard]] std::unexpected<Error> pass_on(Result<T>& failed) {
    return std::unexpected(std::move(failed.error()));
}

/// "No such file or directory", for an errno value. Thread-safe, as strerror is not.
[[nodiscard]] inline std::string errno_message(int error_number) {
    return std::generic_category().message(error_number);
}

}  // namespace foz
