// SPDX-License-Identifier: Apache-2.0
// Writes again what the journal still holds, with the mapping as it is now. Each replay is a lane
// with a name, under which the database remembers how far it has come: started again it goes on
// there and writes nothing twice. Works while foz runs. One thread, which waits until it is done.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admin/data_folder.h"
#include "sink/sink.h"

namespace foz::admin {

struct ReplayRequest {
    std::string from;   // a position, or a time in UTC
    std::string to;     // stops before it; "": the journal's end
    std::string route;  // "": all
    std::string name;   // "": made of `from` and `route`
};

struct ReplayProgress {
    std::string database;
    journal::Position position;
    journal::Position until;
    std::string last_error;  // "": none
};

struct DatabaseReplay {
    std::string database;
    std::string lane;  // the replay's name there
    /// It had come to its end before; nothing was written.
    bool was_complete = false;
    /// What this replay has written, over all its runs. Error: why it did not come to its end.
    Result<std::vector<sink::LedgerLine>> ledger;
};

/// `on_progress` is called once a second, `each` when a database is done: they follow one another.
/// Databases that no route of the replay writes to are left out. Errors, before anything is
/// written: invalid = a position, route or name that cannot be; not_found = the journal no longer
/// has, or not yet, what `from` names.
[[nodiscard]] Result<void> replay(const DataFolder& folder, const ReplayRequest& request,
        const std::function<void(const ReplayProgress&)>& on_progress,
        const std::function<void(const DatabaseReplay&)>& each);

}  // namespace foz::admin
