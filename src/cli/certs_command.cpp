// SPDX-License-Identifier: Apache-2.0
// foz certs: a certificate authority of one's own for brokers and devices.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/file_system.h"
#include "cli/commands.h"
#include "cli/device_ids.h"
#include "cli/failure.h"
#include "tls/certificate_authority.h"
#include "tls/certificate_facts.h"

namespace foz::cli {
namespace {

using tls::CertificateAuthority;
using tls::CertificateKind;
using tls::CertificateStatus;
using tls::IssuedCertificate;

struct CertsArguments {
    std::string folder = "certs";
    std::vector<std::string> names;
    std::vector<std::string> addresses;
    std::string authority_name = "foz CA";
    std::string csv;
    std::uint32_t days = 0;  // 0: as usual
    std::uint32_t within_days = 0;
    bool overwrite = false;
};

std::chrono::days days_or(const CertsArguments& arguments, std::chrono::days usual) {
    return arguments.days > 0 ? std::chrono::days(arguments.days) : usual;
}

std::string key_file(const std::string& certificate) {
    return certificate.substr(0, certificate.size() - 4) + ".key";
}

void print_issued(const CertificateAuthority& authority, const IssuedCertificate& issued) {
    const std::string path = (authority.folder() / issued.file).string();
    fmt::print("{}  {}  until {}\n", path, key_file(path), tls::date_text(issued.not_after));
}

int init(const CertsArguments& arguments) {
    tls::AuthorityRequest request;
    request.name = arguments.authority_name;
    request.validity = days_or(arguments, request.validity);
    request.overwrite = arguments.overwrite;
    const auto made = CertificateAuthority::create(arguments.folder, request, real_clock());
    if (!made) {
        return failed("certs", made.error());
    }
    const std::string folder = made->folder().string();
    fmt::print(
            "{}/ca.crt   the CA \"{}\", until {}: give it to every device and broker\n"
            "{}/ca.key   its key: whoever has it can be any device; keep it off the network\n"
            "{}/crl.pem  what it has revoked: nothing yet\n",
            folder, arguments.authority_name,
            tls::date_text(tls::facts_of(made->certificate()).not_after), folder, folder);
    return 0;
}

int server(CertificateAuthority& authority, const CertsArguments& arguments) {
    tls::ServerRequest request;
    request.names = arguments.names;
    request.addresses = arguments.addresses;
    request.validity = days_or(arguments, request.validity);
    request.overwrite = arguments.overwrite;
    const auto issued = authority.issue_server(request);
    if (!issued) {
        return failed("certs", issued.error());
    }
    print_issued(authority, *issued);
    return 0;
}

int device(CertificateAuthority& authority, const CertsArguments& arguments) {
    tls::DeviceRequest request;
    request.ids = arguments.names;
    request.validity = days_or(arguments, request.validity);
    request.overwrite = arguments.overwrite;
    if (!arguments.csv.empty()) {
        auto ids = device_ids_in(arguments.csv);
        if (!ids) {
            return failed("certs", ids.error());
        }
        request.ids.insert(request.ids.end(), ids->begin(), ids->end());
    }
    if (request.ids.empty()) {
        return failed(
                "certs", {ErrorCode::invalid, "say which device: an ID, or --csv FILE with many"});
    }
    const auto issued = authority.issue_devices(request);
    if (!issued) {
        return failed("certs", issued.error());
    }
    constexpr std::size_t kShown = 10;
    for (std::size_t i = 0; i < std::min(issued->size(), kShown); ++i) {
        print_issued(authority, (*issued)[i]);
    }
    if (issued->size() > kShown) {
        fmt::print("and {} more: {} in all\n", issued->size() - kShown, issued->size());
    }
    return 0;
}

/// The names whose last valid certificate ends within the days.
Result<std::vector<std::string>> names_that_expire(
        const CertificateAuthority& authority, std::chrono::days within) {
    const auto all = authority.list();
    if (!all) {
        return std::unexpected(all.error());
    }
    std::vector<std::string> names;
    for (const IssuedCertificate& one : *all) {
        std::erase(names, one.name);
        if (one.status != CertificateStatus::revoked &&
                one.not_after <= real_clock().system_now() + within) {
            names.push_back(one.name);
        }
    }
    return names;
}

int renew(CertificateAuthority& authority, const CertsArguments& arguments) {
    std::vector<std::string> names = arguments.names;
    if (arguments.within_days > 0) {
        auto expiring = names_that_expire(authority, std::chrono::days(arguments.within_days));
        if (!expiring) {
            return failed("certs", expiring.error());
        }
        names.insert(names.end(), expiring->begin(), expiring->end());
    } else if (names.empty()) {
        return failed(
                "certs", {ErrorCode::invalid, "say which certificate: a NAME, or --within DAYS"});
    }
    std::optional<std::chrono::days> validity;
    if (arguments.days > 0) {
        validity = std::chrono::days(arguments.days);
    }
    for (const std::string& name : names) {
        const auto renewed = authority.renew(name, validity);
        if (!renewed) {
            return failed("certs", renewed.error());
        }
        print_issued(authority, *renewed);
    }
    return 0;
}

int revoke(CertificateAuthority& authority, const CertsArguments& arguments) {
    if (const auto revoked = authority.revoke(arguments.names); !revoked) {
        return failed("certs", revoked.error());
    }
    fmt::print(
            "{}: give the new list to every broker, and let it read it (foz and Mosquitto: "
            "SIGHUP)\n",
            (authority.folder() / "crl.pem").string());
    return 0;
}

std::string status_text(const IssuedCertificate& one) {
    switch (one.status) {
        case CertificateStatus::revoked:
            return fmt::format("revoked on {}", tls::date_text(one.revoked));
        case CertificateStatus::expired: return "expired";
        case CertificateStatus::valid: break;
    }
    const auto days = std::chrono::duration_cast<std::chrono::days>(
            one.not_after - real_clock().system_now());
    return fmt::format("for {} days", days.count());
}

int list(CertificateAuthority& authority, const CertsArguments& arguments) {
    const auto all = authority.list();
    if (!all) {
        return failed("certs", all.error());
    }
    fmt::print("CA: {}\n",
            tls::describe(tls::facts_of(authority.certificate()), real_clock().system_now()));
    const SystemTime until = real_clock().system_now() + std::chrono::days(arguments.within_days);
    for (const IssuedCertificate& one : *all) {
        if (arguments.within_days > 0 &&
                (one.status == CertificateStatus::revoked || one.not_after > until)) {
            continue;
        }
        fmt::print("{:<24} {:<7} until {}  {:<22} {}\n", one.name,
                one.kind == CertificateKind::server ? "server" : "device",
                tls::date_text(one.not_after), status_text(one), one.serial);
    }
    return 0;
}

using AuthorityAction = int (*)(CertificateAuthority&, const CertsArguments&);

int with_authority(const CertsArguments& arguments, AuthorityAction action) {
    auto authority = CertificateAuthority::open(arguments.folder, real_clock());
    return authority ? action(*authority, arguments) : failed("certs", authority.error());
}

/// What all subcommands of `foz certs` are made from.
struct Registrar {
    CLI::App& certs;
    std::shared_ptr<CertsArguments> arguments;
    int& exit_code;

