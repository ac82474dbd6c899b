// SPDX-License-Identifier: Apache-2.0
#include "tests/bridge/bridge_rig.h"

#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "config/remote_sections.h"
#include "delivery/session_recovery.h"
#include "tests/support/position.h"
#include "tests/support/wait_until.h"

namespace foz::bridge {

using foz::mqtt::Message;
using foz::mqtt::RecordKind;
using support::wait_until;

namespace {

constexpr auto kTimeout = std::chrono::seconds(30);

std::string shown(const Message& message) {
    return fmt::format("{}|{}|{}|{}", message.topic, message.payload,
            static_cast<unsigned>(message.qos), message.retain ? 1 : 0);
}

}  // namespace

BridgeRig::BridgeRig(const std::vector<std::string>& topics, std::uint16_t port)
    : directory_("foz-bridge") {
    settings_.remote.name = "test";
    settings_.remote.client_id = "foz-test";
    settings_.remote.url = fmt::format("mqtt://127.0.0.1:{}", port);
    settings_.remote.retry_delay_max = std::chrono::milliseconds(100);
    for (const std::string& line : topics) {
        settings_.topics.push_back(config::parse_bridge_topic(line).value());
    }
    open_journal();
}

BridgeRig::~BridgeRig() = default;

void BridgeRig::open_journal() {
    journal::local::LocalJournalOptions options;
    options.directory = directory_ / "journal";
    options.segment_bytes = 1 << 20;
    options.size_max = journal_terms_.size_max;
    options.retain_bytes = journal_terms_.retain_bytes;
    options.tail_bytes = journal_terms_.tail_bytes;
    options.free_space_min = 0;
    auto journal = journal::local::open_local_journal(options, *journal_terms_.files, real_clock());
    auto state = state::StateDatabase::open(directory_ / "state.db");
    if (!journal || !state) {
        throw std::runtime_error("no journal or state database");
    }
    journal_ = *std::move(journal);
    state_ = *std::move(state);
}

void BridgeRig::start() {
    const auto sessions = delivery::recover_sessions(*journal_, *state_);
    auto bridge = Bridge::start(settings_, sessions.value().sessions,
            {intake::LinkIntakeTerms(), *journal_, *state_, real_clock()});
    if (!bridge) {
        throw std::runtime_error(bridge.error().message);
    }
    bridge_ = *std::move(bridge);
}

void BridgeRig::replace_journal(const JournalTerms& terms) {
    journal_terms_ = terms;
    journal_.reset();
    std::filesystem::remove_all(directory_ / "journal");
    open_journal();
}

bool BridgeRig::connected() const {
    return wait_until([&] { return status().link.state == client::LinkState::ready; });
}

void BridgeRig::drain() {
    bridge_->drain(real_clock().steady_now() + kTimeout);
    bridge_.reset();
}

void BridgeRig::crash() {
    bridge_.reset();
    journal_.reset();
    state_.reset();
    open_journal();
}

journal::Position BridgeRig::publish(
        std::string_view topic, std::string_view payload, std::uint8_t qos) {
    return append({
        .topic = topic,
        .payload = payload,
        .client_id = "device",
        .received = real_clock().system_now(),
        .qos = qos,
        .properties = {},
    });
}

journal::Position BridgeRig::append(const Message& message) {
    journal::RecordBatch batch;
    foz::mqtt::encode_message(
            message, batch.begin_record(static_cast<std::uint8_t>(RecordKind::message)));
    batch.end_record();
    (void)journal_->append(batch).value();
    const journal::Position last = journal_->status().end.previous().value_or(at(0));
    (void)journal_->wait_for(last, real_clock().steady_now() + kTimeout);
    return last;
}

bool BridgeRig::fill_journal(std::string_view topic) {
    const std::string payload(64 << 10, 'y');
    journal::RecordBatch batch;
    foz::mqtt::encode_message(
            {
                .topic = topic,
                .payload = payload,
                .client_id = "device",
                .received = real_clock().system_now(),
                .qos = 1,
                .properties = {},
            },
            batch.begin_record(static_cast<std::uint8_t>(RecordKind::message)));
    batch.end_record();
    return wait_until([&] {
        (void)journal_->append(batch);
        return journal_->status().stalled.has_value();
    });
}

void BridgeRig::publish_many(
        std::string_view topic, std::size_t first, std::size_t count, std::uint8_t qos) {
    constexpr std::size_t kAppend = 100;
    journal::RecordBatch batch;
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string payload = std::to_string(i);
        foz::mqtt::encode_message(
                {
                    .topic = topic,
                    .payload = payload,
                    .client_id = "device",
                    .received = real_clock().system_now(),
                    .qos = qos,
                    .properties = {},
                },
                batch.begin_record(static_cast<std::uint8_t>(RecordKind::message)));
        batch.end_record();
        if (batch.count() == kAppend || i + 1 == first + count) {
            (void)journal_->append(batch).value();
            batch.clear();
        }
    }
}

std::vector<std::string> BridgeRig::received() const {
    std::vector<std::string> messages;
    const auto reader = journal_->read_from(at(0)).value();
    while (const auto record = reader->next().value()) {
        if (record->kind == static_cast<std::uint8_t>(RecordKind::message)) {
            const Message message = foz::mqtt::decode_message(record->bytes).value();
            if (message.client_id == "$bridge/test") {
                messages.push_back(shown(message));
            }
        }
    }
    return messages;
}

bool BridgeRig::receives(std::size_t count) const {
    return wait_until([&] { return received().size() >= count; }, kTimeout);
}

bool BridgeRig::catches_up() const {
    return wait_until([&] { return status().behind == 0; }, kTimeout);
}

}  // namespace foz::bridge
