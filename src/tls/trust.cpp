// SPDX-License-Identifier: Apache-2.0
#include "tls/trust.h"

#include <algorithm>
#include <ctime>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "tls/openssl_error.h"
#include "tls/pem.h"

namespace foz::tls {
namespace {

bool is_of_one_of(const X509_CRL* list, const std::vector<Handle<X509>>& authorities) {
    return std::ranges::any_of(authorities, [&](const Handle<X509>& authority) {
        return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(authority.get())) ==
                       0 &&
               X509_CRL_verify(const_cast<X509_CRL*>(list), X509_get0_pubkey(authority.get())) == 1;
    });
}

void warn_of_list_date(const X509_CRL* list, const std::string& file, SystemTime now,
        std::vector<std::string>& warnings) {
    std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list);
    if (next != nullptr && X509_cmp_time(next, &seconds) < 0) {
        warnings.push_back(
                fmt::format("crl {} is out of date: what it lists is refused, but certificates may "
                            "have been revoked since; get the CA's new list",
                        file));
    }
}

Result<void> use_lists(X509_STORE* store, const std::string& file,
        const std::vector<Handle<X509>>& authorities, SystemTime now,
        std::vector<std::string>& warnings) {
    const auto lists = read_revocation_lists(file);
    if (!lists) {
        return std::unexpected(lists.error());
    }
    for (const Handle<X509_CRL>& list : *lists) {
        if (!is_of_one_of(list.get(), authorities)) {
            ERR_clear_error();
            return fail(ErrorCode::invalid,
                    "crl {} is not from the CA whose certificates it is to revoke; take the list "
                    "that this CA made",
                    file);
        }
        warn_of_list_date(list.get(), file, now, warnings);
        FOZ_CHECK(X509_STORE_add_crl(store, list.get()) == 1);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

}  // namespace

Handle<ssl_ctx_st> make_context(bool server) {
    Handle<SSL_CTX> context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    FOZ_CHECK(context != nullptr);
    constexpr long kCertificateBytesMax = 32 << 10;  // of a peer whom nobody knows yet
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    // The certificate's file is the chain that is sent: nothing is looked for among the trusted.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_max_cert_list(context.get(), kCertificateBytesMax);
    // Sessions are resumed by tickets, which the client keeps.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

Result<CertificateFacts> use_identity(
        ssl_ctx_st* context, const std::string& certificate, const std::string& key) {
    const auto chain = read_certificates(certificate, "certificate");
    if (!chain) {
        return std::unexpected(chain.error());
    }
    const auto private_key = read_private_key(key);
    if (!private_key) {
        return std::unexpected(private_key.error());
    }
    X509* own = chain->front().get();
    const CertificateFacts facts = facts_of(own);
    if (X509_check_private_key(own, private_key->get()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::invalid,
                "key {} is not the key of certificate {} (\"{}\"): take the two files that were "
                "made together{}",
                key, certificate, facts.name,
                facts.authority ? "; this certificate is a CA's" : "");
    }
    bool used = SSL_CTX_use_certificate(context, own) == 1 &&
                SSL_CTX_use_PrivateKey(context, private_key->get()) == 1;
    for (std::size_t i = 1; used && i < chain->size(); ++i) {
        used = SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1;
    }
    if (!used) {
        return fail(ErrorCode::invalid, "certificate {} ({}) cannot be used: {}", certificate,
                facts.key, take_openssl_reason());
    }
    return facts;
}

Result<void> use_trust(ssl_ctx_st* context, const TrustFiles& files, SystemTime now,
        std::vector<std::string>& warnings) {
    const auto authorities = read_certificates(files.authorities, files.what);
    if (!authorities) {
        return std::unexpected(authorities.error());
    }
    std::vector<std::string> out_of_date;
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (const Handle<X509>& authority : *authorities) {
        FOZ_CHECK(X509_STORE_add_cert(store, authority.get()) == 1);
        if (SSL_CTX_get_ssl_method(context) == TLS_server_method()) {
            // So that a client with several certificates knows which one is wanted.
            FOZ_CHECK(SSL_CTX_add_client_CA(context, authority.get()) == 1);
        }
        warn_of_dates(facts_of(authority.get()), files.authorities, now, out_of_date);
    }
    // A bundle such as the system's always has some old ones; the others still do.
    if (out_of_date.size() == authorities->size()) {
        warnings.insert(warnings.end(), out_of_date.begin(), out_of_date.end());
    }
    // An intermediate CA may stand there without its root.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return files.crl ? use_lists(store, *files.crl, *authorities, now, warnings) : Result<void>();
}

void warn_of_dates(const CertificateFacts& facts, const std::string& file, SystemTime now,
        std::vector<std::string>& warnings) {
    constexpr std::chrono::days kSoon(14);
    if (now < facts.not_before || now + kSoon > facts.not_after) {
        warnings.push_back(fmt::format(
                "certificate {} (\"{}\") is {}", file, facts.name, validity_text(facts, now)));
    }
}

}  // namespace foz::tls
