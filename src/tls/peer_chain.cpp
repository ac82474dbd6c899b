// SPDX-License-Identifier: Apache-2.0
#include "tls/peer_chain.h"

#include <openssl/ssl.h>

#include "tls/verification.h"

namespace foz::tls {

std::vector<CertificateFacts> peer_chain(const ssl_st* connection) {
    if (const FailedVerification* failed = failed_verification(connection)) {
        return failed->chain;
    }
    std::vector<CertificateFacts> chain;
    // A server's view of the chain lacks the client's own certificate.
    if (SSL_is_server(connection) != 0) {
        if (const X509* own = SSL_get0_peer_certificate(connection)) {
            chain.push_back(facts_of(own));
        }
    }
    const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(connection);
    for (int i = 0; i < sk_X509_num(sent); ++i) {
        chain.push_back(facts_of(sk_X509_value(sent, i)));
    }
    return chain;
}

}  // namespace foz::tls
