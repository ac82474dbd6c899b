// SPDX-License-Identifier: Apache-2.0
#include "tests/bridge/mosquitto_subscriber.h"

#include <sstream>
#include <stdexcept>

#include "tests/support/wait_until.h"

namespace foz::bridge {

using support::wait_until;

Subscriber::Subscriber(
        std::uint16_t port, const std::string& filter, const std::vector<std::string>& more)
    : directory_("foz-subscriber") {
    const std::string marker = "subscriber/is/there/" + std::to_string(support::free_port());
    std::vector<std::string> command = {
        "mosquitto_sub",
        "-p",
        std::to_string(port),
        "-c",
        "-i",
        "subscriber-" + marker.substr(20),
        "-q",
        "2",
        "-t",
        filter,
        "-t",
        marker,
        "-F",
        "%t|%p|%q|%r",
    };
    command.insert(command.end(), more.begin(), more.end());
    process_ = std::make_unique<support::ChildProcess>(
            support::ChildOptions{.command = command, .user = "", .output = directory_ / "lines"});
    const bool subscribed = wait_until([&] {
        publish_by_mosquitto(port, marker, "?");
        return support::content_of(directory_ / "lines").find(marker) != std::string::npos;
    });
    if (!subscribed) {
        throw std::runtime_error("mosquitto_sub gets nothing");
    }
}

std::vector<std::string> Subscriber::lines() const {
    std::istringstream output(support::content_of(directory_ / "lines"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(output, line);) {
        if (!line.starts_with("subscriber/is/there/")) {
            lines.push_back(line);
        }
    }
    return lines;
}

bool Subscriber::gets(std::size_t count) const {
    return wait_until([&] { return lines().size() >= count; }, std::chrono::seconds(30));
}

void publish_by_mosquitto(std::uint16_t port, std::string_view topic, std::string_view payload,
        const std::vector<std::string>& more) {
    std::vector<std::string> command = {
        "mosquitto_pub",
        "-p",
        std::to_string(port),
        "-t",
        std::string(topic),
        "-m",
        std::string(payload),
    };
    command.insert(command.end(), more.begin(), more.end());
    support::run_to_end(command);
}

}  // namespace foz::bridge
