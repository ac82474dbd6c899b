// SPDX-License-Identifier: Apache-2.0
#include "state/dead_letters.h"

#include <array>

#include "state/letter_capacity.h"
#include "state/replayed_letters.h"
#include "state/stored.h"

namespace foz::state {

namespace {

constexpr std::array kStatusNames = {
    std::string_view("waiting"), std::string_view("replaying"), std::string_view("discarded")};

LetterStatus status_from(std::string_view name) {
    for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
        if (kStatusNames[i] == name) {
            return static_cast<LetterStatus>(i);
        }
    }
    return LetterStatus::waiting;
}

// Every parameter may be null, which stands for "any": one statement for all filters.
constexpr std::string_view kFilter =
        " WHERE (?1 IS NULL OR journal = ?1) AND (?2 IS NULL OR database = ?2) AND (?3 IS NULL OR "
        "route = ?3) AND (?4 IS NULL OR code = ?4 OR instr(reason, ?4) > 0) AND (?5 IS NULL OR id "
        "= ?5) AND (?6 IS NULL OR status = ?6) AND id > ?7 AND (?8 IS NULL OR first_seen < ?8)";

// With payloads of a mebibyte each, what a group writes ahead stays at some mebibytes: pages of
// payload that are freed are not written.
constexpr int kDiscardGroup = 200;

void bind_text_or_any(Statement& statement, int parameter, const std::string& text) {
    if (text.empty()) {
        statement.bind_null(parameter);
    } else {
        statement.bind(parameter, text);
    }
}

void bind_filter(Statement& statement, const LetterFilter& filter) {
    bind_text_or_any(statement, 1, filter.journal);
    bind_text_or_any(statement, 2, filter.database);
    bind_text_or_any(statement, 3, filter.route);
    bind_text_or_any(statement, 4, filter.reason);
    if (filter.id) {
        statement.bind(5, *filter.id);
    } else {
        statement.bind_null(5);
    }
    if (filter.status) {
        statement.bind(6, name_of(*filter.status));
    } else {
        statement.bind_null(6);
    }
    statement.bind(7, filter.after);
    if (filter.seen_before) {
        statement.bind(8, stored(*filter.seen_before));
    } else {
        statement.bind_null(8);
    }
}

DeadLetter letter_from(const Statement& row) {
    DeadLetter letter;
    letter.id = row.integer(0);
    letter.journal = row.text(1);
    letter.database = row.text(2);
    letter.lane = row.text(3);
    letter.position = position_from(row.integer(4));
    letter.ordinal = static_cast<std::uint32_t>(row.integer(5));
    letter.route = row.text(6);
    letter.reading = static_cast<std::uint32_t>(row.integer(7));
    letter.topic = row.text(8);
    letter.client = row.text(9);
    letter.received = SystemTime(Microseconds(row.integer(10)));
    letter.qos = static_cast<std::uint8_t>(row.integer(11));
    letter.retain = row.integer(12) != 0;
    letter.payload = as_text(row.blob(13));
    letter.reason = row.text(14);
    letter.code = row.text(15);
    letter.first_seen = SystemTime(Microseconds(row.integer(16)));
    letter.status = status_from(row.text(17));
    letter.user = row.text(18);
    return letter;
}

void bind_letter(Statement& insert, const DeadLetter& letter) {
    insert.bind(1, letter.journal);
    insert.bind(2, letter.database);
    insert.bind(3, letter.lane);
    insert.bind(4, stored(letter.position));
    insert.bind(5, static_cast<std::int64_t>(letter.ordinal));
    insert.bind(6, letter.route);
    insert.bind(7, static_cast<std::int64_t>(letter.reading));
    insert.bind(8, letter.topic);
    insert.bind(9, letter.client);
    insert.bind(10, stored(letter.received));
    insert.bind(11, static_cast<std::int64_t>(letter.qos));
    insert.bind(12, static_cast<std::int64_t>(letter.retain));
    insert.bind_blob(13, as_bytes(letter.payload));
    insert.bind(14, letter.reason);
    insert.bind(15, letter.code);
    insert.bind(16, stored(letter.first_seen));
    insert.bind(17, letter.user);
}

// Free pages go back to the disk (those of a file that an older foz has made only to later
// letters), and what was written ahead into its place. Whoever reads meanwhile may prevent it: then
// the next time does it.
void give_room_back(SqliteConnection& connection) {
    constexpr int kRoundsMax = 64;
    for (int round = 0; round < kRoundsMax; ++round) {
        (void)connection.execute("PRAGMA incremental_vacuum(256); PRAGMA wal_checkpoint(TRUNCATE)");
        const auto left = connection.integer_of(
                "SELECT CASE (SELECT auto_vacuum FROM pragma_auto_vacuum) WHEN 2 THEN (SELECT "
                "freelist_count FROM pragma_freelist_count) ELSE 0 END");
        if (!left || *left == 0) {
            return;
        }
    }
}

}  // namespace

