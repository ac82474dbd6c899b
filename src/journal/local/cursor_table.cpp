// SPDX-License-Identifier: Apache-2.0
#include "journal/local/cursor_table.h"

#include <algorithm>

#include "base/check.h"

namespace foz::journal::local {
namespace {

Position lowest(const std::vector<NamedCursor>& cursors) {
    const auto slowest = std::ranges::min_element(cursors, {}, &NamedCursor::position);
    return slowest == cursors.end() ? Position() : slowest->position;
}

bool same(const std::vector<NamedCursor>& left, const std::vector<NamedCursor>& right) {
    return std::ranges::equal(left, right, [](const NamedCursor& a, const NamedCursor& b) {
        return a.position == b.position && a.name == b.name;
    });
}

}  // namespace

void CursorTable::set(std::string_view name, Position position) {
    FOZ_CHECK(name.size() <= UINT16_MAX);
    const MutexLock lock(mutex_);
    const auto cursor = std::ranges::find(current_, name, &NamedCursor::name);
    if (cursor == current_.end()) {
        current_.push_back({std::string(name), position});
    } else {
        cursor->position = std::max(cursor->position, position);
    }
}

void CursorTable::remove(std::string_view name) {
    const MutexLock lock(mutex_);
    std::erase_if(current_, [name](const NamedCursor& cursor) { return cursor.name == name; });
}

std::vector<NamedCursor> CursorTable::current() const {
    const MutexLock lock(mutex_);
    return current_;
}

Result<void> CursorTable::save(FileSystem& files, const std::filesystem::path& directory,
        Position first, Position durable_end) {
    CursorFile file;
    {
        const MutexLock lock(mutex_);
        for (NamedCursor& cursor : current_) {
            cursor.position = std::max(cursor.position, first);
        }
        if (durable_end == on_disk_.durable_end && same(current_, on_disk_.cursors)) {
            return {};
        }
        file = {on_disk_.journal, durable_end, current_};
    }
    if (auto written = file.write(files, directory); !written) {
        return written;
    }
    const MutexLock lock(mutex_);
    on_disk_ = std::move(file);
    return {};
}

Position CursorTable::passed() const {
    const MutexLock lock(mutex_);
    return std::min(lowest(current_), lowest(on_disk_.cursors));
}

std::optional<NamedCursor> CursorTable::slowest() const {
    const MutexLock lock(mutex_);
    const auto slowest = std::ranges::min_element(current_, {}, &NamedCursor::position);
    return slowest == current_.end() ? std::nullopt : std::optional(*slowest);
}

}  // namespace foz::journal::local
