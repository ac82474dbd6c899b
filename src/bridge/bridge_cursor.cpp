// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge_cursor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace foz::bridge {
namespace {

/// All that decides which message gets which place in the outbox, and where to.
std::string numbering_terms(const config::Bridge& bridge) {
    std::string terms = fmt::format("{} {} {} {}", bridge.remote.url, bridge.remote.client_id,
            static_cast<unsigned>(bridge.remote.profile), bridge.in_flight);
    for (const config::BridgeTopic& topic : bridge.topics) {
        terms += fmt::format("\n{} {} {} {} {}", topic.pattern,
                static_cast<unsigned>(topic.direction), topic.qos, topic.local_prefix,
                topic.remote_prefix);
    }
    return terms;
}

}  // namespace

std::string BridgeCursor::name_for(const std::string& bridge) {
    return std::string(kPrefix) + bridge;
}

BridgeCursor::BridgeCursor(const config::Bridge& bridge, bool exactly_once,
        journal::Journal& journal, state::StateDatabase& state)
    : bridge_(bridge.remote.name),
      name_(name_for(bridge.remote.name)),
      exactly_once_(exactly_once),
      window_(exactly_once ? bridge.in_flight : 0),
      terms_(numbering_terms(bridge)),
      journal_(journal),
      state_(state),
      journal_id_(journal.status().id) {}

Result<journal::Position> BridgeCursor::start(session::Outbox& outbox) {
    auto loaded = state::load_bridge_progress(state_, journal_id_, bridge_);
    if (!loaded) {
        return pass_on(loaded);
    }
    const std::optional<state::BridgeProgress>& progress = *loaded;
    if (!progress) {
        return start_new(outbox);
    }
    position_ = progress->position;
    for (const journal::NamedCursor& cursor : journal_.cursors()) {
        if (cursor.name == name_) {
            position_ = std::max(position_, cursor.position);
        }
    }
    const journal::Position first = journal_.status().first;
    if (position_ < first) {
        spdlog::error(
                "bridge {}: the journal has no records before {} any more, so {} of them were "
                "looked at for the last time before they were sent",
                bridge_, first, journal::records_between(position_, first));
        position_ = first;
    }
    restore(*progress, outbox);
    journal_.set_cursor(name_, position_);
    if (auto saved = save(position_, outbox); !saved) {
        return pass_on(saved);
    }
    return position_;
}

// A new bridge sends what comes from now on, not what the journal has kept for other purposes. What
// is not durable may be gone after a crash, and its positions given again. Where the bridge begins
// must not be forgotten in a crash, or a later end would be taken for the beginning.
Result<journal::Position> BridgeCursor::start_new(session::Outbox& outbox) {
    position_ = journal_.durable_end();
    if (auto saved = save(position_, outbox); !saved) {
        return pass_on(saved);
    }
    journal_.set_cursor(name_, position_);
    return position_;
}

void BridgeCursor::restore(state::BridgeProgress progress, session::Outbox& outbox) {
    if (progress.terms == terms_) {
        sent_end_ = progress.sequence + progress.ahead;
    } else {
        // What was sent has other packet ids now, so none of those may be used again: the other
        // broker would take a new message for the old one and drop it.
        progress.sequence += progress.ahead;
    }
    const bool too_many = progress.sequence - progress.released > session::Outbox::kCapacityMax;
    if (!exactly_once_ || too_many) {
        progress.released = progress.sequence;
    }
    outbox.restore(progress.released, progress.sequence);
}

Result<void> BridgeCursor::save(journal::Position position, const session::Outbox& outbox) {
    saved_sequence_ = outbox.received();
    return state::save_bridge_progress(state_, journal_id_, bridge_,
            {
                .position = position,
                .sequence = saved_sequence_,
                .released = outbox.oldest(),
                .ahead = window_,
                .terms = terms_,
            });
}

Result<void> BridgeCursor::move(journal::Position position, const session::Outbox& outbox) {
    if (exactly_once_ && outbox.received() != saved_sequence_) {
        const std::uint64_t before = saved_sequence_;
        if (auto saved = save(position, outbox); !saved) {
            saved_sequence_ = before;
            return saved;
        }
    }
    if (position != position_) {
        position_ = position;
        journal_.set_cursor(name_, position);
    }
    return {};
}

Result<void> forget_other_bridges(const std::vector<config::Bridge>& configured,
        journal::Journal& journal, state::StateDatabase& state) {
    for (const journal::NamedCursor& cursor : journal.cursors()) {
        if (!cursor.name.starts_with(BridgeCursor::kPrefix) ||
                cursor.name.find('/') != std::string::npos) {
            continue;  // a database's, or another reader's
        }
        const std::string name = cursor.name.substr(BridgeCursor::kPrefix.size());
        const bool known = std::ranges::any_of(configured,
                [&](const config::Bridge& bridge) { return bridge.remote.name == name; });
        if (known) {
            continue;
        }
        spdlog::warn(
                "bridge {} is no longer configured; what it had not sent (from record {} on) is "
                "given up",
                name, cursor.position);
        if (auto done = state::forget_bridge_progress(state, journal.status().id, name); !done) {
            return done;
        }
        journal.remove_cursor(cursor.name);
    }
    return {};
}

}  // namespace foz::bridge
