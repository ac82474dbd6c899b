// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_index.h"

#include <array>
#include <charconv>
#include <optional>

namespace foz::tls {
namespace {

using namespace std::chrono_literals;

constexpr int kCenturyTurn = 50;  // of two-digit years [RFC 5280, 4.1.2.5.1]

std::string time_text(SystemTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    const int year = static_cast<int>(date.year());
    const bool two_digits = year >= 1900 + kCenturyTurn && year < 2000 + kCenturyTurn;
    return fmt::format("{}{:02}{:02}{:02}{:02}{:02}Z",
            two_digits ? fmt::format("{:02}", year % 100) : fmt::format("{:04}", year),
            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
            clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<int> number_from(std::string_view digits) {
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool good = error == std::errc() && end == digits.data() + digits.size() && number >= 0;
    return good ? std::optional(number) : std::nullopt;
}

std::optional<SystemTime> time_from(std::string_view text) {
    constexpr std::size_t kShort = 13;
    constexpr std::size_t kLong = 15;
    if ((text.size() != kShort && text.size() != kLong) || !text.ends_with('Z')) {
        return std::nullopt;
    }
    const std::size_t year_digits = text.size() == kShort ? 2 : 4;
    const auto year = number_from(text.substr(0, year_digits));
    if (!year) {
        return std::nullopt;
    }
    std::array<int, 5> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = number_from(text.substr(year_digits + 2 * i, 2));
        if (!part) {
            return std::nullopt;
        }
        parts[i] = *part;
    }
    const int century = *year < kCenturyTurn ? 2000 : 1900;
    const std::chrono::year_month_day date(
            std::chrono::year(year_digits == 4 ? *year : century + *year),
            std::chrono::month(static_cast<unsigned>(parts[0])),
            std::chrono::day(static_cast<unsigned>(parts[1])));
    if (!date.ok() || parts[2] > 23 || parts[3] > 59 || parts[4] > 59) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + parts[2] * 1h + parts[3] * 1min + parts[4] * 1s;
}

std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

std::optional<IssuedCertificate> parse_line(std::string_view line, SystemTime now) {
    const std::string_view status = take(line, '\t');
    const auto not_after = time_from(take(line, '\t'));
    std::string_view revocation = take(line, '\t');
    IssuedCertificate issued;
    issued.serial = take(line, '\t');
    issued.file = take(line, '\t');
    const std::size_t name = line.find("/CN=");
    if (!not_after || issued.serial.empty() || name == std::string_view::npos) {
        return std::nullopt;
    }
    issued.not_after = *not_after;
    issued.name = line.substr(name + 4, line.find('/', name + 4) - name - 4);
    issued.kind =
            issued.file.starts_with("servers/") ? CertificateKind::server : CertificateKind::device;
    if (status == "R") {
        const auto revoked = time_from(take(revocation, ','));  // a reason may follow
        issued.status = CertificateStatus::revoked;
        issued.revoked = revoked.value_or(SystemTime());
        return revoked ? std::optional(issued) : std::nullopt;
    }
    issued.status = now > *not_after ? CertificateStatus::expired : CertificateStatus::valid;
    return status == "V" || status == "E" ? std::optional(issued) : std::nullopt;
}

}  // namespace

std::string index_line(const IssuedCertificate& issued) {
    const bool revoked = issued.status == CertificateStatus::revoked;
    return fmt::format("{}\t{}\t{}\t{}\t{}\t/CN={}\n", revoked ? 'R' : 'V',
            time_text(issued.not_after), revoked ? time_text(issued.revoked) : "", issued.serial,
            issued.file, issued.name);
}

Result<std::vector<IssuedCertificate>> parse_index(
        std::string_view content, std::string_view shown_name, SystemTime now) {
    std::vector<IssuedCertificate> all;
    for (std::size_t number = 1; !content.empty(); ++number) {
        const std::string_view line = take(content, '\n');
        if (line.empty()) {
            continue;
        }
        auto issued = parse_line(line, now);
        if (!issued) {
            return fail(ErrorCode::corrupt, "{}:{}: not a line of an index of certificates: {}",
                    shown_name, number, line.substr(0, 100));
        }
        all.push_back(std::move(*issued));
    }
    return all;
}

}  // namespace foz::tls
