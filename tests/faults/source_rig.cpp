// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/source_rig.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::faults {

using namespace std::chrono_literals;

namespace {

// Keeps all for foz while it is away.
support::MosquittoOptions mosquitto_options(bool saves) {
    return {
        .persistence = true,
        .configuration = fmt::format(
                "max_queued_messages 0\nmax_inflight_messages 100\nautosave_interval {}",
                saves ? 1 : 0),
    };
}

constexpr std::uint64_t kOne = 1;
constexpr std::size_t kBlamedMax = 2'000;
constexpr std::string_view kClientId = "foz-plant";
// Mosquitto delivers in the order of arrival: who has this one has all that was kept.
constexpr std::string_view kLast = "last|1";

RigOptions rig_options(
        const SourceRigOptions& options, std::uint16_t mosquitto_port, std::uint16_t source_port) {
    return {
        .store = options.store,
        .qos = options.qos,
        .key = options.qos == 1,
        .source = fmt::format(
                R"([source.plant]
url = "mqtt://127.0.0.1:{}"
client_id = "{}"
subscribe = [{{ topic = "esp32/pub", qos = {} }}]
keep_alive = "1s"
connect_timeout = "500ms"
retry_delay_max = "200ms")",
                source_port, kClientId, options.qos),
        .sensors_port = mosquitto_port,
    };
}

void publish_last(std::uint16_t port, std::uint8_t qos) {
    support::run_to_end({"mosquitto_pub", "-p", std::to_string(port), "-q", std::to_string(qos),
        "-t", "esp32/pub", "-m",
        R"({"Temperature": 0, "Data Hora": "2026-01-01 00:00:00", "device": "last", "sequence": 1})"});
}

/// What `mosquitto`, which is not running, has on its disk for foz.
std::unordered_set<Reading> kept_by(const support::MosquittoBroker& mosquitto, std::uint8_t qos) {
    support::MosquittoBroker witness(mosquitto_options(false));
    witness.take_state_of(mosquitto);
    witness.start();
    publish_last(witness.port(), qos);
    const support::TemporaryDirectory directory;
    support::ChildProcess subscriber({
        .command = {"mosquitto_sub", "-p", std::to_string(witness.port()), "-c", "-i",
            std::string(kClientId), "-q", std::to_string(qos), "-t", "esp32/pub"},
        .user = "",
        .output = directory / "payloads",
    });
    std::unordered_set<Reading> kept;
    const bool all = support::wait_until([&] {
        std::istringstream payloads(support::content_of(directory / "payloads"));
        for (std::string payload; std::getline(payloads, payload) && payload.ends_with('}');) {
            kept.insert(reading_in(payload));
        }
        return kept.contains(Reading(kLast));
    });
    if (!all) {
        throw std::runtime_error("the second Mosquitto does not deliver what the first one kept");
    }
    return kept;
}

}  // namespace

SourceRig::SourceRig(const SourceRigOptions& options)
    : options_(options),
      mosquitto_(mosquitto_options(options.saves)),
      proxy_(mosquitto_.port()),
      rig_(rig_options(options, mosquitto_.port(), proxy_.port())) {
    proxy_.watch([this](std::size_t connection, support::Side from, std::string_view bytes) {
        deliveries_.take(connection, from, bytes);
    });
    mosquitto_.start();
}

void SourceRig::start() {
    rig_.start_foz();
    if (!support::wait_until([&] { return rig_.foz_log().contains("plant: connected"); })) {
        throw std::runtime_error("foz does not connect to Mosquitto:\n" + rig_.foz_log());
    }
    mosquitto_.save();
    rig_.start_sensors();
}

void SourceRig::kill_mosquitto() {
    mosquitto_.kill_9();
    kept_.merge(kept_by(mosquitto_, options_.qos));
}

bool SourceRig::wait_for_deliveries(std::uint64_t count) {
    const std::uint64_t wanted = deliveries_.acknowledged() + count;
    return support::wait_until([&] { return deliveries_.acknowledged() >= wanted; }, 60s);
}

SourceTally SourceRig::finish() {
    rig_.stop_sensors();
    publish_last(mosquitto_.port(), options_.qos);
    const bool handed_over = support::wait_until(
            [&] { return deliveries_.all_acknowledged_with(Reading(kLast)); }, 60s);
    if (!handed_over) {
        throw std::runtime_error("foz does not get all that Mosquitto has:\n" + rig_.foz_log());
    }
    return count(rig_.finish());
}

SourceTally SourceRig::count(Tally all) {
    SourceTally tally{.all = std::move(all)};
    const auto stored = rig_.stored_readings();
    const auto delivered = deliveries_.counts();
    // What foz owes for a reading: at least so many rows, and no more than that many.
    const auto owed = [&](const Reading& reading) {
        const auto found = delivered.find(reading);
        auto [most, least] = found == delivered.end() ? Deliveries::Count() : found->second;
        least = std::max<std::uint64_t>(least, kept_.contains(reading) ? 1 : 0);
        return options_.qos == 2 ? std::pair(least, most) : std::pair(std::min(least, kOne), kOne);
    };
    const std::unordered_set<Reading> acknowledged = rig_.acknowledged_readings();
    std::unordered_set<Reading> readings = acknowledged;
    for (const auto& [reading, count] : delivered) {
        readings.insert(reading);
    }
    readings.insert(kept_.begin(), kept_.end());
    for (const Reading& reading : readings) {
        const auto found = stored.find(reading);
        const std::uint64_t rows = found == stored.end() ? 0 : found->second;
        const auto [least, most] = owed(reading);
        const std::uint64_t lost = least - std::min(least, rows);
        const std::uint64_t doubled = rows - std::min(rows, most);
        tally.lost += lost;
        tally.doubled += doubled;
        if (lost + doubled > 0 && tally.blamed.size() < kBlamedMax) {
            tally.blamed +=
                    fmt::format("{}: {} rows, {} to {} are due\n", reading, rows, least, most);
        }
        const bool kept_by_nobody = rows == 0 && least == 0 && acknowledged.contains(reading);
        tally.lost_by_mosquitto += kept_by_nobody ? 1 : 0;
        tally.doubled_by_mosquitto += std::min(rows, most) - std::min(rows, kOne);
    }
    return tally;
}

}  // namespace foz::faults
