// SPDX-License-Identifier: Apache-2.0
#include "tests/support/faulty_file_system.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace foz::support {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::unexpected<Error> machine_stopped() {
    return fail(ErrorCode::io, "the machine has stopped");
}

std::unexpected<Error> cannot_open(const std::filesystem::path& path) {
    return fail(ErrorCode::io, "cannot open {}: Too many open files", path.string());
}

}  // namespace

class FaultyDirectory final : public Directory {
  public:
    FaultyDirectory(FaultyFileSystem& files, std::filesystem::path path, std::uint64_t incarnation)
        : files_(files), path_(std::move(path)), incarnation_(incarnation) {}

    [[nodiscard]] Result<void> sync() override {
        const std::lock_guard lock(files_.mutex_);
        if (!files_.alive(incarnation_) || !files_.count_operation()) {
            return machine_stopped();
        }
        std::erase_if(files_.unsynced_changes_, [&](const FaultyFileSystem::Change& change) {
            const auto& path = change.removed.empty() ? change.added : change.removed;
            if (path.parent_path() != path_) {
                return false;
            }
            FaultyFileSystem::apply(change, files_.durable_entries_);
            return true;
        });
        return {};
    }

  private:
    FaultyFileSystem& files_;
    const std::filesystem::path path_;
    const std::uint64_t incarnation_;
};

class FaultyFile final : public File {
  public:
    FaultyFile(FaultyFileSystem& files, std::shared_ptr<FaultyFileSystem::Node> node,
            std::uint64_t incarnation, std::optional<std::filesystem::path> locked = {})
        : files_(files),
          node_(std::move(node)),
          incarnation_(incarnation),
          locked_(std::move(locked)) {}
    FaultyFile(const FaultyFile&) = delete;
    FaultyFile& operator=(const FaultyFile&) = delete;

    ~FaultyFile() override {
        const std::lock_guard lock(files_.mutex_);
        if (locked_ && incarnation_ == files_.incarnation_) {
            files_.locks_.erase(*locked_);
        }
    }

    [[nodiscard]] Result<std::size_t> read_at(
            std::uint64_t offset, std::span<std::byte> into) const override {
        const std::lock_guard lock(files_.mutex_);
        if (!files_.alive(incarnation_)) {
            return machine_stopped();
        }
        const std::string& data = node_->data;
        const std::uint64_t from = std::min<std::uint64_t>(offset, data.size());
        const std::size_t count = std::min<std::size_t>(into.size(), data.size() - from);
        std::memcpy(into.data(), data.data() + from, count);
        return count;
    }

    [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
        const std::lock_guard lock(files_.mutex_);
        return files_.alive(incarnation_) ? files_.write(*node_, offset, bytes) : machine_stopped();
    }

    [[nodiscard]] Result<void> allocate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (!files_.alive(incarnation_)) {
            return machine_stopped();
        }
        const std::uint64_t old_size = node_->data.size();
        const std::vector<std::byte> zeros(std::max(size, old_size) - old_size);
        return files_.write(*node_, old_size, zeros);
    }

    [[nodiscard]] Result<void> sync_data() override {
        std::unique_lock lock(files_.mutex_);
        files_.syncs_let_go_.wait(lock, [this] {
            return !files_.hanging_sync_ ||
                   node_->name.find(*files_.hanging_sync_) == std::string::npos;
        });
        return files_.alive(incarnation_) ? files_.sync(*node_) : machine_stopped();
    }

    [[nodiscard]] Result<std::uint64_t> size() const override {
        const std::lock_guard lock(files_.mutex_);
        return node_->data.size();
    }

    [[nodiscard]] Result<void> truncate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (!files_.alive(incarnation_) || !files_.count_operation()) {
            return machine_stopped();
        }
        node_->data.resize(size);
        return {};
    }

  private:
    FaultyFileSystem& files_;
    std::shared_ptr<FaultyFileSystem::Node> node_;
    std::uint64_t incarnation_;
    std::optional<std::filesystem::path> locked_;
};

void FaultyFileSystem::stop_after(std::uint64_t operations) {
    const std::lock_guard lock(mutex_);
    operations_left_ = operations;
}

bool FaultyFileSystem::stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

void FaultyFileSystem::restart(Loss loss) {
    const std::lock_guard lock(mutex_);
    if (loss != Loss::nothing) {
        const std::uint64_t kept = loss == Loss::some ? below(unsynced_changes_.size() + 1) : 0;
        for (std::uint64_t i = 0; i < kept; ++i) {
            apply(unsynced_changes_[i], durable_entries_);
        }
        unsynced_changes_.clear();
        entries_ = durable_entries_;
        for (const auto& [path, node] : entries_) {
            lose(*node, loss);
        }
    }
    locks_.clear();
    operations_left_.reset();
    failing_sync_.reset();
    stopped_ = false;
    ++incarnation_;
}

