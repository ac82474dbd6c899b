// SPDX-License-Identifier: Apache-2.0
// A table of bytes that a decoder has to refuse, and why.
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/mqtt/wire.h"

namespace foz::mqtt {

inline constexpr auto v3_1 = ProtocolVersion::v3_1;      // NOLINT(readability-identifier-naming)
inline constexpr auto v3_1_1 = ProtocolVersion::v3_1_1;  // NOLINT(readability-identifier-naming)
inline constexpr auto v5 = ProtocolVersion::v5;          // NOLINT(readability-identifier-naming)

struct Refusal {
    std::string_view what;
    ProtocolVersion version;
    std::string_view body;  // in wire()'s notation
    ReasonCode reason;
    std::string_view message;  // a part of it
};

/// Decodes each body with `decode(body, version)` and compares.
template <class Decode>
void expect_refusals(std::span<const Refusal> rows, Decode&& decode) {
    for (const Refusal& row : rows) {
        SCOPED_TRACE(row.what);
        const std::string body = wire(row.body);
        const auto result = decode(std::string_view(body), row.version);
        if (result) {
            ADD_FAILURE() << "was accepted";
            continue;
        }
        EXPECT_EQ(reason_text(result.error().reason), reason_text(row.reason));
        EXPECT_NE(result.error().message.find(row.message), std::string_view::npos)
                << "the message is: " << result.error().message;
    }
}

/// Fails the test, and says why, when `decoded` is an error.
template <class T>
[[nodiscard]] T expect_decoded(const Decoded<T>& decoded) {
    if (!decoded) {
        ADD_FAILURE() << decoded.error().message;
        return {};
    }
    return *decoded;
}

}  // namespace foz::mqtt
