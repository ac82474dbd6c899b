// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_authority.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <arpa/inet.h>
#include <openssl/x509.h>

#include "tls/certificate_facts.h"
#include "tls/certificate_maker.h"
#include "tls/pem.h"
#include "tls/private_file.h"

namespace foz::tls {

/// A certificate that is about to be made.
struct CertificateAuthority::Draft {
    std::string name;
    CertificateKind kind = CertificateKind::device;
    std::vector<std::string> alternative_names;
    std::chrono::days validity{};
    bool overwrite = false;
};

/// One that was, and is not written down yet.
struct CertificateAuthority::Made {
    IssuedCertificate issued;
    std::string certificate;  // PEM
    std::string key;          // PEM; empty: not ours to write
};

namespace {

constexpr std::uint64_t kIndexBytesMax = 1ULL << 30;
constexpr std::chrono::hours kClocksDiffer(1);

/// Where a certificate goes: "servers/_wildcard.example.crt".
std::string file_of(CertificateKind kind, std::string name) {
    if (name.starts_with('*')) {
        name.replace(0, 1, "_wildcard");
    }
    return (kind == CertificateKind::server ? "servers/" : "devices/") + name + ".crt";
}

std::filesystem::path key_beside(std::filesystem::path certificate) {
    return certificate.replace_extension(".key");
}

/// A name becomes a CN, a file's name and a part of a line of the index.
Result<void> check_name(const std::string& name) {
    constexpr std::size_t kNameBytesMax = 64;  // of a CN [RFC 5280, appendix A]
    const bool odd = std::ranges::any_of(name, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f || letter == '/' || letter == '\\';
    });
    if (name.empty() || name.size() > kNameBytesMax || odd || name.starts_with('.') ||
        name.starts_with(' ') || name.ends_with(' ')) {
        return fail(
            ErrorCode::invalid,
            "\"{}\" cannot be the name of a certificate: it must have 1 to 64 bytes, no slash and "
            "no control character, and not begin with a dot or a space",
            name
        );
    }
    return {};
}

Result<std::string> dns_name(const std::string& name) {
    const std::string_view rest = std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    if (rest.empty() || rest.find_first_not_of(kLetters) != std::string_view::npos) {
        return fail(
            ErrorCode::invalid, "\"{}\" is no DNS name; an IP address goes to --address", name
        );
    }
    return "DNS:" + name;
}

Result<std::string> address_name(const std::string& address) {
    in6_addr parsed{};
    if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1 &&
        ::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) {
        return fail(
            ErrorCode::invalid, "\"{}\" is no IP address; a DNS name goes to --name", address
        );
    }
    return "IP:" + address;
}

Result<std::vector<std::string>> alternative_names(const ServerRequest& request) {
    std::vector<std::string> names;
    for (const std::string& name : request.names) {
        auto made = dns_name(name);
        if (!made) {
            return pass_on(made);
        }
        names.push_back(std::move(*made));
    }
    for (const std::string& address : request.addresses) {
        auto made = address_name(address);
        if (!made) {
            return pass_on(made);
        }
        names.push_back(std::move(*made));
    }
    return names;
}

std::vector<std::string> names_again(const CertificateFacts& facts) {
    std::vector<std::string> names;
    for (const std::string& name : facts.names) {
        names.push_back((address_name(name) ? "IP:" : "DNS:") + name);
    }
    return names;
}

Result<Handle<x509_st>> first_certificate(const std::filesystem::path& path) {
    auto certificates = read_certificates(path.string(), "certificate");
    if (!certificates) {
        return pass_on(certificates);
    }
    return std::move(certificates->front());
}

Result<void> write_authority(
    const std::filesystem::path& folder, const x509_st* certificate, const evp_pkey_st* key
) {
    auto written = write_private_file(folder / "ca.key", to_pem(key), kOwnerOnly);
    if (!written) {
        return written;
    }
    written = write_private_file(folder / "index.txt", "", kOwnerOnly);
    return written ? write_private_file(folder / "ca.crt", to_pem(certificate), kReadableByAll)
                   : written;
}

}  // namespace

Result<void> CertificateAuthority::lock() {
    auto locked = real_file_system().lock(folder_ / ".lock");
    if (!locked) {
        return pass_on(locked);
    }
    lock_ = std::move(*locked);
    return {};
}

Result<CertificateAuthority> CertificateAuthority::create(
    const std::filesystem::path& folder, const AuthorityRequest& request, const Clock& clock
) {
    CertificateAuthority made(folder, clock);
    if (!request.overwrite && (std::filesystem::exists(folder / "ca.key") ||
                               std::filesystem::exists(folder / "ca.crt"))) {
        return fail(
            ErrorCode::invalid,
            "there is a CA in {} already; --force replaces it, and what it issued is worth nothing "
            "then",
            folder.string()
        );
    }
    for (const auto& part : {folder, folder / "servers", folder / "devices"}) {
        if (auto there = make_private_folder(part); !there) {
            return pass_on(there);
        }
    }
    if (auto locked = made.lock(); !locked) {
        return pass_on(locked);
    }
    const SystemTime now = clock.system_now();
    made.key_ = make_key();
    auto certificate = make_certificate(
        {.name = request.name,
         .use = CertificateUse::authority,
         .alternative_names = {},
         .not_before = now - kClocksDiffer,
         .not_after = now + request.validity},
        made.key_.get(),
        {.certificate = nullptr, .key = made.key_.get()}
    );
    if (!certificate) {
        return pass_on(certificate);
    }
    made.certificate_ = std::move(*certificate);
    auto written = write_authority(folder, made.certificate_.get(), made.key_.get());
    if (written) {
        written = made.write_list({});
    }
    if (!written) {
        return pass_on(written);
    }
    return made;
}

