// SPDX-License-Identifier: Apache-2.0
// What `foz sensor` can be told.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/settings.h"
#include "mqtt/packet.h"
#include "sensor/broker_address.h"

namespace foz::sensor {

struct Options {
    BrokerAddress broker;       // {n} in user name and password: the number
    config::ClientTls tls;      // with mqtts://; every sensor shows the same certificate
    std::uint32_t count = 1;    // sensors, each with a connection of its own
    std::uint32_t threads = 1;  // event loops that share the sensors
    bool idle = false;          // connect and stay connected; publish nothing
    /// From one reading of a sensor to its next; zero: as fast as the window allows.
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
    std::uint16_t in_flight = 20;  // readings of a sensor that may wait for acknowledgement at once
    std::uint32_t messages_max = 0;                            // for each sensor; 0: no end
    std::chrono::nanoseconds duration{0};                      // 0: no end
    std::chrono::nanoseconds drain = std::chrono::seconds(5);  // for acknowledgements, at the end
    bool together = false;  // the first reading waits until every sensor is connected
    std::uint8_t qos = 1;
    mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1;
    std::uint16_t keep_alive_seconds = 60;
    std::string client_id = "esp32-{n}";
    std::string topic = "esp32/pub";
    std::string payload = R"({"Temperature": {temperature}, "Data Hora": "{time}"})";
    std::uint64_t seed = 1;        // of the temperatures
    std::filesystem::path record;  // empty: none
};

/// "250ms", "1s", "5m", "2h", "100us"; a number without a unit is seconds; fractions are allowed.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// "3.1", "3.1.1", "5" or "5.0".
[[nodiscard]] Result<mqtt::ProtocolVersion> parse_version(std::string_view text);

/// What is wrong with the options together, or with the patterns in them, in one sentence.
[[nodiscard]] Result<void> check_options(const Options& options);

}  // namespace foz::sensor
