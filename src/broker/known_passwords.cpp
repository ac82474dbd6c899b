// SPDX-License-Identifier: Apache-2.0
#include "broker/known_passwords.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace foz::broker {

KnownPasswords::KnownPasswords() {
    FOZ_CHECK(RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) == 1);
}

std::string KnownPasswords::key_of(
    const tls::PasswordFile& passwords, std::string_view name, std::string_view password
) const {
    // Neither a line nor a name has a NUL, so that no others make the same text.
    std::string text = passwords.line_of(name);
    text += '\0';
    text += name;
    text += '\0';
    text += password;
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    const unsigned char* made = HMAC(
        EVP_sha256(),
        secret_.data(),
        static_cast<int>(secret_.size()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size(),
        digest.data(),
        &size
    );
    FOZ_CHECK(made != nullptr && size == digest.size());
    OPENSSL_cleanse(text.data(), text.size());
    return {digest.begin(), digest.end()};
}

std::optional<bool> KnownPasswords::find(const std::string& key, SteadyTime now) const {
    if (right_.contains(key)) {
        return true;
    }
    const auto wrong = wrong_.find(key);
    if (wrong != wrong_.end() && now < wrong->second) {
        return false;
    }
    return std::nullopt;
}

void KnownPasswords::remember(const std::string& key, bool right, SteadyTime now) {
    if (right) {
        if (right_.size() >= kRightMax) {
            right_.clear();
        }
        right_.insert(key);
        return;
    }
    if (wrong_.size() >= kWrongMax) {
        wrong_.clear();
    }
    wrong_.insert_or_assign(key, now + kWrongFor);
}

}  // namespace foz::broker
