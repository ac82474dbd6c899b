// SPDX-License-Identifier: Apache-2.0
// What OpenSSL says of the last failure on this thread.
#pragma once

#include <string>

namespace foz::tls {

/// The reason of the oldest error that is queued, in OpenSSL's words; empties the queue.
[[nodiscard]] std::string take_openssl_reason();

/// In OpenSSL's words: "no shared cipher".
[[nodiscard]] std::string openssl_reason(unsigned long error);

}  // namespace foz::tls
