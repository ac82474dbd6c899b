// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_folder.h"

#include <utility>

#include "tls/certificate_names.h"
#include "tls/pem.h"
#include "tls/private_file.h"

namespace foz::tls {
namespace {

constexpr std::uint64_t kIndexBytesMax = 1ULL << 30;

std::filesystem::path key_beside(std::filesystem::path certificate) {
    return certificate.replace_extension(".key");
}

Result<Handle<x509_st>> first_certificate(const std::filesystem::path& path) {
    auto certificates = read_certificates(path.string(), "certificate");
    if (!certificates) {
        return pass_on(certificates);
    }
    return std::move(certificates->front());
}

}  // namespace

bool CertificateFolder::has_authority() const {
    return std::filesystem::exists(path_ / "ca.key") || std::filesystem::exists(path_ / "ca.crt");
}

Result<void> CertificateFolder::make() const {
    for (const auto& part : {path_, path_ / "servers", path_ / "devices"}) {
        if (auto there = make_private_folder(part); !there) {
            return there;
        }
    }
    return {};
}

Result<void> CertificateFolder::lock() {
    auto locked = real_file_system().lock(path_ / ".lock");
    if (!locked) {
        return pass_on(locked);
    }
    lock_ = std::move(*locked);
    return {};
}

Result<void> CertificateFolder::write_authority(
        const x509_st* certificate, const evp_pkey_st* key) const {
    auto written = write_private_file(path_ / "ca.key", to_pem(key), kOwnerOnly);
    if (!written) {
        return written;
    }
    written = write_index({});
    return written ? write_private_file(path_ / "ca.crt", to_pem(certificate), kReadableByAll)
                   : written;
}

Result<Handle<x509_st>> CertificateFolder::authority_certificate() const {
    return first_certificate(path_ / "ca.crt");
}

Result<Handle<evp_pkey_st>> CertificateFolder::authority_key() const {
    return read_private_key((path_ / "ca.key").string());
}

Result<Handle<x509_st>> CertificateFolder::certificate(const IssuedCertificate& issued) const {
    return first_certificate(path_ / issued.file);
}

bool CertificateFolder::has_files_of(CertificateKind kind, const std::string& name) const {
    const std::filesystem::path file = path_ / certificate_file(kind, name);
    return std::filesystem::exists(file) || std::filesystem::exists(key_beside(file));
}

// The index first: what is on disk can be revoked.
Result<void> CertificateFolder::enter(std::span<const MadeCertificate> made) const {
    const std::filesystem::path index = path_ / "index.txt";
    auto content = read_file(real_file_system(), index, kIndexBytesMax);
    if (!content) {
        return pass_on(content);
    }
    for (const MadeCertificate& one : made) {
        *content += index_line(one.issued);
    }
    if (auto written = write_private_file(index, *content, kOwnerOnly); !written) {
        return written;
    }
    for (const MadeCertificate& one : made) {
        const std::filesystem::path file = path_ / one.issued.file;
        Result<void> written;
        if (!one.key.empty()) {
            written = write_unsynced_file(key_beside(file), one.key, kOwnerOnly);
        }
        if (written) {
            written = write_unsynced_file(file, one.certificate, kReadableByAll);
        }
        if (!written) {
            return written;
        }
    }
    return sync_files(path_);
}

Result<void> CertificateFolder::write_index(std::span<const IssuedCertificate> all) const {
    std::string index;
    for (const IssuedCertificate& one : all) {
        index += index_line(one);
    }
    return write_private_file(path_ / "index.txt", index, kOwnerOnly);
}

Result<void> CertificateFolder::write_revocation_list(const X509_crl_st* list) const {
    return write_private_file(path_ / "crl.pem", to_pem(list), kReadableByAll);
}

Result<std::vector<IssuedCertificate>> CertificateFolder::list(SystemTime now) const {
    const std::filesystem::path index = path_ / "index.txt";
    const auto content = read_file(real_file_system(), index, kIndexBytesMax);
    if (!content) {
        return std::unexpected(content.error());
    }
    return parse_index(*content, index.string(), now);
}

}  // namespace foz::tls
