// SPDX-License-Identifier: Apache-2.0
// `foz journal`: what the journal holds. Looks only, also while foz runs; but for `foz journal
// forget` and `foz journal new-id`.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "config/settings_parser.h"
#include "journal/local/local_journal.h"
#include "mqtt/message.h"
#include "pipeline/journal_renewal.h"
#include "pipeline/orphaned_cursors.h"
#include "server/journal_options.h"

namespace foz::cli {
namespace {

struct JournalArguments {
    std::optional<std::string> data;
    std::optional<std::string> config;
    std::string from;
    std::uint64_t count = UINT64_MAX;
    std::string cursor;
};

/// Payload text for a terminal: what is not printable ASCII becomes \xNN.
std::string printable(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '\\') {
            escaped += "\\\\";
        } else if (c >= ' ' && c <= '~') {
            escaped += c;
        } else {
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return escaped;
}

Result<std::filesystem::path> journal_folder(const JournalArguments& arguments) {
    if (arguments.data) {
        return std::filesystem::path(*arguments.data) / "journal";
    }
    if (!arguments.config) {
        return config::default_settings().data / "journal";
    }
    const auto settings = config::load_settings(*arguments.config);
    if (!settings) {
        return fail(ErrorCode::invalid, "{}", fmt::join(settings.error().lines, "\n"));
    }
    return settings->data / "journal";
}

Result<journal::Position> start_position(journal::Journal& journal, const std::string& from) {
    return from.empty() ? journal.status().first : position_from(journal, from);
}

Result<void> show_journal(const JournalArguments& arguments) {
    auto folder = journal_folder(arguments);
    if (!folder) {
        return pass_on(folder);
    }
    auto journal = journal::local::open_local_journal_read_only(*folder, real_file_system());
    if (!journal) {
        return pass_on(journal);
    }
    auto segments = journal::local::list_segments(*folder, real_file_system());
    if (!segments) {
        return pass_on(segments);
    }
    const journal::Status status = (*journal)->status();
    fmt::print("journal    {}\nfolder     {}\n", status.id, folder->string());
    fmt::print(
        "positions  {} to {} ({} records)\n", status.first, status.end, status.end - status.first
    );
    fmt::print("on disk    {} bytes in {} segments\n\n", status.disk_bytes, segments->size());
    fmt::print("{:>20}  {:>12}  {:>14}  {}\n", "FIRST POSITION", "RECORDS", "BYTES", "FROM");
    for (const auto& segment : *segments) {
        fmt::print(
            "{:>20}  {:>12}  {:>14}  {}\n",
            segment.first,
            segment.end - segment.first,
            segment.file_bytes,
            utc_text(segment.first_appended)
        );
    }
    fmt::print(
        "\n{:>20}  {:>12}  {}\n",
        "CURSOR",
        "BEHIND",
        "NAME (as saved, while foz runs: every second)"
    );
    for (const auto& cursor : (*journal)->cursors()) {
        const auto behind = status.end - std::min(status.end, cursor.position);
        fmt::print("{:>20}  {:>12}  {}\n", cursor.position, behind, printable(cursor.name));
    }
    return {};
}

Result<std::string> describe_message(ByteView bytes) {
    const auto message = mqtt::decode_message(bytes);
    if (!message) {
        return std::unexpected(message.error());
    }
    return fmt::format(
        "message topic={} client={} qos={}{} payload={}",
        printable(message->topic),
        printable(message->client_id),
        message->qos,
        message->retain ? " retain" : "",
        printable(message->payload)
    );
}

Result<std::string> describe_session(std::string_view kind, ByteView bytes) {
    const auto session = mqtt::decode_session_record(bytes);
    if (!session) {
        return std::unexpected(session.error());
    }
    return fmt::format(
        "{} client={} packet_id={} expiry={}s",
        kind,
        printable(session->client_id),
        session->packet_id,
        session->expiry_seconds
    );
}

Result<std::string> describe(const journal::Record& record) {
    switch (static_cast<mqtt::RecordKind>(record.kind)) {
        case mqtt::RecordKind::message: return describe_message(record.bytes);
        case mqtt::RecordKind::release: return describe_session("release", record.bytes);
        case mqtt::RecordKind::session_started:
            return describe_session("session_started", record.bytes);
        case mqtt::RecordKind::session_ended:
            return describe_session("session_ended", record.bytes);
    }
    return fmt::format("kind {} of {} bytes", record.kind, record.bytes.size());
}

Result<void> print_records(const JournalArguments& arguments) {
    auto folder = journal_folder(arguments);
    if (!folder) {
        return pass_on(folder);
    }
    auto journal = journal::local::open_local_journal_read_only(*folder, real_file_system());
    if (!journal) {
        return pass_on(journal);
    }
    auto position = start_position(**journal, arguments.from);
    if (!position) {
        return pass_on(position);
    }
    auto reader = (*journal)->read_from(*position);
    if (!reader) {
        return pass_on(reader);
    }
    for (std::uint64_t left = arguments.count; left > 0; --left) {
        auto next = (*reader)->next();
        if (!next) {
            return pass_on(next);
        }
        const std::optional<journal::Record>& record = *next;
        if (!record) {
            break;
        }
        const auto text = describe(*record);
        fmt::print(
            "{} {} {}\n",
            record->position,
            utc_text(record->appended),
            text ? *text : fmt::format("unreadable: {}", text.error().message)
        );
    }
    return {};
}

/// The cursor that a person named.
Result<journal::NamedCursor> cursor_to_forget(
    const journal::Journal& journal, const std::string& name
) {
    const auto cursors = journal.cursors();
    const auto found = std::ranges::find(cursors, name, &journal::NamedCursor::name);
    if (found == cursors.end()) {
        return fail(
            ErrorCode::invalid, "there is no cursor \"{}\"; `foz journal` lists them", name
        );
    }
    return *found;
}

/// Gives up what the cursor stands for, beside the journal.
Result<void> give_up(
    const std::string& cursor, const std::string& journal_id, const config::Settings& settings
) {
    if (pipeline::is_orphaned_cursor(cursor, settings.databases)) {
        return {};
    }
    auto state = open_state(settings);
    if (!state) {
        return pass_on(state);
    }
    const auto left = pipeline::OrphanedSideLane::find(cursor, journal_id, settings, **state);
    if (!left) {
        return std::unexpected(left.error());
    }
    const std::optional<pipeline::OrphanedSideLane>& there = *left;
    if (!there) {
        return fail(
            ErrorCode::invalid,
            "\"{}\" is in use: only what a database or a table has left that is no longer "
            "configured "
            "can be given up",
            cursor
        );
    }
    return there->give_up(**state);
}

Result<void> forget_cursor(const JournalArguments& arguments) {
    const auto settings =
        settings_for({arguments.config.value_or(std::string()), arguments.data.value_or("")});
    if (!settings) {
        return std::unexpected(settings.error());
    }
    auto seen = open_journal(*settings);
    if (!seen) {
        return pass_on(seen);
    }
    if (auto there = cursor_to_forget(**seen, arguments.cursor); !there) {
        return pass_on(there);
    }
    auto journal = journal::local::open_local_journal(
        server::journal_options(*settings), real_file_system(), real_clock()
    );
    if (!journal) {
        return pass_on(journal);
    }
    const auto cursor = cursor_to_forget(**journal, arguments.cursor);
    if (!cursor) {
        return std::unexpected(cursor.error());
    }
    if (auto given_up = give_up(cursor->name, (*journal)->status().id, *settings); !given_up) {
        return given_up;
    }
    (*journal)->remove_cursor(cursor->name);
    const journal::Position end = (*journal)->durable_end();
    fmt::print(
        "{}: {} records, from {} on, are given up\n",
        printable(cursor->name),
        end - std::min(end, cursor->position),
        cursor->position
    );
    return {};
}

Result<void> renew_id(const JournalArguments& arguments) {
    const auto settings =
        settings_for({arguments.config.value_or(std::string()), arguments.data.value_or("")});
    if (!settings) {
        return std::unexpected(settings.error());
    }
    std::optional<journal::Position> from;
    if (!arguments.from.empty()) {
        auto seen = open_journal(*settings);
        if (!seen) {
            return pass_on(seen);
        }
        auto position = position_from(**seen, arguments.from);
        if (!position) {
            return pass_on(position);
        }
        from = *position;
    }
    auto state = open_state(*settings);
    if (!state) {
        return pass_on(state);
    }
    const auto renewal = pipeline::renew_journal(
        server::journal_options(*settings), real_file_system(), real_clock(), **state, from
    );
    if (!renewal) {
        return std::unexpected(renewal.error());
    }
    fmt::print("the journal's id was {} and is {} now\n", renewal->before, renewal->after);
    for (const state::RenewedDatabase& database : renewal->databases) {
        fmt::print(
            "database {}: begins at record {}. What lies behind it and was stored under the old id "
            "already is stored once more, but where its route has a key\n",
            printable(database.name),
            database.since
        );
    }
    return {};
}

void run(
    const JournalArguments& arguments,
    int& exit_code,
    Result<void> (*action)(const JournalArguments&)
) {
    const auto done = action(arguments);
    if (!done) {
        fmt::print(stderr, "foz journal: {}\n", done.error().message);
    }
    exit_code = done ? 0 : (done.error().code == ErrorCode::invalid ? 2 : 1);
}

}  // namespace

void add_journal_command(CLI::App& app, int& exit_code) {
    const auto arguments = std::make_shared<JournalArguments>();
    CLI::App* const command = app.add_subcommand(
        "journal", "Show what the journal holds: positions, segments, cursors. Also while foz runs"
    );
    command->add_option(
        "--data", arguments->data, "The data folder; the journal is in its folder journal"
    );
    command->add_option(
        "--config", arguments->config, "Take the data folder from this configuration"
    );
    CLI::App* const print = command->add_subcommand("print", "Prints records, a line each");
    print->add_option("--from", arguments->from, "Position, or time in UTC (2026-11-22T18:00:00Z)");
    print->add_option("--count", arguments->count, "At most this many");
    CLI::App* const forget = command->add_subcommand(
        "forget",
        "Gives up what waits for a database that is no longer configured. Not while foz runs"
    );
    forget->add_option("CURSOR", arguments->cursor, "Its cursor, as `foz journal` shows it")
        ->required();
    CLI::App* const new_id = command->add_subcommand(
        "new-id",
        "Gives the journal an id of its own, when its data folder is a copy or was restored from a "
        "snapshot. Not while foz runs"
    );
    new_id->add_option(
        "--from",
        arguments->from,
        "Store what came from here on: position, or time in UTC (default: what each database has "
        "not stored yet, as far as the journal knows)"
    );
    for (CLI::App* const action : {print, forget, new_id}) {
        action->fallthrough();  // --data and --config may stand behind it
    }
    command->callback([arguments, &exit_code, print, forget, new_id] {
        run(*arguments,
            exit_code,
            print->parsed()    ? print_records
            : forget->parsed() ? forget_cursor
            : new_id->parsed() ? renew_id
                               : show_journal);
    });
}

}  // namespace foz::cli
