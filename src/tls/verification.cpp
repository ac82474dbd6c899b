// SPDX-License-Identifier: Apache-2.0
#include "tls/verification.h"

#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/check.h"

namespace foz::tls {
namespace {

void free_failed(
        void* /*connection*/, void* stored, CRYPTO_EX_DATA* /*all*/, int /*index*/, long, void*) {
    delete static_cast<FailedVerification*>(stored);
}

/// The place in an SSL where its FailedVerification is.
int storage_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_failed);
    FOZ_CHECK(index >= 0);
    return index;
}

/// Whether a CA is trusted that is called as the issuer of `certificate` is.
bool trusts_namesake(X509_STORE_CTX* context, const X509* certificate) {
    STACK_OF(X509)* found = X509_STORE_CTX_get1_certs(context, X509_get_issuer_name(certificate));
    const bool any = sk_X509_num(found) > 0;
    sk_X509_pop_free(found, X509_free);
    return any;
}

FailedVerification failure_in(X509_STORE_CTX* context) {
    FailedVerification failed;
    failed.error = X509_STORE_CTX_get_error(context);
    failed.authority = X509_STORE_CTX_get_error_depth(context) > 0;
    if (const X509* at_fault = X509_STORE_CTX_get_current_cert(context)) {
        failed.certificate = facts_of(at_fault);
        failed.namesake = trusts_namesake(context, at_fault);
    }
    const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
    for (int i = 0; i < sk_X509_num(sent); ++i) {
        failed.chain.push_back(facts_of(sk_X509_value(sent, i)));
    }
    return failed;
}

/// `the client's certificate "esp32-1" (serial 0A)`
std::string own_certificate(const CertificateFacts& own, Role role) {
    return fmt::format("{} \"{}\" (serial {})",
            role == Role::server ? "the client's certificate" : "the broker's certificate",
            own.name, own.serial);
}

std::string whose(const FailedVerification& failed, Role role) {
    return failed.authority ? fmt::format("the CA certificate \"{}\"", failed.certificate.name)
                            : own_certificate(failed.certificate, role);
}

std::string untrusted(const FailedVerification& failed, Role role) {
    const bool sent = !failed.chain.empty();
    const std::string_view advice = role == Role::server
                                            ? "put that CA's certificate into client_ca, or give "
                                              "the client a certificate of a CA that is there"
                                            : "set \"ca\" of tls to that CA's certificate, if this "
                                              "is the broker that you mean";
    return fmt::format("{} comes from the CA \"{}\", which is not trusted here{}: {}",
            own_certificate(sent ? failed.chain.front() : failed.certificate, role),
            sent ? failed.chain.back().issuer : failed.certificate.issuer,
            failed.namesake ? " (another one of that name is, with another key)" : "", advice);
}

std::string outside_its_dates(const FailedVerification& failed, SystemTime now) {
    if (failed.error == X509_V_ERR_CERT_NOT_YET_VALID) {
        return fmt::format(
                "is not valid before {}, and this machine's date is {}: set this machine's clock",
                date_text(failed.certificate.not_before), date_text(now));
    }
    return fmt::format("{} (this machine's date is {}): renew it, or set this machine's clock",
            validity_text(failed.certificate, now), date_text(now));
}

std::string wrong_host(const FailedVerification& failed, std::string_view host) {
    const CertificateFacts& own = failed.certificate;
    return fmt::format(
            "is for {}, not for {}: connect by a name that it has, or say in server_name of tls "
            "which one it is to have",
            own.names.empty() ? own.name : fmt::format("{}", fmt::join(own.names, ", ")), host);
}

}  // namespace

int remember_verification(int good, x509_store_ctx_st* context) {
    if (good == 1) {
        return 1;
    }
    if (X509_STORE_CTX_get_error(context) == X509_V_ERR_CRL_HAS_EXPIRED) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    auto* connection = static_cast<SSL*>(
            X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (connection != nullptr && SSL_get_ex_data(connection, storage_index()) == nullptr) {
        auto failed = std::make_unique<FailedVerification>(failure_in(context));
        if (SSL_set_ex_data(connection, storage_index(), failed.get()) == 1) {
            (void)failed.release();  // free_failed deletes it with the connection
        }
    }
    return 0;
}

const FailedVerification* failed_verification(const ssl_st* connection) {
    return static_cast<const FailedVerification*>(SSL_get_ex_data(connection, storage_index()));
}

std::string explain_verification(
        const FailedVerification& failed, Role role, std::string_view host, SystemTime now) {
    const auto says = [&](std::string_view what) {
        return fmt::format("{} {}", whose(failed, role), what);
    };
    switch (failed.error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID: return says(outside_its_dates(failed, now));
        case X509_V_ERR_CERT_REVOKED:
            return says(role == Role::server ? "was revoked by its CA: the client needs a new one"
                                             : "was revoked by its CA: the broker needs a new one, "
                                               "and what answers there may not be that broker");
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return says(wrong_host(failed, host));
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return says(role == Role::server ? "is self-signed and not in client_ca"
                                             : "is self-signed and not trusted here: if it is the "
                                               "right one, set \"ca\" of tls to it");
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return untrusted(failed, role);
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return says("was not signed by the CA that it names: there is another CA of that name");
        case X509_V_ERR_INVALID_PURPOSE:
            return says(role == Role::server ? "is not made for clients (extendedKeyUsage): `foz "
                                               "certs device` makes one"
                                             : "is not made for servers (extendedKeyUsage)");
        case X509_V_ERR_UNABLE_TO_GET_CRL:
            return says(
                    fmt::format("cannot be checked: crl has no revocation list of its CA \"{}\"",
                            failed.certificate.issuer));
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK:
            return says(fmt::format("is too weak ({}, {}): make a new one", failed.certificate.key,
                    X509_verify_cert_error_string(failed.error)));
        default:
            return says(fmt::format(
                    "cannot be verified: {}", X509_verify_cert_error_string(failed.error)));
    }
}

}  // namespace foz::tls
