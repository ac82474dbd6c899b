// SPDX-License-Identifier: Apache-2.0
#include "access/password_hash.h"

#include <charconv>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "tls/base64.h"

namespace foz::access {
namespace {

constexpr std::size_t kHashBytes = 64;  // of SHA-512

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// What stands before the next '$', which is taken away too.
std::string_view take_field(std::string_view& text) {
    const std::size_t end = text.find('$');
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return field;
}

Result<std::uint32_t> iterations_from(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
            number > PasswordHash::kIterationsMax) {
        return fail(ErrorCode::invalid, "the number of iterations must be from 1 to {}",
                PasswordHash::kIterationsMax);
    }
    return number;
}

std::string pbkdf2(const PasswordHash& hash, std::string_view password) {
    std::string made(kHashBytes, '\0');
    FOZ_CHECK(
            PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    bytes_of(hash.salt), static_cast<int>(hash.salt.size()),
                    static_cast<int>(hash.iterations), EVP_sha512(), static_cast<int>(made.size()),
                    reinterpret_cast<unsigned char*>(made.data())) == 1);
    return made;
}

std::string hashed(const PasswordHash& hash, std::string_view password) {
    if (hash.iterations > 0) {
        return pbkdf2(hash, password);
    }
    std::string made(kHashBytes, '\0');
    const std::string salted = std::string(password) + hash.salt;
    FOZ_CHECK(
            EVP_Digest(salted.data(), salted.size(), reinterpret_cast<unsigned char*>(made.data()),
                    nullptr, EVP_sha512(), nullptr) == 1);
    return made;
}

}  // namespace

Result<PasswordHash> parse_password_hash(std::string_view text) {
    if (text.starts_with("$argon2")) {
        return fail(ErrorCode::unsupported,
                "the password is hashed with Argon2; foz reads $7$ (PBKDF2): `foz passwd` writes "
                "it");
    }
    const bool pbkdf2_form = text.starts_with("$7$");
    if (!pbkdf2_form && !text.starts_with("$6$")) {
        return fail(ErrorCode::invalid,
                "the password is not hashed; `foz passwd FILE NAME` (or mosquitto_passwd) writes "
                "it");
    }
    text.remove_prefix(3);
    PasswordHash hash;
    if (pbkdf2_form) {
        auto iterations = iterations_from(take_field(text));
        if (!iterations) {
            return pass_on(iterations);
        }
        hash.iterations = *iterations;
    }
    auto salt = tls::from_base64(take_field(text));
    auto made = tls::from_base64(text);
    if (!salt || salt->empty() || !made || made->size() != kHashBytes) {
        return fail(
                ErrorCode::invalid, "the hash is damaged; `foz passwd FILE NAME` makes it anew");
    }
    hash.salt = std::move(*salt);
    hash.hash = std::move(*made);
    return hash;
}

std::string password_hash_text(const PasswordHash& hash) {
    const std::string rest =
            fmt::format("{}${}", tls::to_base64(hash.salt), tls::to_base64(hash.hash));
    return hash.iterations > 0 ? fmt::format("$7${}${}", hash.iterations, rest)
                               : fmt::format("$6${}", rest);
}

PasswordHash hash_password(std::string_view password, std::uint32_t iterations) {
    constexpr std::size_t kSaltBytes = 12;  // Mosquitto 2.0 takes exactly as many
    FOZ_CHECK(iterations > 0 && iterations <= PasswordHash::kIterationsMax);
    PasswordHash hash{iterations, std::string(kSaltBytes, '\0'), ""};
    FOZ_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(hash.salt.data()), kSaltBytes) == 1);
    hash.hash = hashed(hash, password);
    return hash;
}

bool is_password(const PasswordHash& hash, std::string_view password) {
    return CRYPTO_memcmp(hashed(hash, password).data(), hash.hash.data(), kHashBytes) == 0;
}

}  // namespace foz::access
