// SPDX-License-Identifier: Apache-2.0
#include "tls/keyed_digest.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace foz::tls {

void fill_with_random_bytes(std::span<unsigned char> bytes) {
    FOZ_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

std::string keyed_digest(std::span<const unsigned char> key, std::string text) {
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    const unsigned char* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    FOZ_CHECK(made != nullptr && size == digest.size());
    OPENSSL_cleanse(text.data(), text.size());
    return {digest.begin(), digest.end()};
}

}  // namespace foz::tls
