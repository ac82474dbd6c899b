// SPDX-License-Identifier: Apache-2.0
// foz check: what is wrong with a configuration, before foz runs with it.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "admin/check.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"

namespace foz::cli {
namespace {

struct CheckArguments {
    ConfigurationArguments configuration;
    admin::RemoteCheck how;
};

std::string_view name_of(admin::Finding::Kind kind) {
    using Kind = admin::Finding::Kind;
    switch (kind) {
        case Kind::ok: return "ok";
        case Kind::seen: return "seen";
        case Kind::doubtful: return "warn";
        case Kind::failed:
        case Kind::unusable: return "error";
    }
    return "";
}

int exit_code_for(admin::Finding::Kind worst) {
    return worst == admin::Finding::Kind::unusable ? 2
           : worst == admin::Finding::Kind::failed ? 1
                                                   : 0;
}

void print(const admin::Finding& finding) {
    fmt::print("{:<7}{}\n", name_of(finding.kind), log_text(finding.text));
}

int check(const CheckArguments& arguments) {
    spdlog::set_level(spdlog::level::off);  // everything is said here
    admin::Findings findings(print);
    const std::string& config = arguments.configuration.config;
    if (auto settings = load_configuration(arguments.configuration); settings) {
        findings.ok(fmt::format("{}: listeners {}, sources {}, bridges {}, databases {}, routes {}",
                config.empty() ? "no --config, so the defaults" : config,
                settings->listeners.size(), settings->sources.size(), settings->bridges.size(),
                settings->databases.size(), settings->routes.size()));
        admin::check(*settings, arguments.how, findings);
    } else {
        for (std::string& line : settings.error().lines) {
            findings.unusable(std::move(line));
        }
    }
    return exit_code_for(findings.worst());
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto* const command = app.add_subcommand("check", "Say what is wrong with a configuration");
    const auto arguments = std::make_shared<CheckArguments>();
    add_configuration_options(*command, arguments->configuration);
    command->add_flag("--connect", arguments->how.connect,
            "Connect to each database too, and compare its tables with what the routes want; "
            "connect to each source and bridge, and subscribe there");
    command->add_option("--client-id", arguments->how.client_id,
            "With --connect: the client id at sources and bridges; without it, the configured one "
            "and \"-check\". Not one that foz runs with: the broker would hang up on that");
    command->footer(
            "One line for each thing that was checked, \"ok\", \"warn\" or \"error\"; \"seen\" is "
            "what a\n"
            "broker showed that is not what it must be. Changes nothing.\n"
            "Exit code 0: foz can run, perhaps with warnings, such as of a certificate that has\n"
            "expired or is not valid yet (is the clock set?); 1: something is not as it must be "
            "here and now, such as a\n"
            "database that does not answer; 2: the configuration cannot be used.");
    command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace foz::cli
