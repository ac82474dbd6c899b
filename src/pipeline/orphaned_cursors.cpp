// SPDX-License-Identifier: Apache-2.0
#include "pipeline/orphaned_cursors.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "mapping/mapping.h"

namespace foz::pipeline {

bool is_orphaned_cursor(std::string_view cursor, const std::vector<config::Database>& configured) {
    const std::size_t slash = cursor.find('/');
    return slash != std::string_view::npos && std::ranges::find(configured, cursor.substr(0, slash),
                                                      &config::Database::name) == configured.end();
}

Result<std::optional<OrphanedSideLane>> OrphanedSideLane::find(std::string_view cursor,
        const std::string& journal_id, const config::Settings& settings,
        state::StateDatabase& state) {
    const std::size_t slash = std::min(cursor.find('/'), cursor.size());
    const std::string_view lane = cursor.substr(std::min(slash + 1, cursor.size()));
    OrphanedSideLane left;
    left.journal_id_ = journal_id;
    left.database_ = cursor.substr(0, slash);
    if (!lane.contains('/') || std::ranges::find(settings.databases, left.database_,
                                       &config::Database::name) == settings.databases.end()) {
        return std::nullopt;
    }
    const auto mapping = mapping::Mapping::compile(settings, left.database_);
    if (!mapping) {
        return std::unexpected(mapping.error());
    }
    auto spans = state::load_side_spans(state, journal_id, left.database_);
    if (!spans) {
        return pass_on(spans);
    }
    std::ranges::copy_if(*spans, std::back_inserter(left.spans_),
            [&](const auto& span) { return span.side == lane; });
    const bool is_written = std::ranges::any_of(left.spans_, [&](const state::SideSpan& span) {
        return !span.past && std::ranges::any_of(mapping->tables(),
                                     [&](const auto& table) { return table->name == span.table; });
    });
    return is_written ? std::nullopt : std::optional(std::move(left));
}

Result<void> OrphanedSideLane::give_up(state::StateDatabase& state) const {
    for (const state::SideSpan& span : spans_) {
        if (auto removed = state::remove_side_span(state, journal_id_, database_, span); !removed) {
            return removed;
        }
    }
    return {};
}

void warn_of_orphaned_cursors(
        const journal::Journal& journal, const std::vector<config::Database>& configured) {
    const journal::Position end = journal.durable_end();
    for (const journal::NamedCursor& cursor : journal.cursors()) {
        if (!is_orphaned_cursor(cursor.name, configured)) {
            continue;
        }
        spdlog::warn(
                "database {} is no longer configured, but the journal keeps all records from {} on "
                "for it, {} now, and will be full one day. Configure it again, or give them up: "
                "stop foz and run `foz journal forget {}`",
                cursor.name.substr(0, cursor.name.find('/')), cursor.position,
                journal::records_between(cursor.position, end), cursor.name);
    }
}

}  // namespace foz::pipeline
