// SPDX-License-Identifier: Apache-2.0
// FOZ_CHECK(condition): an invariant of the program. When it does not hold there is a bug, and
// going on could store a wrong thing: the process prints where and ends. Always on, in release
// builds too.
#pragma once

namespace foz {

/// Prints the broken invariant on standard error and aborts. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace foz

#define FOZ_CHECK(condition)                                     \
    do {                                                         \
        if (!(condition)) [[unlikely]] {                         \
            ::foz::check_failed(#condition, __FILE__, __LINE__); \
        }                                                        \
    } while (false)
