// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "journal/local/durable_progress.h"
#include "journal/local/journal_reader.h"
#include "journal/local/local_journal.h"
#include "journal/local/new_journal_id.h"
#include "journal/local/recovery.h"

namespace foz::journal::local {
namespace {

// How often a folder is looked at anew because a segment was removed while it was being looked at.
constexpr int kSurveyAttempts = 10;

Result<Survey> survey_for_onlooker(const std::filesystem::path& directory, FileSystem& files) {
    for (int attempt = 1;; ++attempt) {
        auto survey = survey_journal(files, directory, Strictness::onlooker);
        if (survey) {
            if (std::optional<Survey>& found = *survey) {
                return *std::move(found);
            }
            return fail(ErrorCode::not_found, "there is no journal in {}", directory.string());
        }
        const bool removed_meanwhile =
                survey.error().code == ErrorCode::not_found && files.list(directory);
        if (!removed_meanwhile || attempt == kSurveyAttempts) {
            return pass_on(survey);
        }
    }
}

class ReadOnlyJournal final : public Journal {
  public:
    ReadOnlyJournal(std::string id, const Survey& survey, FileSystem& files)
        : id_(std::move(id)),
          cursors_(survey.cursors.cursors),
          segments_(survey.segments),
          progress_(survey.end),
          read_side_{files, segments_, progress_, nullptr} {}

    [[nodiscard]] Result<Ticket> append(const RecordBatch& /*batch*/) override { read_only(); }
    [[nodiscard]] Ticket last_ticket() const override { return ticket_of(durable_end()); }
    [[nodiscard]] Durable durable() const override { return durable_up_to(durable_end()); }
    [[nodiscard]] Position end_of(Ticket ticket) const override { return local::end_of(ticket); }
    void set_cursor(std::string_view /*name*/, Position /*position*/) override { read_only(); }
    void remove_cursor(std::string_view /*name*/) override { read_only(); }

    [[nodiscard]] Position durable_end() const override { return progress_.durable_end(); }
    [[nodiscard]] bool wait_for(Position position, SteadyTime deadline) override {
        return progress_.wait_for(position, deadline);
    }
    void wake_waiters() override { progress_.wake_waiters(); }
    [[nodiscard]] Result<std::unique_ptr<Reader>> read_from(Position position) override {
        return JournalReader::open(read_side_, position);
    }
    [[nodiscard]] Result<Position> position_at(SystemTime time) override {
        return find_time(read_side_, time);
    }
    [[nodiscard]] std::vector<NamedCursor> cursors() const override { return cursors_; }
    // There is nothing to hear of.
    void add_listener(Listener& /*listener*/) override {}
    void remove_listener(Listener& /*listener*/) override {}

    [[nodiscard]] Status status() const override {
        Status status;
        status.id = id_;
        status.first = segments_.first();
        status.end = progress_.durable_end();
        status.durable_end = status.end;
        status.disk_bytes = segments_.total_bytes();
        status.segments = static_cast<std::uint32_t>(segments_.count());
        return status;
    }

  private:
    [[noreturn]] static void read_only() {
        check_failed("this journal was opened to be read only", __FILE__, __LINE__);
    }

    const std::string id_;
    const std::vector<NamedCursor> cursors_;
    SegmentList segments_;
    DurableProgress progress_;
    ReadSide read_side_;
};

}  // namespace

Result<std::unique_ptr<Journal>> open_local_journal_read_only(
        const std::filesystem::path& directory, FileSystem& files) {
    auto survey = survey_for_onlooker(directory, files);
    if (!survey) {
        return pass_on(survey);
    }
    auto id = public_journal_id(files, directory, survey->cursors.journal);
    if (!id) {
        return pass_on(id);
    }
    return std::make_unique<ReadOnlyJournal>(*std::move(id), *survey, files);
}

Result<std::vector<SegmentSummary>> list_segments(
        const std::filesystem::path& directory, FileSystem& files) {
    auto survey = survey_for_onlooker(directory, files);
    if (!survey) {
        return pass_on(survey);
    }
    std::vector<SegmentSummary> summaries;
    for (const auto& segment : survey->segments) {
        summaries.push_back({
            segment->path,
            segment->header.first,
            std::min(segment->end.load(), survey->end),
            segment->file_bytes,
            segment->header.first_appended,
        });
    }
    return summaries;
}

}  // namespace foz::journal::local