void FaultyFileSystem::lose(Node& node, Loss loss) {
    if (loss == Loss::some) {
        const std::uint64_t odds = below(3);  // all, none, or each sector by chance
        for (const std::uint64_t sector : node.dirty_sectors) {
            const std::uint64_t from = sector * kSectorBytes;
            if (from >= node.data.size() || odds == 1 || (odds == 2 && below(2) == 0)) {
                continue;
            }
            std::uint64_t count = std::min(kSectorBytes, node.data.size() - from);
            if (odds == 2 && below(4) == 0) {
                count = below(count + 1);  // the sector itself is torn
            }
            node.synced.resize(std::max<std::size_t>(node.synced.size(), from + count));
            std::memcpy(node.synced.data() + from, node.data.data() + from, count);
        }
    }
    node.data = node.synced;
    node.dirty_sectors.clear();
}

void FaultyFileSystem::use_up_descriptors() {
    const std::lock_guard lock(mutex_);
    descriptors_used_up_ = true;
}

void FaultyFileSystem::set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes;
}

void FaultyFileSystem::fail_next_sync(std::string part) {
    const std::lock_guard lock(mutex_);
    failing_sync_ = std::move(part);
}

void FaultyFileSystem::hang_syncs(std::string part) {
    const std::lock_guard lock(mutex_);
    hanging_sync_ = std::move(part);
}

void FaultyFileSystem::let_syncs_go() {
    {
        const std::lock_guard lock(mutex_);
        hanging_sync_.reset();
    }
    syncs_let_go_.notify_all();
}

std::uint64_t FaultyFileSystem::syncs(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    for (const auto& [name, syncs] : syncs_) {
        count += name.find(part) != std::string::npos ? syncs : 0;
    }
    return count;
}

std::string FaultyFileSystem::content(const std::filesystem::path& path) const {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(path);
    FOZ_CHECK(entry != entries_.end());
    return entry->second->data;
}

void FaultyFileSystem::set_content(const std::filesystem::path& path, std::string content) {
    const std::lock_guard lock(mutex_);
    auto& node = entries_[path];
    node = std::make_shared<Node>();
    node->name = path.filename().string();
    node->data = std::move(content);
    node->synced = node->data;
    durable_entries_[path] = node;
}

void FaultyFileSystem::flip_bit(const std::filesystem::path& path, std::uint64_t bit) {
    std::string bytes = content(path);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    set_content(path, std::move(bytes));
}

Result<std::unique_ptr<File>> FaultyFileSystem::open(
        const std::filesystem::path& path, OpenMode mode) {
    const std::lock_guard lock(mutex_);
    if (!alive(incarnation_)) {
        return machine_stopped();
    }
    if (descriptors_used_up_) {
        return cannot_open(path);
    }
    auto entry = entries_.find(path);
    if (mode == OpenMode::create) {
        if (entry != entries_.end()) {
            return fail(ErrorCode::io, "cannot create {}: it exists", path.string());
        }
        if (!count_operation()) {
            return machine_stopped();
        }
        auto node = std::make_shared<Node>();
        node->name = path.filename().string();
        change({{}, path, node});
        entry = entries_.find(path);
    }
    if (entry == entries_.end()) {
        return fail(ErrorCode::not_found, "cannot open {}: no such file", path.string());
    }
    return std::make_unique<FaultyFile>(*this, entry->second, incarnation_);
}

Result<std::vector<std::string>> FaultyFileSystem::list(
        const std::filesystem::path& directory) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, node] : entries_) {
        if (path.parent_path() == directory) {
            names.push_back(path.filename().string());
        }
    }
    return names;
}

Result<void> FaultyFileSystem::create_directories(const std::filesystem::path& /*directory*/) {
    return {};
}

Result<void> FaultyFileSystem::remove(const std::filesystem::path& path) {
    const std::lock_guard lock(mutex_);
    if (!alive(incarnation_)) {
        return machine_stopped();
    }
    if (!entries_.contains(path)) {
        return fail(ErrorCode::not_found, "cannot remove {}: no such file", path.string());
    }
    if (!count_operation()) {
        return machine_stopped();
    }
    change({path, {}, nullptr});
    return {};
}

