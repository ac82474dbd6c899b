// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: a resolver whose name servers never answer, for names that begin with "hangs.".
#include <cstdio>
#include <string_view>

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the reserved ones of glibc
extern "C" int getaddrinfo(
        const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    if (node != nullptr && std::string_view(node).starts_with("hangs.")) {
        std::fputs("a lookup hangs\n", stderr);
        for (;;) {
            ::pause();
        }
    }
    using Real = int(const char*, const char*, const addrinfo*, addrinfo**);
    auto* const real = reinterpret_cast<Real*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(node, service, hints, found);
}
