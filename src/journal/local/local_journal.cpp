// SPDX-License-Identifier: Apache-2.0
#include "journal/local/local_journal.h"

#include <algorithm>

#include <unistd.h>

#include "journal/local/append_queue.h"
#include "journal/local/cursor_table.h"
#include "journal/local/durable_progress.h"
#include "journal/local/group_committer.h"
#include "journal/local/housekeeper.h"
#include "journal/local/journal_reader.h"
#include "journal/local/new_journal_id.h"
#include "journal/local/recovery.h"
#include "journal/local/segment_list.h"
#include "journal/local/tail.h"

namespace foz::journal::local {
namespace {

constexpr std::uint64_t kSegmentBytesMin = 4 << 10;
constexpr std::uint64_t kSegmentOverhead =
        kSegmentHeaderBytes + kFrameHeaderBytes + kFrameAlignment;

/// The last segment's, and any new one's, bytes always fit under the cap together: once all is
/// passed, the journal can go on.
std::uint64_t append_bytes_max(const LocalJournalOptions& options) {
    return std::min(kAppendBytesMax, options.size_max / 2 - kSegmentOverhead);
}

class LocalJournal final : public Journal {
  public:
    LocalJournal(const LocalJournalOptions& options, FileSystem& files, const Clock& clock,
            std::unique_ptr<File> lock, std::string id, Survey survey,
            std::unique_ptr<File> last_file)
        : options_(options),
          lock_(std::move(lock)),
          id_(std::move(id)),
          segments_(survey.segments),
          cursors_(survey.cursors),
          progress_(survey.end),
          queue_({options.queue_bytes_max, append_bytes_max(options)}, survey.end, clock),
          tail_(options.tail_bytes),
          read_side_{files, segments_, progress_, &tail_},
          housekeeper_({options_, files, clock, segments_, cursors_, progress_}),
          committer_({queue_, segments_, progress_, tail_, housekeeper_},
                  SegmentWriter(survey.segments.back(), std::move(last_file), survey.end_offset)) {}

    LocalJournal(const LocalJournal&) = delete;
    LocalJournal& operator=(const LocalJournal&) = delete;
    ~LocalJournal() override { progress_.wake_waiters(); }

    [[nodiscard]] Result<Ticket> append(const RecordBatch& batch) override {
        auto end = queue_.append(batch);
        return end ? Result<Ticket>(ticket_of(*end)) : pass_on(end);
    }
    [[nodiscard]] Ticket last_ticket() const override { return ticket_of(queue_.end()); }
    [[nodiscard]] Durable durable() const override { return durable_up_to(durable_end()); }
    [[nodiscard]] Position end_of(Ticket ticket) const override { return local::end_of(ticket); }
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
    void set_cursor(std::string_view name, Position position) override {
        // Never ahead of what is durable, whatever a reader says.
        cursors_.set(name, std::min(position, progress_.durable_end()));
    }
    void remove_cursor(std::string_view name) override { cursors_.remove(name); }
    [[nodiscard]] std::vector<NamedCursor> cursors() const override { return cursors_.current(); }
    void add_listener(Listener& listener) override { progress_.add_listener(listener); }
    void remove_listener(Listener& listener) override { progress_.remove_listener(listener); }

    [[nodiscard]] Status status() const override {
        Status status;
        status.id = id_;
        status.first = segments_.first();
        status.durable_end = progress_.durable_end();
        status.end = queue_.end();
        status.disk_bytes = segments_.total_bytes();
        status.queued_bytes = queue_.queued_bytes();
        status.segments = static_cast<std::uint32_t>(segments_.count());
        status.stalled = queue_.stalled();
        return status;
    }

