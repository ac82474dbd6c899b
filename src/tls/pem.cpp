// SPDX-License-Identifier: Apache-2.0
#include "tls/pem.h"

#include <limits>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file_system.h"
#include "tls/openssl_error.h"

namespace foz::tls {
namespace {

constexpr std::uint64_t kFileBytesMax = 16 << 20;

struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

std::string user_name() {
    passwd entry{};
    passwd* found = nullptr;
    std::string buffer(4096, '\0');
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
            found == nullptr) {
        return fmt::format("user {}", ::geteuid());
    }
    return found->pw_name;
}

/// The file's content, which is known to have a PEM block.
Result<std::string> read_pem(const std::string& path, std::string_view what) {
    auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content && content.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                "{} {} is not there; write the right path, or make it with `foz certs`", what,
                path);
    }
    if (!content) {
        return fail(content.error().code,
                "{} cannot be used: {}; foz runs as {}, who must be able to read it", what,
                content.error().message, user_name());
    }
    if (content->find("-----BEGIN ") == std::string::npos) {
        const bool der = content->starts_with("\x30\x82");
        return fail(ErrorCode::invalid, "{} {} is not PEM, a text with -----BEGIN ...-----{}", what,
                path,
                der ? "; it looks like DER: `openssl x509 -inform DER -in FILE -out FILE.pem` (or "
                      "`openssl pkey`) makes PEM of it"
                    : "");
    }
    return content;
}

Bio reader_of(const std::string& content) {
    FOZ_CHECK(content.size() < static_cast<std::size_t>(std::numeric_limits<int>::max()));
    Bio bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    FOZ_CHECK(bio != nullptr);
    ERR_clear_error();
    return bio;
}

/// After the last block of a file OpenSSL has this error; any other is a block that is broken.
bool is_end_of_file() {
    const unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

template <class T, class Read>
Result<std::vector<Handle<T>>> read_all(
        const std::string& path, std::string_view what, std::string_view block, Read read) {
    const auto content = read_pem(path, what);
    if (!content) {
        return std::unexpected(content.error());
    }
    const Bio bio = reader_of(*content);
    std::vector<Handle<T>> found;
    while (Handle<T> one{read(bio.get())}) {
        found.push_back(std::move(one));
    }
    const bool complete = is_end_of_file();
    const std::string reason = take_openssl_reason();
    if (!complete) {
        return fail(ErrorCode::invalid, "{} {} is damaged: {}; copy it again, as a whole", what,
                path, reason);
    }
    if (found.empty()) {
        return fail(ErrorCode::invalid, "{} {} has no -----BEGIN {}-----; is it another file?",
                what, path, block);
    }
    return found;
}

int refuse_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

template <class Write>
std::string written(Write write) {
    const Bio bio(BIO_new(BIO_s_mem()));
    FOZ_CHECK(bio != nullptr && write(bio.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::vector<Handle<x509_st>>> read_certificates(
        const std::string& path, std::string_view what) {
    return read_all<X509>(path, what, "CERTIFICATE",
            [](BIO* bio) { return PEM_read_bio_X509(bio, nullptr, nullptr, nullptr); });
}

Result<std::vector<Handle<X509_crl_st>>> read_revocation_lists(const std::string& path) {
    return read_all<X509_CRL>(path, "crl", "X509 CRL",
            [](BIO* bio) { return PEM_read_bio_X509_CRL(bio, nullptr, nullptr, nullptr); });
}

Result<Handle<evp_pkey_st>> read_private_key(const std::string& path) {
    const auto content = read_pem(path, "key");
    if (!content) {
        return std::unexpected(content.error());
    }
    const Bio bio = reader_of(*content);
    bool asked = false;
    Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &asked));
    if (key) {
        return key;
    }
    const bool none = is_end_of_file();
    const std::string reason = take_openssl_reason();
    if (asked) {
        return fail(ErrorCode::unsupported,
                "key {} needs a passphrase, which nobody can type when foz starts; `openssl pkey "
                "-in {} -out plain.key` takes it off: chmod 600 the result",
                path, path);
    }
    if (none) {
        return fail(ErrorCode::invalid,
                "key {} has no -----BEGIN PRIVATE KEY-----; is it another file?", path);
    }
    return fail(
            ErrorCode::invalid, "key {} is damaged: {}; copy it again, as a whole", path, reason);
}

std::string to_pem(const x509_st* certificate) {
    return written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string to_pem(const X509_crl_st* list) {
    return written([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list); });
}

std::string to_pem(const evp_pkey_st* key) {
    return written([&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

}  // namespace foz::tls
