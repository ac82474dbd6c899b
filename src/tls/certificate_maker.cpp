// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_maker.h"

#include <algorithm>
#include <string_view>

#include <fmt/ranges.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "tls/certificate_facts.h"
#include "tls/openssl_error.h"

namespace foz::tls {
namespace {

using std::string_view;

struct Extension {
    int kind = 0;
    string_view value;
};

constexpr Extension kOfAuthorities[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};
constexpr Extension kOfServers[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};
constexpr Extension kOfDevices[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "clientAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

std::span<const Extension> extensions_for(CertificateUse use) {
    switch (use) {
        case CertificateUse::authority: return kOfAuthorities;
        case CertificateUse::server: return kOfServers;
        case CertificateUse::device: return kOfDevices;
    }
    return {};
}

std::time_t seconds_of(SystemTime time) {
    return std::chrono::system_clock::to_time_t(time);
}

void set_serial(X509* certificate) {
    unsigned char bytes[16];
    FOZ_CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    // Positive, and of the same length always.
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);
    BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
    FOZ_CHECK(number != nullptr &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
    BN_free(number);
}

void add_extension(X509* certificate, X509V3_CTX* context, int kind, const std::string& value) {
    X509_EXTENSION* made = X509V3_EXT_nconf_nid(nullptr, context, kind, value.c_str());
    FOZ_CHECK(made != nullptr && X509_add_ext(certificate, made, -1) == 1);
    X509_EXTENSION_free(made);
}

void add_extensions(X509* certificate, const CertificateContent& content, const Signer& signer) {
    X509V3_CTX context;
    // OpenSSL only reads the issuer.
    X509* issuer =
            signer.certificate != nullptr ? const_cast<X509*>(signer.certificate) : certificate;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    for (const Extension& extension : extensions_for(content.use)) {
        add_extension(certificate, &context, extension.kind, std::string(extension.value));
    }
    if (!content.alternative_names.empty()) {
        add_extension(certificate, &context, NID_subject_alt_name,
                fmt::format("{}", fmt::join(content.alternative_names, ",")));
    }
}

X509_REVOKED* revoked_entry(const RevokedSerial& revoked) {
    BIGNUM* number = nullptr;
    if (BN_hex2bn(&number, revoked.serial.c_str()) == 0) {
        return nullptr;
    }
    X509_REVOKED* entry = X509_REVOKED_new();
    ASN1_INTEGER* serial = BN_to_ASN1_INTEGER(number, nullptr);
    ASN1_TIME* time = ASN1_TIME_set(nullptr, seconds_of(revoked.revoked));
    FOZ_CHECK(entry != nullptr && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
              X509_REVOKED_set_revocationDate(entry, time) == 1);
    ASN1_TIME_free(time);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return entry;
}

void set_list_times(X509_CRL* list, SystemTime now, const Signer& signer) {
    ASN1_TIME* from = ASN1_TIME_set(nullptr, seconds_of(now));
    FOZ_CHECK(X509_CRL_set1_lastUpdate(list, from) == 1 &&
              X509_CRL_set1_nextUpdate(list, X509_get0_notAfter(signer.certificate)) == 1);
    ASN1_TIME_free(from);
}

/// Version 2 of the list must have a number that grows [RFC 5280, 5.2.3]: the time.
void add_list_extensions(X509_CRL* list, SystemTime now, const Signer& signer) {
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
    FOZ_CHECK(number != nullptr && ASN1_INTEGER_set_int64(number, milliseconds.count()) == 1 &&
              X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1);
    ASN1_INTEGER_free(number);
    X509V3_CTX context;
    X509V3_set_ctx(&context, const_cast<X509*>(signer.certificate), nullptr, nullptr, list, 0);
    X509_EXTENSION* identifier =
            X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always");
    FOZ_CHECK(identifier != nullptr && X509_CRL_add_ext(list, identifier, -1) == 1);
    X509_EXTENSION_free(identifier);
}

}  // namespace

Handle<evp_pkey_st> make_key() {
    Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
    FOZ_CHECK(key != nullptr);
    return key;
}

Result<Handle<x509_st>> make_certificate(
        const CertificateContent& content, evp_pkey_st* key, const Signer& signer) {
    Handle<X509> made(X509_new());
    FOZ_CHECK(made != nullptr);
    X509_set_version(made.get(), X509_VERSION_3);
    set_serial(made.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    const auto* name = reinterpret_cast<const unsigned char*>(content.name.data());
    const int size = static_cast<int>(content.name.size());
    if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, size, -1, 0) !=
            1) {
        return fail(ErrorCode::invalid, "\"{}\" cannot be the name (CN) of a certificate: {}",
                content.name, take_openssl_reason());
    }
    const bool itself = signer.certificate == nullptr;
    X509_set_issuer_name(made.get(), itself ? subject : X509_get_subject_name(signer.certificate));
    ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds_of(content.not_before));
    ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds_of(content.not_after));
    FOZ_CHECK(X509_set_pubkey(made.get(), key) == 1);
    add_extensions(made.get(), content, signer);
    FOZ_CHECK(X509_sign(made.get(), signer.key, EVP_sha256()) > 0);
    return made;
}

Result<Handle<X509_crl_st>> make_revocation_list(
        std::span<const RevokedSerial> revoked, SystemTime now, const Signer& signer) {
    Handle<X509_CRL> list(X509_CRL_new());
    FOZ_CHECK(list != nullptr && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(signer.certificate));
    set_list_times(list.get(), now, signer);
    for (const RevokedSerial& one : revoked) {
        X509_REVOKED* entry = revoked_entry(one);
        if (entry == nullptr) {
            return fail(ErrorCode::corrupt, "\"{}\" is no serial number", one.serial);
        }
        FOZ_CHECK(X509_CRL_add0_revoked(list.get(), entry) == 1);
    }
    add_list_extensions(list.get(), now, signer);
    X509_CRL_sort(list.get());
    FOZ_CHECK(X509_CRL_sign(list.get(), signer.key, EVP_sha256()) > 0);
    return list;
}

}  // namespace foz::tls
