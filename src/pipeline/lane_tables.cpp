// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_tables.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace foz::pipeline {

LaneTables::LaneTables(mapping::Mapping& mapping, sink::Sink& sink, const Clock& clock,
        std::string log_name, std::chrono::milliseconds ask_again_after)
    : mapping_(mapping),
      sink_(sink),
      clock_(clock),
      log_name_(std::move(log_name)),
      ask_again_after_(ask_again_after) {}

sink::SinkResult<bool> LaneTables::adopt(std::span<const sink::PreparedTable> prepared) {
    const auto tables = mapping_.tables();
    versions_.clear();
    for (const auto& table : tables) {
        versions_.push_back(table->version);
    }
    bool changed = false;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (tables[i]->inferred && !tables[i]->elsewhere && i < prepared.size() &&
                !prepared[i].misfit) {
            auto adopted = adopt(i, prepared[i]);
            if (!adopted) {
                return adopted;
            }
            changed = changed || *adopted;
        }
    }
    return changed;
}

sink::SinkResult<bool> LaneTables::adopt(std::size_t table, const sink::PreparedTable& prepared) {
    const mapping::Table& ours = *mapping_.tables()[table];
    const auto changed = mapping_.adopt_columns(ours, prepared.columns, prepared.refused);
    if (!changed) {
        sink::SinkError error{
            sink::FailureKind::blocked, "", changed.error().message, std::nullopt};
        error.table = table;
        return std::unexpected(std::move(error));
    }
    // Adopting may have changed what the table wants: extend() compares it once more.
    versions_[table] = UINT32_MAX;
    if (!prepared.refused.empty()) {
        note_refused(ours.name, prepared.refused.front());
    }
    return *changed;
}

void LaneTables::note_refused(const std::string& table, const mapping::Refusal& refusal) {
    ask_again_at_ = clock_.steady_now() + ask_again_after_;
    std::string news = fmt::format("table {}: {}", table, refusal.reason);
    if (news != told_) {
        spdlog::error(
                "{}: {}. Readings that need it become dead letters, the others are stored; when it "
                "is mended: foz dead replay",
                log_name_, news);
        told_ = std::move(news);
    }
}

namespace {

// Another lane, or another foz, has a column filled by another field already.
bool has_other_owner(const mapping::Table& ours, std::span<const mapping::Column> theirs) {
    return std::ranges::any_of(theirs, [&](const mapping::Column& one) {
        const auto index = ours.index_of(one.name);
        return index && !one.field.empty() && ours.columns[*index].field != one.field;
    });
}

}  // namespace

sink::SinkResult<bool> LaneTables::extend() {
    const auto tables = mapping_.tables();
    bool map_again = false;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (tables[i]->version == versions_[i] || tables[i]->columns.empty() ||
                tables[i]->elsewhere) {
            continue;
        }
        auto extended = sink_.extend(*tables[i]);
        if (!extended) {
            if (extended.error().failure != sink::FailureKind::reconnect) {
                extended.error().table = i;
            }
            return pass_on(extended);
        }
        versions_[i] = tables[i]->version;
        if (!extended->refused.empty() || has_other_owner(*tables[i], extended->columns)) {
            const auto adopted = adopt(i, *extended);
            if (!adopted) {
                return adopted;
            }
            map_again = map_again || *adopted;
        }
    }
    return map_again;
}

void LaneTables::ask_again_for_refused() {
    if (ask_again_at_ && clock_.steady_now() >= *ask_again_at_) {
        ask_again_at_.reset();
        mapping_.forget_refusals();
    }
}

}  // namespace foz::pipeline