  private:
    const LocalJournalOptions options_;
    const std::unique_ptr<File> lock_;
    const std::string id_;
    SegmentList segments_;
    CursorTable cursors_;
    DurableProgress progress_;
    AppendQueue queue_;
    Tail tail_;
    ReadSide read_side_;
    Housekeeper housekeeper_;
    GroupCommitter committer_;  // last: stops first, and writes what is queued
};

Result<void> check_options(const LocalJournalOptions& options) {
    if (options.segment_bytes < kSegmentBytesMin) {
        return fail(ErrorCode::invalid, "journal: segment_bytes = {} is too small; at least {}",
                options.segment_bytes, kSegmentBytesMin);
    }
    if (options.size_max / 2 < options.segment_bytes) {
        return fail(ErrorCode::invalid,
                "journal: size_max = {} must be at least twice segment_bytes = {}",
                options.size_max, options.segment_bytes);
    }
    return {};
}

Result<void> make_folder(const std::filesystem::path& directory, FileSystem& files) {
    if (auto made = files.create_directories(directory); !made) {
        return made;
    }
    const auto parent = std::filesystem::absolute(directory).parent_path();
    return sync_directory(files, parent);
}

/// Locks the folder, and leaves the number of this process in the lock file for the message of the
/// next.
Result<std::unique_ptr<File>> lock_folder(
        FileSystem& files, const std::filesystem::path& directory) {
    const auto path = directory / "lock";
    auto lock = files.lock(path);
    if (!lock && lock.error().code == ErrorCode::unavailable) {
        const auto owner = read_file(files, path, 64);
        return fail(ErrorCode::unavailable,
                "the journal in {} is in use by another foz{}; stop that one first, or use another "
                "--data folder",
                directory.string(),
                owner && !owner->empty() ? fmt::format(" (process {})", *owner) : "");
    }
    if (!lock) {
        return lock;
    }
    // Only for a person: without it the lock holds all the same.
    if ((*lock)->truncate(0)) {
        (void)(*lock)->write_at(0, as_bytes(fmt::format("{}", ::getpid())));
    }
    return lock;
}

/// A new journal: its first segment, empty.
Result<Survey> create_journal(
        const LocalJournalOptions& options, FileSystem& files, const Clock& clock) {
    auto spare = SpareSegment::create(files, options.directory, options.segment_bytes);
    if (!spare) {
        return pass_on(spare);
    }
    while (!spare->ready()) {
        if (auto advanced = spare->advance(); !advanced) {
            SpareSegment::discard(files, options.directory);
            return fail(advanced.error().code,
                    "a new journal needs {} MiB at once (journal.segment_bytes): {}",
                    options.segment_bytes >> 20U, advanced.error().message);
        }
    }
    SegmentHeader header;
    header.journal = JournalId::random();
    header.first_appended = clock.system_now();
    auto activated = spare->activate(header);
    if (!activated) {
        return pass_on(activated);
    }
    Survey survey;
    survey.cursors.journal = header.journal;
    survey.segments.push_back(std::move(activated->segment));
    survey.end_offset = kSegmentHeaderBytes;
    survey.unproven_offset = kSegmentHeaderBytes;
    return survey;
}

}  // namespace

Result<std::unique_ptr<Journal>> open_local_journal(
        const LocalJournalOptions& options, FileSystem& files, const Clock& clock) {
    if (auto checked = check_options(options); !checked) {
        return pass_on(checked);
    }
    if (auto made = make_folder(options.directory, files); !made) {
        return pass_on(made);
    }
    auto lock = lock_folder(files, options.directory);
    if (!lock) {
        return pass_on(lock);
    }
    SpareSegment::discard(files, options.directory);
    // A process that was killed may have renamed a segment into place and not come to sync the
    // folder.
    if (auto synced = sync_directory(files, options.directory); !synced) {
        return pass_on(synced);
    }
    auto surveyed = survey_journal(files, options.directory, Strictness::owner);
    if (!surveyed) {
        return pass_on(surveyed);
    }
    std::optional<Survey>& found = *surveyed;
    if (!found) {
        auto created = create_journal(options, files, clock);
        if (!created) {
            return pass_on(created);
        }
        found = *std::move(created);
    }
    auto last_file = mend_tail(files, *found);
    if (!last_file) {
        return pass_on(last_file);
    }
    auto id = public_journal_id(files, options.directory, found->cursors.journal);
    if (!id) {
        return pass_on(id);
    }
    return std::make_unique<LocalJournal>(options, files, clock, *std::move(lock), *std::move(id),
            *std::move(found), *std::move(last_file));
}

}  // namespace foz::journal::local
