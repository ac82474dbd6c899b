// SPDX-License-Identifier: Apache-2.0
// A file system in memory that does what disks do on bad days: forgets what was not synced when the
// power goes, keeps some sectors of a write and not others, runs full and gets room again, fails a
// sync, loses a bit.
//
// Unsynced data is tracked in sectors of 512 bytes, unsynced changes of a folder as a list of which
// a crash keeps a prefix. What a failed sync was about counts as clean afterwards, as Linux does
// it, though it never reaches the disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace foz::support {

enum class Loss : std::uint8_t {
    nothing,     // only the process died: the page cache is still there
    everything,  // the power went, and nothing unsynced had reached the disk
    some,        // it went, and each unsynced sector was on disk, or was not, or in part
};

/// Any thread may call any method.
class FaultyFileSystem final : public FileSystem {
  public:
    explicit FaultyFileSystem(std::uint64_t seed = 1) : random_(seed) {}

    // The faults.

    /// After this many more changing operations the machine stops: the one after is done in part,
    /// and everything from then on fails, until restart().
    void stop_after(std::uint64_t operations);
    [[nodiscard]] bool stopped() const;
    /// The machine, or the process, starts again. Files that were open stay dead; locks are free.
    void restart(Loss loss);
    /// Bytes that all files together may have.
    void set_capacity(std::uint64_t bytes);
    /// From now on no file and no folder can be opened: the process has used up its descriptors.
    void use_up_descriptors();
    /// The next sync_data() of a file whose name contains `part` fails.
    void fail_next_sync(std::string part);
    /// From now on sync_data() of a file whose name contains `part` waits, until let_syncs_go().
    /// HangingSyncs calls both.
    void hang_syncs(std::string part);
    void let_syncs_go();
    /// Number of successful sync_data() calls on files whose name contains `part`.
    [[nodiscard]] std::uint64_t syncs(std::string_view part) const;

    /// What the disk holds, for tests that look at it or spoil it.
    [[nodiscard]] std::string content(const std::filesystem::path& path) const;
    void set_content(const std::filesystem::path& path, std::string content);
    void flip_bit(const std::filesystem::path& path, std::uint64_t bit);

    // FileSystem.

    [[nodiscard]] Result<std::unique_ptr<File>> open(
            const std::filesystem::path& path, OpenMode mode) override;
    [[nodiscard]] Result<std::vector<std::string>> list(
            const std::filesystem::path& directory) const override;
    [[nodiscard]] Result<void> create_directories(const std::filesystem::path& directory) override;
    [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override;
    [[nodiscard]] Result<void> rename(
            const std::filesystem::path& from, const std::filesystem::path& to) override;
    [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
            const std::filesystem::path& directory) override;
    [[nodiscard]] Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) override;
    [[nodiscard]] Result<std::uint64_t> free_space(
            const std::filesystem::path& path) const override;

  private:
    friend class FaultyFile;
    friend class FaultyDirectory;

    struct Node {
        std::string name;
        std::string data;    // as the process sees it
        std::string synced;  // as the disk has it
        std::set<std::uint64_t> dirty_sectors;
    };
    using Entries = std::map<std::filesystem::path, std::shared_ptr<Node>>;
    struct Change {
        std::filesystem::path removed;
        std::filesystem::path added;  // may be empty
        std::shared_ptr<Node> node;
    };

    // All of these need mutex_.
    [[nodiscard]] bool alive(std::uint64_t incarnation) const;
    /// Counts an operation. False: the machine stops in the middle of this one.
    [[nodiscard]] bool count_operation();
    void change(Change change);
    [[nodiscard]] std::uint64_t used() const;
    [[nodiscard]] Result<void> write(Node& node, std::uint64_t offset, ByteView bytes);
    [[nodiscard]] Result<void> sync(Node& node);
    void lose(Node& node, Loss loss);
    [[nodiscard]] std::uint64_t below(std::uint64_t limit);
    static void put(Node& node, std::uint64_t offset, ByteView bytes);
    static void apply(const Change& change, Entries& entries);

    mutable std::mutex mutex_;
    std::mt19937_64 random_;
    Entries entries_;
    Entries durable_entries_;
    std::vector<Change> unsynced_changes_;
    std::set<std::filesystem::path> locks_;
    std::map<std::string, std::uint64_t> syncs_;
    std::optional<std::uint64_t> operations_left_;
    std::optional<std::string> failing_sync_;
    std::optional<std::string> hanging_sync_;
    std::condition_variable syncs_let_go_;
    std::uint64_t capacity_ = 1ULL << 40;
    bool descriptors_used_up_ = false;
    std::uint64_t incarnation_ = 0;
    bool stopped_ = false;
};

/// While it lives, the disk hangs in sync_data() of files whose name contains `part`.
class HangingSyncs {
  public:
    HangingSyncs(FaultyFileSystem& files, std::string part) : files_(files) {
        files_.hang_syncs(std::move(part));
    }
    HangingSyncs(const HangingSyncs&) = delete;
    HangingSyncs& operator=(const HangingSyncs&) = delete;
    ~HangingSyncs() { files_.let_syncs_go(); }

  private:
    FaultyFileSystem& files_;
};

}  // namespace foz::support
