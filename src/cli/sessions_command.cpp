// SPDX-License-Identifier: Apache-2.0
// foz sessions: the MQTT sessions that outlive their connections, and ending them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/failure.h"
#include "mqtt/message.h"
#include "session/session_checkpoint.h"

namespace foz::cli {
namespace {

using namespace std::chrono_literals;

// A running foz saves its sessions every five seconds, and ends then what is to be ended.
constexpr auto kWaitTime = 12s;

struct SessionsArguments {
    DataFolderArguments folder;
    std::vector<std::string> client_ids;
    bool empty_only = false;
};

struct Opened {
    config::Settings settings;
    std::unique_ptr<state::StateDatabase> state;
    std::string journal;
    session::SessionCheckpoint checkpoint;
};

Result<Opened> open(const SessionsArguments& arguments) {
    Opened opened;
    auto settings = settings_for(arguments.folder);
    if (!settings) {
        return pass_on(settings);
    }
    opened.settings = *std::move(settings);
    auto state = open_state(opened.settings);
    if (!state) {
        return pass_on(state);
    }
    opened.state = *std::move(state);
    auto journal = open_journal(opened.settings);
    if (!journal) {
        return pass_on(journal);
    }
    opened.journal = (*journal)->status().id;
    auto checkpoint = session::load_sessions(*opened.state, opened.journal);
    if (!checkpoint) {
        return pass_on(checkpoint);
    }
    opened.checkpoint = std::move(*checkpoint).value_or(session::SessionCheckpoint{});
    return opened;
}

std::string holdings(const session::SessionSnapshot& session) {
    const std::size_t count = session.unreleased.size();
    return count == 0
               ? "nothing"
               : fmt::format("{} QoS 2 message{} not released", count, count == 1 ? "" : "s");
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
        return "connected since " + utc_text(at.since);
    }
    const std::string expiry =
        session.expiry_seconds == session::kNeverExpires
            ? "never expires"
            : "expires " + utc_text(at.since + std::chrono::seconds(session.expiry_seconds));
    return fmt::format("gone since {}, {}", utc_text(at.since), expiry);
}

std::string saved_text(const session::SessionCheckpoint& checkpoint) {
    return checkpoint.saved == SystemTime{} ? "at an unknown time" : utc_text(checkpoint.saved);
}

int list(const SessionsArguments& arguments) {
    auto opened = open(arguments);
    if (!opened) {
        return failed("sessions", opened.error());
    }
    const auto& [settings, state, journal, checkpoint] = *opened;
    std::size_t empty = 0;
    for (const session::SessionSnapshot& session : checkpoint.sessions) {
        empty += session.unreleased.empty() ? 1 : 0;
        if (!arguments.empty_only || session.unreleased.empty()) {
            fmt::print(
                "\"{}\"  {}; holds {}\n",
                printable_whole(session.client_id),
                presence(session),
                holdings(session)
            );
        }
    }
    fmt::print(
        stderr,
        "{} sessions of limits.sessions = {}, {} of them hold nothing; last change saved: {}\n",
        checkpoint.sessions.size(),
        settings.limits.sessions,
        empty,
        saved_text(checkpoint)
    );
    return 0;
}

bool is_known(const session::SessionCheckpoint& checkpoint, const std::string& client_id) {
    return std::ranges::find(
               checkpoint.sessions, client_id, &session::SessionSnapshot::client_id
           ) != checkpoint.sessions.end();
}

/// What cannot be ended is said; the rest is noted for foz. The exit code.
int request(const Opened& opened, const std::string& client_id) {
    if (mqtt::is_reserved_client_id(client_id)) {
        return failed(
            "sessions",
            {ErrorCode::invalid,
             fmt::format(
                 "\"{}\" is foz's own session towards another broker; it ends with its [[source]] "
                 "or [[bridge]]",
                 printable(client_id)
             )},
            1
        );
    }
    if (!is_known(opened.checkpoint, client_id)) {
        return failed(
            "sessions",
            {ErrorCode::not_found,
             fmt::format(
                 "there is no session of \"{}\"; foz sessions lists those that there are (one that "
                 "has just begun is saved within five seconds)",
                 printable(client_id)
             )},
            1
        );
    }
    const auto noted = session::request_session_end(*opened.state, opened.journal, client_id);
    return noted ? 0 : failed("sessions", noted.error(), 1);
}

int wait_for_end(const Opened& opened) {
    const SteadyTime deadline = real_clock().steady_now() + kWaitTime;
    while (real_clock().steady_now() < deadline) {
        const auto left = session::load_session_ends(*opened.state, opened.journal);
        if (!left) {
            return failed("sessions", left.error(), 1);
        }
        if (left->empty()) {
            fmt::print("ended\n");
            return 0;
        }
        std::this_thread::sleep_for(200ms);
    }
    fmt::print(
        "noted, but no foz has ended it yet: the one that uses this data folder does so when it "
        "saves "
        "its sessions next, or when it runs again\n"
    );
    return 0;
}

int end(const SessionsArguments& arguments) {
    auto opened = open(arguments);
    if (!opened) {
        return failed("sessions", opened.error());
    }
    int exit_code = 0;
    std::size_t noted = 0;
    for (const std::string& client_id : arguments.client_ids) {
        const int code = request(*opened, client_id);
        exit_code = std::max(exit_code, code);
        noted += code == 0 ? 1 : 0;
    }
    if (noted == 0) {
        return exit_code;
    }
    return std::max(exit_code, wait_for_end(*opened));
}

void add_folder_options(CLI::App& command, DataFolderArguments& folder) {
    command.add_option("--config", folder.config, "The configuration; without it, the defaults");
    command.add_option("--data", folder.data, "The data folder, instead of the configured one");
}

}  // namespace

void add_sessions_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<SessionsArguments>();
    CLI::App* command = app.add_subcommand(
        "sessions", "List the MQTT sessions that outlive their connections, or end one"
    );
    add_folder_options(*command, arguments->folder);
    command->add_flag("--empty", arguments->empty_only, "Only those that hold nothing");
    command->require_subcommand(0, 1);
    command->footer(
        "A line for each: client, since when it is connected or gone, what foz holds for it. "
        "Sessions that hold\n"
        "nothing make room for new ones by themselves when limits.sessions is reached. Works while "
        "foz runs."
    );
    auto ending = std::make_shared<SessionsArguments>();
    CLI::App* end_command = command->add_subcommand(
        "end", "End a session: foz forgets it, and closes the client's connection"
    );
    end_command->add_option("client", ending->client_ids, "The client id; several are possible")
        ->required();
    add_folder_options(*end_command, ending->folder);
    end_command->footer(
        "A running foz does it within five seconds, and the command waits for that; else foz does "
        "it when it runs next.\n"
        "QoS 2 messages that the client has not released are stored already; it may send them once "
        "more as new ones."
    );
    command->callback([command, arguments, &exit_code] {
        if (command->get_subcommands().empty()) {
            exit_code = list(*arguments);
        }
    });
    end_command->callback([ending, &exit_code] { exit_code = end(*ending); });
}

}  // namespace foz::cli