std::string_view name_of(LetterStatus status) {
    return kStatusNames[static_cast<std::size_t>(status)];
}

Result<void> save_letters(StateDatabase& state, std::span<const DeadLetter> letters) {
    std::uint64_t bytes = 0;
    for (const DeadLetter& letter : letters) {
        bytes += letter.payload.size() + letter.topic.size() + letter.reason.size();
    }
    if (auto room = make_letter_capacity(state, bytes); !room) {
        return room;
    }
    return state.run(
            "cannot save dead letters", [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto insert = connection.prepare(
                        "INSERT INTO dead_letters (journal, database, lane, position, ordinal, "
                        "route, reading, topic, client, received, qos, retain, payload, reason, "
                        "code, first_seen, user) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                        "?, ?, ?) ON CONFLICT (journal, database, lane, position, ordinal) DO "
                        "NOTHING");
                if (!insert) {
                    return std::unexpected(std::move(insert.error()));
                }
                for (const DeadLetter& letter : letters) {
                    bind_letter(*insert, letter);
                    if (auto inserted = insert->run(); !inserted) {
                        return inserted;
                    }
                }
                return transaction->commit();
            });
}

Result<bool> is_of_other_lanes(StateDatabase& state, const DeadLetter& letter) {
    bool others_only = false;
    auto looked = state.run("cannot look for a dead letter",
            [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto select = connection.prepare(
                        "SELECT coalesce(max(lane = ?), 1) FROM dead_letters WHERE journal = ? AND "
                        "database = ? AND route = ? AND position = ? AND reading = ?");
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                select->bind(1, letter.lane);
                select->bind(2, letter.journal);
                select->bind(3, letter.database);
                select->bind(4, letter.route);
                select->bind(5, stored(letter.position));
                select->bind(6, static_cast<std::int64_t>(letter.reading));
                if (auto row = select->step(); !row) {
                    return std::unexpected(std::move(row.error()));
                }
                others_only = select->integer(0) == 0;
                return {};
            });
    if (!looked) {
        return pass_on(looked);
    }
    return others_only;
}

Result<void> forget_from(StateDatabase& state, const std::string& journal,
        const std::string& database, const std::string& lane,
        std::pair<std::uint64_t, std::uint32_t> origin) {
    return state.run("cannot remove provisional dead letters",
            [&](SqliteConnection& connection) -> SqliteResult<void> {
                for (const char* table : {"dead_letters", "replayed_letters"}) {
                    auto removed = connection.run(
                            fmt::format("DELETE FROM {} WHERE journal = ? AND database = ? AND "
                                        "lane = ? AND (position, ordinal) >= (?, ?)",
                                    table),
                            [&](Statement& statement) {
                                statement.bind(1, journal);
                                statement.bind(2, database);
                                statement.bind(3, lane);
                                statement.bind(4, stored(origin.first));
                                statement.bind(5, static_cast<std::int64_t>(origin.second));
                            });
                    if (!removed) {
                        return removed;
                    }
                }
                return {};
            });
}

Result<void> for_each_letter(StateDatabase& state, const LetterFilter& filter,
        const std::function<bool(const DeadLetter&)>& each) {
    return state.run(
            "cannot read dead letters", [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto select = connection.prepare(fmt::format(
                        "SELECT id, journal, database, lane, position, ordinal, route, reading, "
                        "topic, client, received, qos, retain, payload, reason, code, first_seen, "
                        "status, user FROM dead_letters{} ORDER BY id",
                        kFilter));
                if (!select) {
                    return std::unexpected(std::move(select.error()));
                }
                bind_filter(*select, filter);
                while (true) {
                    auto row = select->step();
                    if (!row) {
                        return std::unexpected(std::move(row.error()));
                    }
                    if (!*row || !each(letter_from(*select))) {
                        return {};
                    }
                }
            });
}

