// SPDX-License-Identifier: Apache-2.0
#include "delivery/set_aside.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "delivery/record_finder.h"
#include "state/stored.h"

namespace foz::delivery {
namespace {

// In one transaction: those who write dead letters wait for it.
constexpr std::size_t kAtOnce = 1'000;

}  // namespace

Result<void> SetAside::keep(std::span<const journal::Position> wanted, journal::Readable& journal) {
    const MutexLock lock(mutex_);
    if (!is_loaded_) {
        if (auto loaded = load(); !loaded) {
            return loaded;
        }
    }
    Positions missing;
    Positions unwanted;
    std::ranges::set_difference(wanted, kept_, std::back_inserter(missing));
    std::ranges::set_difference(kept_, wanted, std::back_inserter(unwanted));
    if (missing.empty() && unwanted.empty()) {
        return {};
    }
    is_loaded_ = false;  // until all is done, state.db knows better
    if (auto copied = copy(missing, journal); !copied) {
        return copied;
    }
    if (auto removed = remove(unwanted); !removed) {
        return removed;
    }
    kept_.assign(wanted.begin(), wanted.end());
    is_loaded_ = true;
    return {};
}

Result<std::optional<std::string>> SetAside::find(journal::Position position) {
    using Found = state::SqliteResult<std::optional<std::string>>;
    return state_.run("cannot read a message that waits for a subscriber",
            [&](state::SqliteConnection& connection) -> Found {
                auto select = connection.prepare(
                        "SELECT record FROM waiting_message WHERE journal = ? AND position = ?");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal_id_);
                select->bind(2, state::stored(position));
                auto row = select->step();
                if (!row) {
                    return std::unexpected(std::move(row.error()));
                }
                if (!*row) {
                    return std::nullopt;
                }
                return std::string(as_text(select->blob(0)));
            });
}

Result<void> SetAside::load() {
    using Loaded = state::SqliteResult<Positions>;
    auto loaded = state_.run("cannot read which messages wait for subscribers",
            [&](state::SqliteConnection& connection) -> Loaded {
                auto select = connection.prepare(
                        "SELECT position FROM waiting_message WHERE journal = ? ORDER BY position");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal_id_);
                Positions positions;
                while (true) {
                    auto row = select->step();
                    if (!row) {
                        return std::unexpected(std::move(row.error()));
                    }
                    if (!*row) {
                        return positions;
                    }
                    positions.push_back(state::position_from(select->integer(0)));
                }
            });
    if (!loaded) {
        return pass_on(loaded);
    }
    kept_ = *std::move(loaded);
    is_loaded_ = true;
    return {};
}

Result<void> SetAside::copy(const Positions& missing, journal::Readable& journal) {
    RecordFinder finder(journal);
    for (std::size_t begin = 0; begin < missing.size(); begin += kAtOnce) {
        const auto some =
                std::span(missing).subspan(begin, std::min(kAtOnce, missing.size() - begin));
        std::vector<std::pair<journal::Position, std::string>> records;
        for (const journal::Position position : some) {
            auto record = finder.at(position);
            if (!record) {
                return pass_on(record);
            }
            if (const auto& found = *record) {
                records.emplace_back(position, as_text(found->bytes));
            }
        }
        if (auto stored = store(records); !stored) {
            return stored;
        }
    }
    return {};
}

Result<void> SetAside::store(std::span<const std::pair<journal::Position, std::string>> records) {
    return state_.run("cannot set messages aside that wait for subscribers",
            [&](state::SqliteConnection& connection) -> state::SqliteResult<void> {
                auto transaction = state::Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto insert = connection.prepare(
                        "INSERT OR REPLACE INTO waiting_message (journal, position, record) "
                        "VALUES (?, ?, ?)");
                if (!insert) {
                    return std::unexpected(std::move(insert.error()));
                }
                for (const auto& [position, record] : records) {
                    insert->bind(1, journal_id_);
                    insert->bind(2, state::stored(position));
                    insert->bind_blob(3, as_bytes(record));
                    if (auto inserted = insert->run(); !inserted) {
                        return inserted;
                    }
                }
                return transaction->commit();
            });
}

Result<void> SetAside::remove(const Positions& unwanted) {
    return state_.run("cannot remove messages that no subscriber waits for",
            [&](state::SqliteConnection& connection) -> state::SqliteResult<void> {
                auto transaction = state::Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto erase = connection.prepare(
                        "DELETE FROM waiting_message WHERE journal = ? AND position = ?");
                if (!erase) {
                    return std::unexpected(std::move(erase.error()));
                }
                for (const journal::Position position : unwanted) {
                    erase->bind(1, journal_id_);
                    erase->bind(2, state::stored(position));
                    if (auto erased = erase->run(); !erased) {
                        return erased;
                    }
                }
                return transaction->commit();
            });
}

}  // namespace foz::delivery
