// SPDX-License-Identifier: Apache-2.0
#include "tls/handle.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace foz::tls {

void FreeHandle::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}
void FreeHandle::operator()(ssl_st* connection) const noexcept {
    SSL_free(connection);
}
void FreeHandle::operator()(x509_st* certificate) const noexcept {
    X509_free(certificate);
}
void FreeHandle::operator()(X509_crl_st* list) const noexcept {
    X509_CRL_free(list);
}
void FreeHandle::operator()(evp_pkey_st* key) const noexcept {
    EVP_PKEY_free(key);
}

}  // namespace foz::tls
