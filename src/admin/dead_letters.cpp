// SPDX-License-Identifier: Apache-2.0
#include "admin/dead_letters.h"

#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/printable.h"
#include "mqtt/utf8.h"
#include "sink/make_sink.h"
#include "state/replayed_letters.h"
#include "state/state_reserve.h"
#include "tls/base64.h"

namespace foz::admin {
namespace {

std::string json_text(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            json += c;
        }
    }
    return json + '"';
}

state::LetterFilter within(const DataFolder& folder, state::LetterFilter filter) {
    filter.journal = folder.journal_id();
    return filter;
}

Result<pipeline::DeadReplayResult> replay_into(
        const DataFolder& folder, const config::Database& database, state::LetterFilter filter) {
    auto mapped = sink::make_mapped_sink(folder.settings(), database);
    if (!mapped) {
        return pass_on(mapped);
    }
    filter.database = database.name;
    auto replayed =
            pipeline::replay_dead_letters(folder.state(), *mapped->sink, mapped->mapping, filter);
    if (!replayed) {
        return replayed;
    }
    const SystemTime kept_since = real_clock().system_now() - folder.settings().journal.retain_age;
    if (auto forgotten = state::forget_replayed_before(folder.state(), kept_since); !forgotten) {
        return pass_on(forgotten);
    }
    return replayed;
}

}  // namespace

Result<void> for_each_dead_letter(const DataFolder& folder, state::LetterFilter filter,
        const std::function<bool(const state::DeadLetter&)>& each) {
    return state::for_each_letter(folder.state(), within(folder, std::move(filter)), each);
}

Result<bool> any_dead_letter(const DataFolder& folder, const state::LetterFilter& filter) {
    bool any = false;
    auto read = for_each_dead_letter(folder, filter, [&](const state::DeadLetter&) {
        any = true;
        return false;
    });
    if (!read) {
        return pass_on(read);
    }
    return any;
}

std::string json_of(const state::DeadLetter& letter) {
    const bool is_text = mqtt::is_valid_text(letter.payload);
    return fmt::format(
            R"({{"id":{},"status":"{}","database":{},"route":{},"topic":{},"client":{},"received":"{}",)"
            R"("position":{},"reason":{},"code":{},"first_seen":"{}","{}":{}}})",
            letter.id, state::name_of(letter.status), json_text(letter.database),
            json_text(letter.route), json_text(letter.topic), json_text(letter.client),
            utc_text(letter.received), letter.position, json_text(letter.reason),
            json_text(letter.code), utc_text(letter.first_seen),
            is_text ? "payload" : "payload_base64",
            is_text ? json_text(letter.payload) : json_text(tls::to_base64(letter.payload)));
}

std::string payload_text(const state::DeadLetter& letter) {
    return mqtt::is_valid_text(letter.payload) ? printable_whole(letter.payload, "\t\n")
                                               : tls::to_base64(letter.payload) + " (base64)";
}

Result<std::vector<ReplayedLetters>> replay_dead_letters(
        const DataFolder& folder, const state::LetterFilter& filter) {
    auto lock = pipeline::DeadReplayLock::take(folder.settings().data);
    if (!lock) {
        return pass_on(lock);
    }
    std::vector<ReplayedLetters> replayed;
    for (const config::Database& database : folder.settings().databases) {
        if (filter.database.empty() || filter.database == database.name) {
            replayed.push_back(
                    {database.name, replay_into(folder, database, within(folder, filter))});
        }
    }
    return replayed;
}

bool free_space_for_discarding(const config::Settings& settings) {
    return state::give_back_reserve(settings.data);
}

Result<DiscardedLetters> discard_dead_letters(
        const DataFolder& folder, state::LetterFilter filter) {
    auto count = state::discard_letters(folder.state(), within(folder, std::move(filter)));
    if (!count) {
        return pass_on(count);
    }
    DiscardedLetters discarded{.count = *count, .reserve_missing = {}};
    if (auto kept = state::keep_reserve(folder.settings().data); !kept) {
        discarded.reserve_missing = kept.error();
    }
    return discarded;
}

}  // namespace foz::admin