    CLI::App* add(const char* name, const char* description) const {
        CLI::App* const command = certs.add_subcommand(name, description);
        command->add_option("--dir", arguments->folder, "The CA's folder")->capture_default_str();
        return command;
    }
    void run(CLI::App* command, AuthorityAction action) const {
        command->callback([arguments = arguments, &exit_code = exit_code, action] {
            exit_code = with_authority(*arguments, action);
        });
    }
    void add_days(CLI::App* command, const std::string& usual) const {
        constexpr std::uint32_t kDaysMax = 36'500;
        command->add_option("--days", arguments->days, "How long it is valid; usually " + usual)
                ->check(CLI::Range(1U, kDaysMax));
    }
    void add_force(CLI::App* command, const char* description) const {
        command->add_flag("--force", arguments->overwrite, description);
    }
};

void add_init(const Registrar& to) {
    CLI::App* const command = to.add("init", "Make a CA");
    command->add_option("--ca-name", to.arguments->authority_name, "What the CA is called")
            ->capture_default_str();
    to.add_days(command, "7300");
    to.add_force(command, "Replace a CA that is there: what it issued is worth nothing then");
    command->callback([arguments = to.arguments, &exit_code = to.exit_code] {
        exit_code = init(*arguments);
    });
}

void add_server(const Registrar& to) {
    CLI::App* const command = to.add("server", "Make a certificate for a broker");
    command->add_option(
            "--name", to.arguments->names, "A DNS name by which clients connect; may be repeated");
    command->add_option("--address", to.arguments->addresses,
            "An IP address by which they connect; may be repeated");
    to.add_days(command, "825");
    to.add_force(command, "Replace the certificate and key that this name has");
    command->footer("Example: foz certs server --name broker.example --address 10.0.0.5");
    to.run(command, server);
}

void add_device(const Registrar& to) {
    CLI::App* const command = to.add("device", "Make certificates for devices, one or thousands");
    command->add_option("ID", to.arguments->names, "Who the device is: the CN of its certificate");
    command->add_option("--csv", to.arguments->csv,
            "A file whose first column has the ids; a header \"id\" may stand above it");
    to.add_days(command, "3650");
    to.add_force(command, "Replace the certificates and keys that these ids have");
    command->footer(
            "Example: foz certs device esp32-1 esp32-2\nExample: foz certs device --csv ids.csv");
    to.run(command, device);
}

void add_renew(const Registrar& to) {
    CLI::App* const command = to.add("renew", "Make a certificate anew for the same key and names");
    command->add_option("NAME", to.arguments->names, "Of a broker or device");
    command->add_option(
            "--within", to.arguments->within_days, "All that expire within so many days");
    to.add_days(command, "as long as a new one");
    command->footer("The old certificate stays good until it expires.");
    to.run(command, renew);
}

void add_revoke(const Registrar& to) {
    CLI::App* const command =
            to.add("revoke", "Take back every valid certificate of a name, and write crl.pem");
    command->add_option("NAME", to.arguments->names, "Of a broker or device")->required();
    to.run(command, revoke);
}

void add_list(const Registrar& to) {
    CLI::App* const command = to.add("list", "Every certificate, with its expiry");
    command->add_option(
            "--within", to.arguments->within_days, "Only those that expire within so many days");
    to.run(command, list);
}

}  // namespace

void add_certs_command(CLI::App& app, int& exit_code) {
    auto* const certs =
            app.add_subcommand("certs", "Make, renew and revoke certificates of a CA of your own");
    certs->require_subcommand(1);
    const Registrar to{*certs, std::make_shared<CertsArguments>(), exit_code};
    add_init(to);
    add_server(to);
    add_device(to);
    add_renew(to);
    add_revoke(to);
    add_list(to);
    certs->footer(
            "In order: foz certs init; foz certs server --name broker.example; foz certs device "
            "esp32-1.\nKeys are EC P-256. Nothing is overwritten without --force. "
            "docs/certificates.md has more.");
}

}  // namespace foz::cli
