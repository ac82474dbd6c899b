// SPDX-License-Identifier: Apache-2.0
#include "tests/support/certificates.h"

#include <cstdio>
#include <stdexcept>

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace foz::support {
namespace {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using Time = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_STRING_free>>;
using File = std::unique_ptr<std::FILE, FreeWith<std::fclose>>;

void require(bool done, const char* what) {
    if (!done) {
        char reason[256];
        ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
        throw std::runtime_error(std::string(what) + ": " + reason);
    }
}

File open_to_write(const std::filesystem::path& path) {
    File file(std::fopen(path.c_str(), "w"));
    require(file != nullptr, path.c_str());
    return file;
}

void write(const std::filesystem::path& path, EVP_PKEY* key) {
    const File file = open_to_write(path);
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    require(
        PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "write a key"
    );
}

void write(const std::filesystem::path& path, X509* certificate) {
    const File file = open_to_write(path);
    require(PEM_write_X509(file.get(), certificate) == 1, "write a certificate");
}

Key new_key() {
    Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "make a key");
    return key;
}

bool is_address(const std::string& name) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
    }
    return text;
}

void add_extension(X509* to, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    require(extension != nullptr, value.c_str());
    require(X509_add_ext(to, extension.get(), -1) == 1, value.c_str());
}

/// Random: two authorities of one test must not give out the same serial number.
long new_serial() {
    long serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 7) == 1, "make a serial number");
    return serial;
}

Certificate new_certificate(const CertificateRequest& request, EVP_PKEY* key) {
    Certificate made(X509_new());
    require(made != nullptr, "make a certificate");
    constexpr long kVersion3 = 2;
    X509_set_version(made.get(), kVersion3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), new_serial());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), request.from.count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), request.until.count());
    X509_set_pubkey(made.get(), key);
    const auto* name = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
    require(
        X509_NAME_add_entry_by_txt(
            X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, name, -1, -1, 0
        ) == 1,
        "name a certificate"
    );
    return made;
}

}  // namespace

struct CertificateAuthority::Keys {
    Key key;
    Certificate certificate;
};

CertificateAuthority::CertificateAuthority(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)), keys_(std::make_unique<Keys>()) {
    keys_->key = new_key();
    const CertificateRequest request{.common_name = "foz test " + name_, .names = {}};
    keys_->certificate = new_certificate(request, keys_->key.get());
    X509* own = keys_->certificate.get();
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(own, own, NID_subject_key_identifier, "hash");
    require(X509_sign(own, keys_->key.get(), EVP_sha256()) > 0, "sign the authority");
    write(certificate(), own);
    write_crl();
}

CertificateAuthority::~CertificateAuthority() = default;

std::filesystem::path CertificateAuthority::certificate() const {
    return folder_ / (name_ + ".crt");
}

std::filesystem::path CertificateAuthority::crl() const {
    return folder_ / (name_ + ".crl");
}

CertificateFiles CertificateAuthority::issue(
    std::string_view file, const CertificateRequest& request
) {
    const Key key = new_key();
    const Certificate made = new_certificate(request, key.get());
    X509* issuer = keys_->certificate.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), issuer, NID_authority_key_identifier, "keyid");
    if (request.names.empty()) {
        add_extension(made.get(), issuer, NID_ext_key_usage, "clientAuth");
    } else {
        add_extension(made.get(), issuer, NID_ext_key_usage, "serverAuth");
        add_extension(made.get(), issuer, NID_subject_alt_name, alternative_names(request.names));
    }
    require(X509_sign(made.get(), keys_->key.get(), EVP_sha256()) > 0, "sign a certificate");
    const std::filesystem::path base = folder_ / file;
    const CertificateFiles files{base.string() + ".crt", base.string() + ".key"};
    write(files.certificate, made.get());
    write(files.key, key.get());
    return files;
}

void CertificateAuthority::revoke(const CertificateFiles& files) {
    const File file(std::fopen(files.certificate.c_str(), "r"));
    require(file != nullptr, files.certificate.c_str());
    const Certificate read(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
    require(read != nullptr, files.certificate.c_str());
    revoked_.push_back(ASN1_INTEGER_get(X509_get0_serialNumber(read.get())));
    write_crl();
}

void CertificateAuthority::write_crl() {
    const RevocationList list(X509_CRL_new());
    require(list != nullptr, "make a revocation list");
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(keys_->certificate.get()));
    const Time now(X509_gmtime_adj(nullptr, -60));
    const Time next(X509_gmtime_adj(nullptr, 24L * 3600));
    X509_CRL_set1_lastUpdate(list.get(), now.get());
    X509_CRL_set1_nextUpdate(list.get(), next.get());
    for (const long serial : revoked_) {
        X509_REVOKED* entry = X509_REVOKED_new();
        ASN1_INTEGER* number = ASN1_INTEGER_new();
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(entry, number);
        X509_REVOKED_set_revocationDate(entry, now.get());
        ASN1_INTEGER_free(number);
        X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_sort(list.get());
    require(X509_CRL_sign(list.get(), keys_->key.get(), EVP_sha256()) > 0, "sign a list");
    const File file = open_to_write(crl());
    require(PEM_write_X509_CRL(file.get(), list.get()) == 1, "write a revocation list");
}

}  // namespace foz::support