Result<std::vector<LetterCount>> count_letters(StateDatabase& state, const LetterFilter& filter) {
    using Counts = SqliteResult<std::vector<LetterCount>>;
    return state.run("cannot count dead letters", [&](SqliteConnection& connection) -> Counts {
        auto select = connection.prepare(
                "SELECT database, route, sum(status <> 'discarded'), sum(status = 'discarded') "
                "FROM dead_letters WHERE (?1 IS NULL OR journal = ?1) AND (?2 IS NULL OR database "
                "= ?2) GROUP BY database, route ORDER BY database, route");
        if (!select) {
            return std::unexpected(std::move(select.error()));
        }
        bind_text_or_any(*select, 1, filter.journal);
        bind_text_or_any(*select, 2, filter.database);
        std::vector<LetterCount> counts;
        while (true) {
            auto row = select->step();
            if (!row) {
                return std::unexpected(std::move(row.error()));
            }
            if (!*row) {
                return counts;
            }
            counts.push_back({std::string(select->text(0)), std::string(select->text(1)),
                static_cast<std::uint64_t>(select->integer(2)),
                static_cast<std::uint64_t>(select->integer(3))});
        }
    });
}

Result<std::uint64_t> discard_some_letters(StateDatabase& state, const LetterFilter& filter) {
    LetterFilter waiting = filter;
    waiting.status = LetterStatus::waiting;
    using Count = SqliteResult<std::uint64_t>;
    return state.run("cannot discard dead letters", [&](SqliteConnection& connection) -> Count {
        auto ran = connection.run(
                fmt::format("UPDATE dead_letters SET status = 'discarded', payload = x'' WHERE id "
                            "IN (SELECT id FROM dead_letters{} ORDER BY id LIMIT {})",
                        kFilter, kDiscardGroup),
                [&](Statement& statement) { bind_filter(statement, waiting); });
        if (!ran) {
            return std::unexpected(std::move(ran.error()));
        }
        const auto discarded = static_cast<std::uint64_t>(connection.changes());
        if (discarded > 0) {
            give_room_back(connection);
        }
        return discarded;
    });
}

Result<std::uint64_t> discard_letters(StateDatabase& state, const LetterFilter& filter) {
    std::uint64_t all = 0;
    while (true) {
        const auto some = discard_some_letters(state, filter);
        if (!some || *some == 0) {
            return some ? all : some;
        }
        all += *some;
    }
}

Result<void> mark_replaying(
        StateDatabase& state, std::span<const std::int64_t> ids, std::uint64_t number) {
    return state.run(
            "cannot mark dead letters", [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto mark = connection.prepare(
                        "UPDATE dead_letters SET status = 'replaying', replay = ?, replay_index = "
                        "? WHERE id = ?");
                if (!mark) {
                    return std::unexpected(std::move(mark.error()));
                }
                for (std::size_t i = 0; i < ids.size(); ++i) {
                    mark->bind(1, stored(number));
                    mark->bind(2, static_cast<std::int64_t>(i));
                    mark->bind(3, ids[i]);
                    if (auto marked = mark->run(); !marked) {
                        return marked;
                    }
                }
                return transaction->commit();
            });
}

Result<void> return_letters(StateDatabase& state, std::span<const ReturnedLetter> letters) {
    return state.run(
            "cannot update dead letters", [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                auto update = connection.prepare(
                        "UPDATE dead_letters SET status = 'waiting', replay = NULL, replay_index = "
                        "NULL, reason = ?, code = ? WHERE id = ?");
                if (!update) {
                    return std::unexpected(std::move(update.error()));
                }
                for (const ReturnedLetter& letter : letters) {
                    update->bind(1, letter.reason);
                    update->bind(2, letter.code);
                    update->bind(3, letter.id);
                    if (auto updated = update->run(); !updated) {
                        return updated;
                    }
                }
                return transaction->commit();
            });
}

Result<void> finish_replays(StateDatabase& state, const std::string& journal,
        const std::string& database, std::pair<std::uint64_t, std::uint32_t> cursor) {
    const auto bind = [&](Statement& statement) {
        statement.bind(1, journal);
        statement.bind(2, database);
        statement.bind(3, stored(cursor.first));
        statement.bind(4, static_cast<std::int64_t>(cursor.second));
    };
    return state.run(
            "cannot finish a replay", [&](SqliteConnection& connection) -> SqliteResult<void> {
                auto transaction = Transaction::begin_write(connection);
                if (!transaction) {
                    return std::unexpected(std::move(transaction.error()));
                }
                if (auto kept = keep_replayed(connection, journal, database, cursor); !kept) {
                    return kept;
                }
                auto ran = connection.run(
                        "UPDATE dead_letters SET status = 'waiting', replay = NULL, replay_index = "
                        "NULL WHERE journal = ?1 AND database = ?2 AND status = 'replaying' AND "
                        "(replay, replay_index) >= (?3, ?4)",
                        bind);
                return ran ? transaction->commit() : ran;
            });
}

}  // namespace foz::state
