// SPDX-License-Identifier: Apache-2.0
#include "tls/openssl_error.h"

#include <openssl/err.h>

namespace foz::tls {

std::string openssl_reason(unsigned long error) {
    const char* reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : "an unknown error";
}

std::string take_openssl_reason() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    return openssl_reason(error);
}

}  // namespace foz::tls