Result<CertificateAuthority> CertificateAuthority::open(
    const std::filesystem::path& folder, const Clock& clock
) {
    if (!std::filesystem::exists(folder / "ca.crt")) {
        return fail(
            ErrorCode::not_found,
            "there is no CA in {}; `foz certs init` makes one, and --dir says where it is",
            folder.string()
        );
    }
    CertificateAuthority opened(folder, clock);
    if (auto locked = opened.lock(); !locked) {
        return pass_on(locked);
    }
    auto certificate = first_certificate(folder / "ca.crt");
    if (!certificate) {
        return pass_on(certificate);
    }
    auto key = read_private_key((folder / "ca.key").string());
    if (!key) {
        return pass_on(key);
    }
    opened.certificate_ = std::move(*certificate);
    opened.key_ = std::move(*key);
    return opened;
}

Result<CertificateAuthority::Made> CertificateAuthority::sign(const Draft& draft, evp_pkey_st* key)
    const {
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
    Made made;
    made.certificate = to_pem(certificate->get());
    made.issued.name = draft.name;
    made.issued.kind = draft.kind;
    made.issued.serial = facts_of(certificate->get()).serial;
    made.issued.file = file_of(draft.kind, draft.name);
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
        if (auto usable = check_name(draft.name); !usable) {
            return usable;
        }
        if (!wanted.insert(draft.name).second) {
            return fail(ErrorCode::invalid, "\"{}\" is asked for twice", draft.name);
        }
        const std::filesystem::path file = folder_ / file_of(draft.kind, draft.name);
        const bool taken = valid.contains(draft.name) || std::filesystem::exists(file) ||
                           std::filesystem::exists(key_beside(file));
        if (taken && !draft.overwrite) {
            return fail(
                ErrorCode::invalid,
                "\"{}\" has a certificate already; `foz certs renew {}` makes a new one for the "
                "same key, --force one with a new key",
                draft.name,
                draft.name
            );
        }
    }
    return {};
}

/// The index first: what is on disk can be revoked.
Result<void> CertificateAuthority::enter(std::span<const Made> made) {
    const std::filesystem::path index = folder_ / "index.txt";
    auto content = read_file(real_file_system(), index, kIndexBytesMax);
    if (!content) {
        return pass_on(content);
    }
    for (const Made& one : made) {
        *content += index_line(one.issued);
    }
    if (auto written = write_private_file(index, *content, kOwnerOnly); !written) {
        return written;
    }
    for (const Made& one : made) {
        const std::filesystem::path file = folder_ / one.issued.file;
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
    return sync_files(folder_);
}

Result<std::vector<IssuedCertificate>> CertificateAuthority::issue(std::span<const Draft> drafts) {
    if (auto allowed = check_free(drafts); !allowed) {
        return pass_on(allowed);
    }
    std::vector<Made> all;
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
    if (auto entered = enter(all); !entered) {
        return pass_on(entered);
    }
    return issued;
}

Result<IssuedCertificate> CertificateAuthority::issue_server(const ServerRequest& request) {
    auto names = alternative_names(request);
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
    const DeviceRequest& request
) {
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
    const std::string& name, std::optional<std::chrono::days> validity
) {
    const auto all = list();
    if (!all) {
        return std::unexpected(all.error());
    }
    const auto last = std::find_if(all->rbegin(), all->rend(), [&](const IssuedCertificate& one) {
        return one.name == name;
    });
    if (last == all->rend()) {
        return fail(ErrorCode::not_found, "there is no certificate \"{}\" to renew", name);
    }
    if (last->status == CertificateStatus::revoked) {
        return fail(
            ErrorCode::invalid,
            "the certificate of \"{}\" was revoked; make it a new one, with --force",
            name
        );
    }
    const auto old = first_certificate(folder_ / last->file);
    if (!old) {
        return std::unexpected(old.error());
    }
    const bool server = last->kind == CertificateKind::server;
    const Draft draft{
        .name = name,
        .kind = last->kind,
        .alternative_names = names_again(facts_of(old->get())),
        .validity = validity.value_or(server ? ServerRequest().validity : DeviceRequest().validity),
        .overwrite = true,
    };
    auto made = sign(draft, X509_get0_pubkey(old->get()));
    if (!made) {
        return pass_on(made);
    }
    if (auto entered = enter({&*made, 1}); !entered) {
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
        revoked, clock_->system_now(), {.certificate = certificate_.get(), .key = key_.get()}
    );
    if (!made) {
        return std::unexpected(made.error());
    }
    return write_private_file(folder_ / "crl.pem", to_pem(made->get()), kReadableByAll);
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
    std::string index;
    for (IssuedCertificate& one : *all) {
        const auto asked = counts.find(one.name);
        if (asked != counts.end() && one.status == CertificateStatus::valid) {
            one.status = CertificateStatus::revoked;
            one.revoked = clock_->system_now();
            ++asked->second;
        }
        index += index_line(one);
    }
    for (const std::string& name : names) {
        if (counts[name] == 0) {
            return fail(
                ErrorCode::not_found, "\"{}\" has no valid certificate; nothing was revoked", name
            );
        }
    }
    // The list first: after a crash between the two, revoking again does both.
    if (auto written = write_list(*all); !written) {
        return written;
    }
    return write_private_file(folder_ / "index.txt", index, kOwnerOnly);
}

Result<std::vector<IssuedCertificate>> CertificateAuthority::list() const {
    const std::filesystem::path index = folder_ / "index.txt";
    const auto content = read_file(real_file_system(), index, kIndexBytesMax);
    if (!content) {
        return std::unexpected(content.error());
    }
    return parse_index(*content, index.string(), clock_->system_now());
}

}  // namespace foz::tls
