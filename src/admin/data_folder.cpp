// SPDX-License-Identifier: Apache-2.0
#include "admin/data_folder.h"

#include <charconv>
#include <chrono>
#include <filesystem>

#include <fmt/chrono.h>

#include "base/file_system.h"
#include "journal/local/local_journal.h"
#include "mapping/timestamp_reader.h"

namespace foz::admin {

DataFolder::DataFolder(config::Settings settings, std::unique_ptr<state::StateDatabase> state,
        std::unique_ptr<journal::Journal> journal)
    : settings_(std::move(settings)),
      state_(std::move(state)),
      journal_(std::move(journal)),
      journal_id_(journal_->status().id) {}

Result<DataFolder> DataFolder::open(config::Settings settings) {
    auto state = open_state(settings);
    if (!state) {
        return pass_on(state);
    }
    auto journal = open_journal(settings);
    if (!journal) {
        return pass_on(journal);
    }
    return DataFolder(std::move(settings), *std::move(state), *std::move(journal));
}

Result<std::unique_ptr<state::StateDatabase>> open_state(const config::Settings& settings) {
    const std::filesystem::path file = settings.data / "state.db";
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return fail(ErrorCode::not_found,
                "there is no {}: no foz has run with this data folder; give the right one with "
                "--data or --config",
                file.string());
    }
    return state::StateDatabase::open(file);
}

Result<std::unique_ptr<journal::Journal>> open_journal(const config::Settings& settings) {
    return journal::local::open_local_journal_read_only(
            settings.data / "journal", real_file_system());
}

std::string utc_text(SystemTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}Z",
            fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())),
            (time - seconds).count());
}

Result<journal::Position> position_from(journal::Journal& journal, const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) {
        return journal::Position::from_number(number);
    }
    const auto time = mapping::TimestampReader().from_text(text);
    if (!time) {
        return fail(ErrorCode::invalid,
                "\"{}\" is neither a position nor a time; write 12345 or \"2024-02-29 23:59:59\" "
                "(UTC)",
                text);
    }
    return journal.position_at(*time);
}

}  // namespace foz::admin