Result<void> FaultyFileSystem::rename(
        const std::filesystem::path& from, const std::filesystem::path& to) {
    const std::lock_guard lock(mutex_);
    if (!alive(incarnation_) || !count_operation()) {
        return machine_stopped();
    }
    const auto entry = entries_.find(from);
    if (entry == entries_.end()) {
        return fail(ErrorCode::not_found, "cannot rename {}: no such file", from.string());
    }
    const auto node = entry->second;
    node->name = to.filename().string();
    change({from, to, node});
    return {};
}

Result<std::unique_ptr<Directory>> FaultyFileSystem::open_directory(
        const std::filesystem::path& directory) {
    const std::lock_guard lock(mutex_);
    if (!alive(incarnation_)) {
        return machine_stopped();
    }
    if (descriptors_used_up_) {
        return cannot_open(directory);
    }
    return std::make_unique<FaultyDirectory>(*this, directory, incarnation_);
}

Result<std::unique_ptr<File>> FaultyFileSystem::lock(const std::filesystem::path& path) {
    const std::lock_guard lock(mutex_);
    if (!alive(incarnation_)) {
        return machine_stopped();
    }
    if (!locks_.insert(path).second) {
        return fail(ErrorCode::unavailable, "{} is locked by another process", path.string());
    }
    if (!entries_.contains(path)) {
        auto node = std::make_shared<Node>();
        node->name = path.filename().string();
        change({{}, path, std::move(node)});
    }
    return std::make_unique<FaultyFile>(*this, entries_[path], incarnation_, path);
}

Result<std::uint64_t> FaultyFileSystem::free_space(const std::filesystem::path& /*path*/) const {
    const std::lock_guard lock(mutex_);
    return capacity_ - std::min(capacity_, used());
}

bool FaultyFileSystem::alive(std::uint64_t incarnation) const {
    return !stopped_ && incarnation == incarnation_;
}

bool FaultyFileSystem::count_operation() {
    if (!operations_left_) {
        return true;
    }
    if (*operations_left_ == 0) {
        stopped_ = true;
        return false;
    }
    --*operations_left_;
    return true;
}

void FaultyFileSystem::change(Change change) {
    apply(change, entries_);
    unsynced_changes_.push_back(std::move(change));
}

void FaultyFileSystem::apply(const Change& change, Entries& entries) {
    if (!change.removed.empty()) {
        entries.erase(change.removed);
    }
    if (!change.added.empty()) {
        entries[change.added] = change.node;
    }
}

std::uint64_t FaultyFileSystem::used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, node] : entries_) {
        bytes += node->data.size();
    }
    return bytes;
}

Result<void> FaultyFileSystem::write(Node& node, std::uint64_t offset, ByteView bytes) {
    if (!count_operation()) {
        put(node, offset, bytes.first(below(bytes.size() + 1)));
        return machine_stopped();
    }
    const std::uint64_t end = offset + bytes.size();
    if (end > node.data.size()) {
        const std::uint64_t room = capacity_ - std::min(capacity_, used());
        if (end - node.data.size() > room) {
            const std::uint64_t last = node.data.size() + room;
            put(node, offset, bytes.first(last > offset ? last - offset : 0));
            return fail(ErrorCode::no_space, "cannot write {}: no space left", node.name);
        }
    }
    put(node, offset, bytes);
    return {};
}

void FaultyFileSystem::put(Node& node, std::uint64_t offset, ByteView bytes) {
    if (bytes.empty()) {
        return;
    }
    const std::uint64_t end = offset + bytes.size();
    node.data.resize(std::max<std::size_t>(node.data.size(), end));
    std::memcpy(node.data.data() + offset, bytes.data(), bytes.size());
    for (std::uint64_t sector = offset / kSectorBytes; sector * kSectorBytes < end; ++sector) {
        node.dirty_sectors.insert(sector);
    }
}

Result<void> FaultyFileSystem::sync(Node& node) {
    if (!count_operation()) {
        return machine_stopped();
    }
    if (failing_sync_ && node.name.find(*failing_sync_) != std::string::npos) {
        failing_sync_.reset();
        node.dirty_sectors.clear();
        return fail(ErrorCode::io, "cannot sync {}: input/output error", node.name);
    }
    node.synced.resize(node.data.size());
    for (const std::uint64_t sector : node.dirty_sectors) {
        const std::uint64_t from = sector * kSectorBytes;
        if (from < node.data.size()) {
            std::memcpy(node.synced.data() + from, node.data.data() + from,
                    std::min(kSectorBytes, node.data.size() - from));
        }
    }
    node.dirty_sectors.clear();
    ++syncs_[node.name];
    return {};
}

std::uint64_t FaultyFileSystem::below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
}

}  // namespace foz::support
