// SPDX-License-Identifier: Apache-2.0
#include "delivery/retained_checkpoint.h"

#include "state/stored.h"

namespace foz::delivery {
namespace {

using Place = RetainedMessages::Place;

state::SqliteResult<void> put(state::SqliteConnection& connection, const std::string& journal_id,
        std::span<const Place* const> places) {
    auto insert = connection.prepare(
            "INSERT OR REPLACE INTO retained (journal, topic, position) VALUES (?, ?, ?)");
    if (!insert) {
        return std::unexpected(std::move(insert.error()));
    }
    for (const Place* place : places) {
        insert->bind(1, journal_id);
        insert->bind(2, place->topic);
        insert->bind(3, state::stored(place->position));
        if (auto inserted = insert->run(); !inserted) {
            return inserted;
        }
    }
    return {};
}

state::SqliteResult<void> remove(state::SqliteConnection& connection, const std::string& journal_id,
        std::span<const Place* const> places) {
    auto erase = connection.prepare("DELETE FROM retained WHERE journal = ? AND topic = ?");
    if (!erase) {
        return std::unexpected(std::move(erase.error()));
    }
    for (const Place* place : places) {
        erase->bind(1, journal_id);
        erase->bind(2, place->topic);
        if (auto erased = erase->run(); !erased) {
            return erased;
        }
    }
    return {};
}

}  // namespace

Result<std::vector<Place>> load_retained(
        state::StateDatabase& state, const std::string& journal_id) {
    using Loaded = state::SqliteResult<std::vector<Place>>;
    return state.run("cannot read the retained messages",
            [&](state::SqliteConnection& connection) -> Loaded {
                auto select = connection.prepare(
                        "SELECT topic, position FROM retained WHERE journal = ? ORDER BY topic");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, journal_id);
                std::vector<Place> places;
                while (true) {
                    auto row = select->step();
                    if (!row) {
                        return std::unexpected(std::move(row.error()));
                    }
                    if (!*row) {
                        return places;
                    }
                    places.push_back({.topic = std::string(select->text(0)),
                        .position = state::position_from(select->integer(1))});
                }
            });
}

Result<void> save_retained(state::StateDatabase& state, const std::string& journal_id,
        std::span<const Place> before, std::span<const Place> after) {
    std::vector<const Place*> gone;
    std::vector<const Place*> changed;
    auto old = before.begin();
    for (const Place& place : after) {
        for (; old != before.end() && old->topic < place.topic; ++old) {
            gone.push_back(&*old);
        }
        const bool was_there = old != before.end() && old->topic == place.topic;
        if (!was_there || old->position != place.position) {
            changed.push_back(&place);
        }
        if (was_there) {
            ++old;
        }
    }
    for (; old != before.end(); ++old) {
        gone.push_back(&*old);
    }
    if (gone.empty() && changed.empty()) {
        return {};
    }
    return state.run("cannot save the retained messages",
            [&](state::SqliteConnection& connection) -> state::SqliteResult<void> {
                auto transaction = state::Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                if (auto removed = remove(connection, journal_id, gone); !removed) {
                    return removed;
                }
                if (auto stored = put(connection, journal_id, changed); !stored) {
                    return stored;
                }
                return transaction->commit();
            });
}

}  // namespace foz::delivery
