// SPDX-License-Identifier: Apache-2.0
#include "access/known_passwords.h"

#include <utility>

#include "tls/keyed_digest.h"

namespace foz::access {

KnownPasswords::KnownPasswords() {
    tls::fill_with_random_bytes(secret_);
}

std::string KnownPasswords::key_of(const access::PasswordFile& passwords, std::string_view name,
        std::string_view password) const {
    // Neither a line nor a name has a NUL, so that no others make the same text.
    std::string text = passwords.line_of(name);
    text += '\0';
    text += name;
    text += '\0';
    text += password;
    return tls::keyed_digest(secret_, std::move(text));
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

}  // namespace foz::access
