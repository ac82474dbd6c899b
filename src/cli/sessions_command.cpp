// SPDX-License-Identifier: Apache-2.0
// foz sessions: the MQTT sessions that outlive their connections, and ending them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "admin/sessions.h"
#include "base/clock.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/failure.h"
#include "mqtt/message.h"

namespace foz::cli {
namespace {

using namespace std::chrono_literals;

// A running foz saves its sessions every five seconds, and ends then what is to be ended.
constexpr auto kWaitTime = 12s;

struct SessionsArguments {
    ConfigurationArguments configuration;
    std::vector<std::string> client_ids;
    bool empty_only = false;
};

bool holds_nothing(const session::SessionSnapshot& session) {
    return session.unreleased.empty() && session.deliveries.subscriptions.empty() &&
           session.deliveries.queue.empty();
}

std::string holdings(const session::SessionSnapshot& session) {
    if (holds_nothing(session)) {
        return "nothing";
    }
    std::vector<std::string> parts;
    const auto add = [&](std::size_t count, std::string_view what, std::string_view rest) {
        if (count > 0) {
            parts.push_back(fmt::format("{} {}{}{}", count, what, count == 1 ? "" : "s", rest));
        }
    };
    add(session.unreleased.size(), "QoS 2 message", " not released");
    add(session.deliveries.subscriptions.size(), "subscription", "");
    add(session.deliveries.queue.size(), "message", " on their way to it");
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string presence(const session::SessionSnapshot& session) {
    if (mqtt::is_reserved_client_id(session.client_id)) {
        return "foz's own, towards another broker";
    }
    const session::Session::Presence& at = session.presence;
    if (at.since == SystemTime{}) {
        return "not known yet";
    }
    if (at.connected) {
        return "connected since " + admin::utc_text(at.since);
    }
    const std::string expiry =
            session.expiry_seconds == session::kNeverExpires
                    ? "never expires"
                    : "expires " + admin::utc_text(
                                           at.since + std::chrono::seconds(session.expiry_seconds));
    return fmt::format("gone since {}, {}", admin::utc_text(at.since), expiry);
}

std::string saved_text(const session::SessionCheckpoint& checkpoint) {
    return checkpoint.saved == SystemTime{} ? "at an unknown time"
                                            : admin::utc_text(checkpoint.saved);
}

struct Opened {
    admin::DataFolder folder;
    session::SessionCheckpoint saved;
};

Result<Opened> open(const SessionsArguments& arguments) {
    auto settings = settings_for(arguments.configuration);
    if (!settings) {
        return pass_on(settings);
    }
    auto folder = admin::DataFolder::open(*std::move(settings));
    if (!folder) {
        return pass_on(folder);
    }
    auto saved = admin::saved_sessions(*folder);
    if (!saved) {
        return pass_on(saved);
    }
    return Opened{.folder = *std::move(folder), .saved = *std::move(saved)};
}

int list(const SessionsArguments& arguments) {
    const auto opened = open(arguments);
    if (!opened) {
        return failed("sessions", opened.error());
    }
    const auto& [folder, saved] = *opened;
    std::size_t empty = 0;
    for (const session::SessionSnapshot& session : saved.sessions) {
        empty += holds_nothing(session) ? 1 : 0;
        if (!arguments.empty_only || holds_nothing(session)) {
            fmt::print("\"{}\"  {}; holds {}\n", printable_whole(session.client_id),
                    presence(session), holdings(session));
        }
    }
    fmt::print(stderr,
            "{} sessions of limits.sessions = {}, {} of them hold nothing; last change saved: {}\n",
            saved.sessions.size(), folder.settings().limits.sessions, empty, saved_text(saved));
    return 0;
}

int wait_for_end(const admin::DataFolder& folder) {
    const SteadyTime deadline = real_clock().steady_now() + kWaitTime;
    while (real_clock().steady_now() < deadline) {
        const auto ended = admin::requested_sessions_ended(folder);
        if (!ended) {
            return failed("sessions", ended.error(), 1);
        }
        if (*ended) {
            fmt::print("ended\n");
            return 0;
        }
        std::this_thread::sleep_for(200ms);
    }
    fmt::print(
            "noted, but no foz has ended it yet: the one that uses this data folder does so when "
            "it saves its sessions next, or when it runs again\n");
    return 0;
}

/// What cannot be ended is said; the rest is noted for foz.
int end(const SessionsArguments& arguments) {
    const auto opened = open(arguments);
    if (!opened) {
        return failed("sessions", opened.error());
    }
    const auto& [folder, saved] = *opened;
    int exit_code = 0;
    std::size_t noted = 0;
    for (const std::string& client_id : arguments.client_ids) {
        if (auto request = admin::request_session_end(folder, saved, client_id); !request) {
            exit_code = failed("sessions", request.error(), 1);
        } else {
            ++noted;
        }
    }
    if (noted == 0) {
        return exit_code;
    }
    return std::max(exit_code, wait_for_end(folder));
}

}  // namespace

void add_sessions_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<SessionsArguments>();
    CLI::App* command = app.add_subcommand(
            "sessions", "List the MQTT sessions that outlive their connections, or end one");
    add_configuration_options(*command, arguments->configuration);
    command->add_flag("--empty", arguments->empty_only, "Only those that hold nothing");
    command->require_subcommand(0, 1);
    command->footer(
            "A line for each: client, since when it is connected or gone, what foz holds for it. "
            "Sessions that hold\n"
            "nothing make room for new ones by themselves when limits.sessions is reached. Works "
            "while foz runs.");
    auto ending = std::make_shared<SessionsArguments>();
    CLI::App* end_command = command->add_subcommand(
            "end", "End a session: foz forgets it, and closes the client's connection");
    end_command->add_option("client", ending->client_ids, "The client id; several are possible")
            ->required();
    add_configuration_options(*end_command, ending->configuration);
    end_command->footer(
            "A running foz does it within five seconds, and the command waits for that; else foz "
            "does it when it runs next.\n"
            "QoS 2 messages that the client has not released are stored already; it may send them "
            "once more as new ones.");
    command->callback([command, arguments, &exit_code] {
        if (command->get_subcommands().empty()) {
            exit_code = list(*arguments);
        }
    });
    end_command->callback([ending, &exit_code] { exit_code = end(*ending); });
}

}  // namespace foz::cli
