// SPDX-License-Identifier: Apache-2.0
// Fuzz target of a certificate authority's index.txt: what is accepted is the same when it is
// written by foz and read again.
#include <string>
#include <string_view>

#include "base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tls/certificate_index.h"

namespace foz::tls {
namespace {

using namespace std::chrono_literals;

constexpr SystemTime kNow = std::chrono::sys_days(2026y / 11 / 22);

bool is_same(const IssuedCertificate& one, const IssuedCertificate& other) {
    return one.name == other.name && one.kind == other.kind && one.status == other.status &&
           one.serial == other.serial && one.file == other.file &&
           one.not_after == other.not_after && one.revoked == other.revoked;
}

void try_input(std::string_view content) {
    const auto all = parse_index(content, "index.txt", kNow);
    if (!all) {
        FOZ_CHECK(all.error().code == ErrorCode::corrupt);
        FOZ_CHECK(all.error().message.starts_with("index.txt:"));
        return;
    }
    std::string written;
    for (const IssuedCertificate& issued : *all) {
        FOZ_CHECK(issued.status != CertificateStatus::expired || issued.not_after < kNow);
        written += index_line(issued);
    }
    const auto again = parse_index(written, "index.txt", kNow);
    FOZ_CHECK(again && again->size() == all->size());
    for (std::size_t i = 0; i < all->size(); ++i) {
        FOZ_CHECK(is_same((*all)[i], (*again)[i]));
    }
}

}  // namespace
}  // namespace foz::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::tls::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}
