// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_authority.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <openssl/x509.h>

#include "tls/certificate_facts.h"
#include "tls/certificate_maker.h"
#include "tls/certificate_names.h"
#include "tls/pem.h"

namespace foz::tls {

/// A certificate that is about to be made.
struct CertificateAuthority::Draft {
    std::string name;
    CertificateKind kind = CertificateKind::device;
    std::vector<std::string> alternative_names;
    std::chrono::days validity{};
    bool overwrite = false;
};

namespace {

constexpr std::chrono::hours kClocksDiffer(1);

}  // namespace

Result<CertificateAuthority> CertificateAuthority::create(
        const std::filesystem::path& folder, const AuthorityRequest& request, const Clock& clock) {
    CertificateAuthority made(folder, clock);
    if (!request.overwrite && made.folder_.has_authority()) {
        return fail(ErrorCode::invalid,
                "there is a CA in {} already; --force replaces it, and what it issued is worth "
                "nothing then",
                folder.string());
    }
    auto ready = made.folder_.make();
    if (ready) {
        ready = made.folder_.lock();
    }
    if (!ready) {
        return pass_on(ready);
    }
    const SystemTime now = clock.system_now();
    made.key_ = make_key();
    auto certificate = make_certificate({.name = request.name,
                                            .use = CertificateUse::authority,
                                            .alternative_names = {},
                                            .not_before = now - kClocksDiffer,
                                            .not_after = now + request.validity},
            made.key_.get(), {.certificate = nullptr, .key = made.key_.get()});
    if (!certificate) {
        return pass_on(certificate);
    }
    made.certificate_ = std::move(*certificate);
    auto written = made.folder_.write_authority(made.certificate_.get(), made.key_.get());
    if (written) {
        written = made.write_list({});
    }
    if (!written) {
        return pass_on(written);
    }
    return made;
}

Result<CertificateAuthority> CertificateAuthority::open(
        const std::filesystem::path& folder, const Clock& clock) {
    CertificateAuthority opened(folder, clock);
    if (!opened.folder_.has_authority()) {
        return fail(ErrorCode::not_found,
                "there is no CA in {}; `foz certs init` makes one, and --dir says where it is",
                folder.string());
    }
    if (auto locked = opened.folder_.lock(); !locked) {
        return pass_on(locked);
    }
    auto certificate = opened.folder_.authority_certificate();
    if (!certificate) {
        return pass_on(certificate);
    }
    auto key = opened.folder_.authority_key();
    if (!key) {
        return pass_on(key);
    }
    opened.certificate_ = std::move(*certificate);
    opened.key_ = std::move(*key);
    return opened;
}

Result<MadeCertificate> CertificateAuthority::sign(const Draft& draft, evp_pkey_st* key) const {
    const SystemTime now = clock_->system_now();
    CertificateContent content;
    content.name = draft.name;
    content.use =
            draft.kind == CertificateKind::server ? CertificateUse::server : CertificateUse::device;
    content.alternative_names = draft.alternative_names;
    content.not_before = now - kClocksDiffer;
    content.not_after =
            std::min<SystemTime>(now + draft.validity, facts_of(certificate_.get()).not_after);
    const auto certificate =
            make_certificate(content, key, {.certificate = certificate_.get(), .key = key_.get()});
    if (!certificate) {
        return std::unexpected(certificate.error());
    }
    MadeCertificate made;
    made.certificate = to_pem(certificate->get());
    made.issued.name = draft.name;
    made.issued.kind = draft.kind;
    made.issued.serial = facts_of(certificate->get()).serial;
    made.issued.file = certificate_file(draft.kind, draft.name);
    made.issued.not_after = content.not_after;
    return made;
}

Result<void> CertificateAuthority::check_free(std::span<const Draft> drafts) const {
    const auto all = list();
    if (!all) {
        return std::unexpected(all.error());
    }
    std::unordered_set<std::string_view> valid;
    for (const IssuedCertificate& issued : *all) {
        if (issued.status == CertificateStatus::valid) {
            valid.insert(issued.name);
        }
    }
    std::unordered_set<std::string_view> wanted;
    for (const Draft& draft : drafts) {
        if (auto usable = check_certificate_name(draft.name); !usable) {
            return usable;
        }
        if (!wanted.insert(draft.name).second) {
            return fail(ErrorCode::invalid, "\"{}\" is asked for twice", draft.name);
        }
        const bool taken =
                valid.contains(draft.name) || folder_.has_files_of(draft.kind, draft.name);
        if (taken && !draft.overwrite) {
            return fail(ErrorCode::invalid,
                    "\"{}\" has a certificate already; `foz certs renew {}` makes a new one for "
                    "the same key, --force one with a new key",
                    draft.name, draft.name);
        }
    }
    return {};
}

Result<std::vector<IssuedCertificate>> CertificateAuthority::issue(std::span<const Draft> drafts) {
    if (auto allowed = check_free(drafts); !allowed) {
        return pass_on(allowed);
    }
    std::vector<MadeCertificate> all;
    std::vector<IssuedCertificate> issued;
    for (const Draft& draft : drafts) {
        const Handle<evp_pkey_st> key = make_key();
        auto made = sign(draft, key.get());
        if (!made) {
            return pass_on(made);
        }
        made->key = to_pem(key.get());
        issued.push_back(made->issued);
        all.push_back(std::move(*made));
    }
    if (auto entered = folder_.enter(all); !entered) {
        return pass_on(entered);
    }
    return issued;
}

Result<IssuedCertificate> CertificateAuthority::issue_server(const ServerRequest& request) {
    auto names = alternative_names(request.names, request.addresses);
    if (!names) {
        return pass_on(names);
    }
    if (names->empty()) {
        return fail(ErrorCode::invalid, "a server needs a name (--name) or an address (--address)");
    }
    const Draft draft{
        .name = request.names.empty() ? request.addresses.front() : request.names.front(),
        .kind = CertificateKind::server,
        .alternative_names = std::move(*names),
        .validity = request.validity,
        .overwrite = request.overwrite,
    };
    auto issued = issue({&draft, 1});
    if (!issued) {
        return pass_on(issued);
    }
    return std::move(issued->front());
}

Result<std::vector<IssuedCertificate>> CertificateAuthority::issue_devices(
        const DeviceRequest& request) {
    std::vector<Draft> drafts;
    drafts.reserve(request.ids.size());
    for (const std::string& id : request.ids) {
        drafts.push_back({
            .name = id,
            .kind = CertificateKind::device,
            .alternative_names = {},
            .validity = request.validity,
            .overwrite = request.overwrite,
        });
    }
    return issue(drafts);
}

Result<IssuedCertificate> CertificateAuthority::renew(
        const std::string& name, std::optional<std::chrono::days> validity) {
    const auto all = list();
    if (!all) {
        return std::unexpected(all.error());
    }
    const auto last = std::find_if(all->rbegin(), all->rend(),
            [&](const IssuedCertificate& one) { return one.name == name; });
    if (last == all->rend()) {
        return fail(ErrorCode::not_found, "there is no certificate \"{}\" to renew", name);
    }
    if (last->status == CertificateStatus::revoked) {
        return fail(ErrorCode::invalid,
                "the certificate of \"{}\" was revoked; make it a new one, with --force", name);
    }
    const auto old = folder_.certificate(*last);
    if (!old) {
        return std::unexpected(old.error());
    }
    const bool server = last->kind == CertificateKind::server;
    const Draft draft{
        .name = name,
        .kind = last->kind,
        .alternative_names = alternative_names_again(facts_of(old->get())),
        .validity = validity.value_or(server ? ServerRequest().validity : DeviceRequest().validity),
        .overwrite = true,
    };
    auto made = sign(draft, X509_get0_pubkey(old->get()));
    if (!made) {
        return pass_on(made);
    }
    if (auto entered = folder_.enter({&*made, 1}); !entered) {
        return pass_on(entered);
    }
    return std::move(made->issued);
}

Result<void> CertificateAuthority::write_list(std::span<const IssuedCertificate> all) {
    std::vector<RevokedSerial> revoked;
    for (const IssuedCertificate& one : all) {
        if (one.status == CertificateStatus::revoked) {
            revoked.push_back({one.serial, one.revoked});
        }
    }
    const auto made = make_revocation_list(
            revoked, clock_->system_now(), {.certificate = certificate_.get(), .key = key_.get()});
    if (!made) {
        return std::unexpected(made.error());
    }
    return folder_.write_revocation_list(made->get());
}

Result<void> CertificateAuthority::revoke(std::span<const std::string> names) {
    auto all = list();
    if (!all) {
        return pass_on(all);
    }
    std::unordered_map<std::string_view, std::size_t> counts;
    for (const std::string& name : names) {
        counts.emplace(name, 0);
    }
    for (IssuedCertificate& one : *all) {
        const auto asked = counts.find(one.name);
        if (asked != counts.end() && one.status == CertificateStatus::valid) {
            one.status = CertificateStatus::revoked;
            one.revoked = clock_->system_now();
            ++asked->second;
        }
    }
    for (const std::string& name : names) {
        if (counts[name] == 0) {
            return fail(ErrorCode::not_found,
                    "\"{}\" has no valid certificate; nothing was revoked", name);
        }
    }
    // The list first: after a crash between the two, revoking again does both.
    if (auto written = write_list(*all); !written) {
        return written;
    }
    return folder_.write_index(*all);
}

Result<std::vector<IssuedCertificate>> CertificateAuthority::list() const {
    return folder_.list(clock_->system_now());
}

}  // namespace foz::tls
