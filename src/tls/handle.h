// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL's objects, for headers that need not know OpenSSL.
#pragma once

#include <memory>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct X509_crl_st;
struct evp_pkey_st;

namespace foz::tls {

struct FreeHandle {
    void operator()(ssl_ctx_st* context) const noexcept;
    void operator()(ssl_st* connection) const noexcept;
    void operator()(x509_st* certificate) const noexcept;
    void operator()(X509_crl_st* list) const noexcept;
    void operator()(evp_pkey_st* key) const noexcept;
};

template <class T>
using Handle = std::unique_ptr<T, FreeHandle>;

}  // namespace foz::tls
