// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_facts.h"

#include <array>
#include <cstdlib>
#include <ctime>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

namespace foz::tls {
namespace {

std::string text_of(const ASN1_STRING* string) {
    unsigned char* utf8 = nullptr;
    const int size = string != nullptr ? ASN1_STRING_to_UTF8(&utf8, string) : -1;
    if (size < 0) {
        return "";
    }
    std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    // A peer chose it, and it goes to a terminal and a log: one line, no control characters.
    for (char& letter : text) {
        letter = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ? '?' : letter;
    }
    return text;
}

std::string common_name(const X509_NAME* name) {
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) {
        return "";
    }
    return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string shown_name(const X509_NAME* name) {
    std::string text = common_name(name);
    if (!text.empty()) {
        return text;
    }
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        const char* key = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
        text += fmt::format(
                "{}{}={}", text.empty() ? "" : ", ", key, text_of(X509_NAME_ENTRY_get_data(entry)));
    }
    return text.empty() ? "a certificate without a name" : text;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) {
        return "?";
    }
    ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size());
    return text.data();
}

std::vector<std::string> alternative_names(const X509* certificate) {
    std::vector<std::string> names;
    auto* found = static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
        if (name->type == GEN_DNS) {
            names.push_back(text_of(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            names.push_back(address_text(name->d.iPAddress));
        }
    }
    GENERAL_NAMES_free(found);
    return names;
}

SystemTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return {};
    }
    return std::chrono::time_point_cast<Microseconds>(
            std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

std::string serial_of(const X509* certificate) {
    BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
    char* digits = number != nullptr ? BN_bn2hex(number) : nullptr;
    std::string text = digits != nullptr ? digits : "";
    OPENSSL_free(digits);
    BN_free(number);
    return text;
}

std::string key_text(const EVP_PKEY* key) {
    if (key == nullptr) {
        return "an unknown key";
    }
    std::array<char, 80> curve{};
    std::size_t size = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
            EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size) == 1) {
        const std::string_view name(curve.data(), size);
        return fmt::format("EC {}", name == "prime256v1" ? "P-256" : name);
    }
    const char* type = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    return fmt::format("{} {} bits", EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "RSA" : type,
            EVP_PKEY_get_bits(key));
}

std::int64_t whole_days(Microseconds duration) {
    return std::chrono::duration_cast<std::chrono::days>(duration).count();
}

std::string days_text(std::int64_t days) {
    return days == 1 ? "1 day" : fmt::format("{} days", days);
}

}  // namespace

std::string common_name_of(const x509_st* certificate) {
    return common_name(X509_get_subject_name(certificate));
}

CertificateFacts facts_of(const x509_st* certificate) {
    CertificateFacts facts;
    facts.name = shown_name(X509_get_subject_name(certificate));
    facts.issuer = shown_name(X509_get_issuer_name(certificate));
    facts.names = alternative_names(certificate);
    facts.serial = serial_of(certificate);
    facts.key = key_text(X509_get0_pubkey(certificate));
    facts.not_before = time_of(X509_get0_notBefore(certificate));
    facts.not_after = time_of(X509_get0_notAfter(certificate));
    // OpenSSL computes these on first use and keeps them in the certificate, hence the cast.
    auto* examined = const_cast<X509*>(certificate);
    const std::uint32_t flags = X509_get_extension_flags(examined);
    facts.self_signed = (flags & EXFLAG_SS) != 0;
    facts.authority = (flags & EXFLAG_CA) != 0;
    const std::uint32_t uses = X509_get_extended_key_usage(examined);
    facts.for_servers = (uses & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
    facts.for_clients = (uses & (XKU_SSL_CLIENT | XKU_ANYEKU)) != 0;
    return facts;
}

std::string date_text(SystemTime time) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string validity_text(const CertificateFacts& facts, SystemTime now) {
    if (now < facts.not_before) {
        return fmt::format("not valid before {}: is the clock right?", date_text(facts.not_before));
    }
    if (now > facts.not_after) {
        return fmt::format("expired on {}, {} ago", date_text(facts.not_after),
                days_text(whole_days(now - facts.not_after)));
    }
    return fmt::format("valid until {}, for {}", date_text(facts.not_after),
            days_text(whole_days(facts.not_after - now)));
}

std::string describe(const CertificateFacts& facts, SystemTime now) {
    return fmt::format("{}{} by {}, {}, {}", facts.name,
            facts.names.empty() ? "" : fmt::format(" ({})", fmt::join(facts.names, ", ")),
            facts.self_signed ? "itself" : fmt::format("\"{}\"", facts.issuer), facts.key,
            validity_text(facts, now));
}

}  // namespace foz::tls
