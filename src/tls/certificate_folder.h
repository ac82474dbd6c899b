// SPDX-License-Identifier: Apache-2.0
// The folder of a certificate authority: its files, and the index of what it has issued. Every file
// is replaced as a whole, and a certificate is in the index before it is anywhere else: what exists
// can be revoked. One thread; lock() keeps other processes out. Errors are those of the files.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "tls/certificate_index.h"
#include "tls/handle.h"

namespace foz::tls {

/// One that was made, and is not written down yet.
struct MadeCertificate {
    IssuedCertificate issued;
    std::string certificate;  // PEM
    std::string key;          // PEM; empty: not ours to write
};

class CertificateFolder {
  public:
    explicit CertificateFolder(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] bool has_authority() const;

    /// With the folders in it.
    [[nodiscard]] Result<void> make() const;
    /// For this object's life. Error: unavailable when another process has it.
    [[nodiscard]] Result<void> lock();

    /// Begins a new index too.
    [[nodiscard]] Result<void> write_authority(
            const x509_st* certificate, const evp_pkey_st* key) const;
    [[nodiscard]] Result<Handle<x509_st>> authority_certificate() const;
    [[nodiscard]] Result<Handle<evp_pkey_st>> authority_key() const;

    /// In the order of issue; `now` decides what has expired.
    [[nodiscard]] Result<std::vector<IssuedCertificate>> list(SystemTime now) const;
    [[nodiscard]] Result<Handle<x509_st>> certificate(const IssuedCertificate& issued) const;
    [[nodiscard]] bool has_files_of(CertificateKind kind, const std::string& name) const;

    /// Adds them to the index, then writes their files.
    [[nodiscard]] Result<void> enter(std::span<const MadeCertificate> made) const;
    /// Replaces the index.
    [[nodiscard]] Result<void> write_index(std::span<const IssuedCertificate> all) const;
    [[nodiscard]] Result<void> write_revocation_list(const X509_crl_st* list) const;

  private:
    std::filesystem::path path_;
    std::unique_ptr<File> lock_;
};

}  // namespace foz::tls
