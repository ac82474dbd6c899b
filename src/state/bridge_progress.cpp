// SPDX-License-Identifier: Apache-2.0
#include "state/bridge_progress.h"

#include "state/stored.h"

namespace foz::state {

Result<std::optional<BridgeProgress>> load_bridge_progress(
        StateDatabase& state, const std::string& journal, const std::string& bridge) {
    using Loaded = SqliteResult<std::optional<BridgeProgress>>;
    return state.run("cannot read a bridge's progress", [&](SqliteConnection& sqlite) -> Loaded {
        auto select = sqlite.prepare(
                "SELECT position, sequence, released, ahead, terms FROM bridge_progress WHERE "
                "journal = ? AND bridge = ?");
        if (!select) {
            return std::unexpected(std::move(select.error()));
        }
        select->bind(1, journal);
        select->bind(2, bridge);
        auto row = select->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return std::nullopt;
        }
        return BridgeProgress{
            .position = position_from(select->integer(0)),
            .sequence = static_cast<std::uint64_t>(select->integer(1)),
            .released = static_cast<std::uint64_t>(select->integer(2)),
            .ahead = static_cast<std::uint64_t>(select->integer(3)),
            .terms = std::string(select->text(4)),
        };
    });
}

Result<void> save_bridge_progress(StateDatabase& state, const std::string& journal,
        const std::string& bridge, const BridgeProgress& progress) {
    using Saved = SqliteResult<void>;
    return state.run("cannot save a bridge's progress", [&](SqliteConnection& sqlite) -> Saved {
        auto insert = sqlite.prepare(
                "INSERT OR REPLACE INTO bridge_progress VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (!insert) {
            return std::unexpected(std::move(insert.error()));
        }
        insert->bind(1, journal);
        insert->bind(2, bridge);
        insert->bind(3, stored(progress.position));
        insert->bind(4, static_cast<std::int64_t>(progress.sequence));
        insert->bind(5, static_cast<std::int64_t>(progress.released));
        insert->bind(6, static_cast<std::int64_t>(progress.ahead));
        insert->bind(7, progress.terms);
        return insert->run();
    });
}

Result<void> forget_bridge_progress(
        StateDatabase& state, const std::string& journal, const std::string& bridge) {
    using Done = SqliteResult<void>;
    return state.run("cannot forget a bridge", [&](SqliteConnection& sqlite) -> Done {
        auto remove =
                sqlite.prepare("DELETE FROM bridge_progress WHERE journal = ? AND bridge = ?");
        if (!remove) {
            return std::unexpected(std::move(remove.error()));
        }
        remove->bind(1, journal);
        remove->bind(2, bridge);
        return remove->run();
    });
}

}  // namespace foz::state
