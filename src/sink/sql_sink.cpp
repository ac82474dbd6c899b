// SPDX-License-Identifier: Apache-2.0
#include "sink/sql_sink.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "sink/bookkeeping.h"
#include "sink/clear_text.h"
#include "sink/misfits.h"

namespace foz::sink {
namespace {

// Only a table that does not fit needs a person; it has no code of the database's, because foz
// found it.
SinkError error_of_setup(SinkError error) {
    if (!error.code.empty() && error.failure != FailureKind::reconnect) {
        error.failure = FailureKind::retry;
    }
    return error;
}

}  // namespace

std::unexpected<SinkError> SqlSink::not_connected() const {
    return fail(FailureKind::reconnect, "not connected to {}", database_);
}

SinkResult<Connected> SqlSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    close();
    if (auto opened = open(Access::write); !opened) {
        return pass_on(opened);
    }
    if (const auto remedy = missing_encryption();
            !remedy.empty() && !std::exchange(warned_of_clear_text_, true)) {
        spdlog::warn("{}", clear_text_warning(remedy));
    }
    auto connected = set_up(lane, mapping);
    if (!connected || any_misfit(*connected)) {
        close();
    }
    if (!connected) {
        return std::unexpected(error_of_setup(std::move(connected.error())));
    }
    return unless_none_fits(std::move(*connected), mapping);
}

SinkResult<Connected> SqlSink::set_up(const LaneName& lane, const mapping::Mapping& mapping) {
    SqlSession& session = *this->session();
    if (auto begun = session.begin_setup(); !begun) {
        return pass_on(begun);
    }
    if (auto created = apart(session, [&] { return create_bookkeeping(session, lane); });
            !created) {
        return pass_on(created);
    }
    Connected connected;
    for (const auto& table : mapping.tables()) {
        PreparedTable& here = connected.tables.emplace_back();
        if (table->elsewhere) {
            continue;
        }
        auto prepared = prepare_apart(*table);
        if (prepared) {
            here = std::move(*prepared);
        } else if (is_of_table(prepared.error())) {
            here.misfit = error_of_setup(std::move(prepared.error()));
        } else {
            return pass_on(prepared);
        }
    }
    if (auto noted = tables_are_prepared(); !noted) {
        return pass_on(noted);
    }
    if (auto read = read_progress(lane, connected); !read) {
        return pass_on(read);
    }
    if (auto committed = session.commit(); !committed) {
        return pass_on(committed);
    }
    return connected;
}

// A failure leaves the transaction as it was before, unless the connection is lost.
SinkResult<PreparedTable> SqlSink::prepare_apart(const mapping::Table& table) {
    auto preparation = apart(*session(), [&] { return prepare_table(table); });
    if (!preparation) {
        return pass_on(preparation);
    }
    warnings_.log(table.name, preparation->warnings);
    return std::move(preparation->table);
}

SinkResult<void> SqlSink::read_progress(const LaneName& lane, Connected& connected) {
    auto lanes = read_lanes(*session(), lane.journal, lane.lane);
    if (!lanes) {
        return pass_on(lanes);
    }
    if (lanes->empty()) {
        return fail(FailureKind::retry, "foz_cursor lost the row of its lane");
    }
    LaneState& state = lanes->front();
    connected.cursor = state.cursor;
    connected.mark = std::move(state.mark);
    connected.ledger = std::move(state.ledger);
    return {};
}

SinkResult<PreparedTable> SqlSink::extend(const mapping::Table& table) {
    if (session() == nullptr) {
        return not_connected();
    }
    SqlSession& session = *this->session();
    const auto change = [&]() -> SinkResult<PreparedTable> {
        if (auto begun = session.begin_setup(); !begun) {
            return pass_on(begun);
        }
        auto preparation = prepare_table(table);
        if (!preparation) {
            return pass_on(preparation);
        }
        if (auto noted = tables_are_prepared(); !noted) {
            return pass_on(noted);
        }
        if (auto committed = session.commit(); !committed) {
            return pass_on(committed);
        }
        return std::move(preparation->table);
    };
    auto changed = change();
    if (!changed) {
        session.roll_back();
    }
    return changed;
}

SinkResult<std::vector<std::string>> SqlSink::inspect(const mapping::Mapping& mapping) {
    close();
    if (auto opened = open(Access::read); !opened) {
        return pass_on(opened);
    }
    auto lines = describe_tables(mapping);
    close();
    return lines;
}

SinkResult<std::vector<std::string>> SqlSink::describe_tables(const mapping::Mapping& mapping) {
    std::vector<std::string> warnings;
    if (const auto remedy = missing_encryption(); !remedy.empty()) {
        warnings.push_back("warning: " + clear_text_warning(remedy));
    }
    auto missing = missing_rights(mapping);
    if (!missing) {
        return pass_on(missing);
    }
    return describe_all(mapping, [&](const mapping::Table& table) { return describe_table(table); },
            {.lines = std::move(warnings), .objections = std::move(*missing)});
}

SinkResult<Audit> SqlSink::audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables) {
    if (session() == nullptr) {
        if (auto opened = open(Access::read); !opened) {
            return pass_on(opened);
        }
    }
    auto result = read_audit(journal, tables);
    session()->roll_back();
    return result;
}

SinkResult<Audit> SqlSink::read_audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables) {
    SqlSession& session = *this->session();
    if (auto begun = session.begin_snapshot(); !begun) {
        return pass_on(begun);
    }
    auto lanes = read_lanes(session, journal);
    if (!lanes) {
        return pass_on(lanes);
    }
    auto foreign = read_foreign(session, journal);
    if (!foreign) {
        return pass_on(foreign);
    }
    Audit audit{.lanes = std::move(*lanes), .rows = {}, .foreign = std::move(*foreign)};
    for (const auto& table : tables) {
        auto count = count_rows(table->name);
        if (!count) {
            return pass_on(count);
        }
        audit.rows.push_back(*count);
    }
    return audit;
}

// 0 if the table is not there.
SinkResult<std::uint64_t> SqlSink::count_rows(const std::string& table) {
    auto name = find_table(table);
    if (!name) {
        return pass_on(name);
    }
    if (name->empty()) {
        return 0;
    }
    auto rows = session()->rows_of_long(
            "SELECT count(*) FROM " + *name, fmt::format("cannot count the rows of {}", table));
    if (!rows) {
        return pass_on(rows);
    }
    return number<std::uint64_t>(rows->front()[0]);
}

}  // namespace foz::sink
