// SPDX-License-Identifier: Apache-2.0
#include "tests/journal/local/journal_fixture.h"

namespace foz::journal::local {

void RememberingListener::on_durable(const Durable& durable) {
    const std::lock_guard lock(mutex_);
    durable_end_ = durable.end;
}

void RememberingListener::on_space() {
    {
        const std::lock_guard lock(mutex_);
        ++room_calls_;
    }
    changed_.notify_all();
}

void RememberingListener::on_failed(const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        failure_ = error;
    }
    changed_.notify_all();
}

bool RememberingListener::wait_for_room(int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kTimeout, [&] { return room_calls_ >= times; });
}

std::optional<Error> RememberingListener::wait_for_failure() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kTimeout, [&] { return failure_.has_value(); });
    return failure_;
}

Position RememberingListener::durable_end() const {
    const std::lock_guard lock(mutex_);
    return durable_end_;
}

int RememberingListener::room_calls() const {
    const std::lock_guard lock(mutex_);
    return room_calls_;
}

LocalJournalOptions small_options() {
    LocalJournalOptions options;
    options.directory = "/journal";
    options.segment_bytes = 4 << 10;
    options.size_max = 1 << 20;
    options.free_space_min = 0;
    options.queue_bytes_max = 64 << 10;
    options.tail_bytes = 2 << 10;  // so that readers go between memory and file
    options.retain_bytes = 1 << 20;
    return options;
}

RecordBatch batch_of(std::string_view text) {
    RecordBatch batch;
    batch.add(1, as_bytes(text));
    return batch;
}

Position append_durably(Journal& journal, std::string_view text) {
    const RecordBatch batch = batch_of(text);
    // The queue may still count the group that was reported durable just now.
    EXPECT_TRUE(eventually([&] { return journal.append(batch).has_value(); }));
    const Position end = journal.status().end;
    EXPECT_TRUE(journal.wait_for(end.previous().value_or(at(0)), deadline()));
    return end;
}

std::vector<std::string> read_all(Journal& journal, Position from) {
    std::vector<std::string> texts;
    auto reader = journal.read_from(from);
    if (!reader) {
        return {reader.error().message};
    }
    while (true) {
        auto record = (*reader)->next();
        if (!record) {
            texts.push_back(record.error().message);
            return texts;
        }
        if (!*record) {
            return texts;
        }
        EXPECT_EQ((*record)->position, from.advanced_by(texts.size()));
        texts.emplace_back(as_text((*record)->bytes));
    }
}

std::unique_ptr<Journal> open_or_fail(FileSystem& files, const LocalJournalOptions& options) {
    auto journal = open_local_journal(options, files, real_clock());
    EXPECT_TRUE(journal.has_value()) << journal.error().message;
    return journal ? *std::move(journal) : nullptr;
}

std::vector<std::string> segment_files(const FileSystem& files) {
    auto names = files.list(small_options().directory);
    EXPECT_TRUE(names.has_value());
    std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".segment"); });
    return *names;
}

}  // namespace foz::journal::local
