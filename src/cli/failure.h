// SPDX-License-Identifier: Apache-2.0
// How a subcommand ends that did not do what was asked. One thread.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace foz::cli {

/// Says "foz COMMAND: what happened" on standard error; returns the exit code.
inline int failed(std::string_view command, const Error& error, int exit_code) {
    fmt::print(stderr, "foz {}: {}\n", command, error.message);
    return exit_code;
}

/// 2 after wrong use, otherwise 1.
inline int failed(std::string_view command, const Error& error) {
    return failed(command, error, error.code == ErrorCode::invalid ? 2 : 1);
}

}  // namespace foz::cli
