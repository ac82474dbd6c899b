// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/deliveries.h"

#include <optional>

namespace foz::faults {
namespace {

enum PacketKind : std::uint8_t {
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7
};

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}
std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

/// Takes the packet at the start of `input` off it: the first byte, and what follows the length.
std::optional<std::pair<std::uint8_t, std::string>> take_off(std::string& input) {
    std::size_t length = 0;
    for (std::size_t i = 1; i < input.size() && i <= 4; ++i) {
        length |= (byte_at(input, i) & 0x7FU) << 7U * (i - 1);
        if ((byte_at(input, i) & 0x80U) != 0) {
            continue;
        }
        if (input.size() < 1 + i + length) {
            return std::nullopt;
        }
        std::pair packet(byte_at(input, 0), input.substr(1 + i, length));
        input.erase(0, 1 + i + length);
        return packet;
    }
    return std::nullopt;
}

std::string_view between(std::string_view text, std::string_view before, char after) {
    const std::size_t begin = text.find(before) + before.size();
    return text.substr(begin, text.find(after, begin) - begin);
}

}  // namespace

Reading reading_in(std::string_view message) {
    return std::string(between(message, R"("device": ")", '"')) + "|" +
           std::string(between(message, R"("sequence": )", '}'));
}

void Deliveries::take(std::size_t connection, support::Side from, std::string_view bytes) {
    const std::scoped_lock lock(mutex_);
    if (connection < connection_) {
        return;
    }
    if (connection > connection_) {
        connection_ = connection;
        input_.clear();
        unanswered_.clear();
    }
    std::string& input = input_[from];
    input.append(bytes);
    while (const auto packet = take_off(input)) {
        take_packet(packet->first, packet->second);
    }
}

void Deliveries::take_packet(std::uint8_t first, std::string_view body) {
    switch (first >> 4U) {
        case connack:
            if (byte_at(body, 0) == 0) {
                open_.clear();  // no session
            }
            return;
        case publish: take_publish(first, body); return;
        case puback:
            take_acknowledgement(number_at(body, 0));
            open_.erase(number_at(body, 0));
            return;
        case pubrec: take_acknowledgement(number_at(body, 0)); return;
        case pubrel: take_release(number_at(body, 0)); return;
        case pubcomp: open_.erase(number_at(body, 0)); return;
        default: return;
    }
}

void Deliveries::take_publish(std::uint8_t first, std::string_view body) {
    const std::uint16_t packet_id = number_at(body, 2U + number_at(body, 0));
    const bool again = (first & 0x08U) != 0;
    Delivery delivery{.reading = reading_in(body)};
    unanswered_.insert(packet_id);
    const auto open = open_.find(packet_id);
    if (again && open != open_.end() && open->second.reading == delivery.reading) {
        const bool released = std::exchange(open->second.released, false);
        counts_[delivery.reading].begun += released ? 1 : 0;
        return;
    }
    ++counts_[delivery.reading].begun;
    open_.insert_or_assign(packet_id, std::move(delivery));
}

void Deliveries::take_acknowledgement(std::uint16_t packet_id) {
    unanswered_.erase(packet_id);
    const auto open = open_.find(packet_id);
    if (open != open_.end() && !std::exchange(open->second.acknowledged, true)) {
        ++counts_[open->second.reading].acknowledged;
        ++acknowledged_;
    }
}

void Deliveries::take_release(std::uint16_t packet_id) {
    const auto open = open_.find(packet_id);
    if (open != open_.end()) {
        open->second.released = true;
    }
}

std::unordered_map<Reading, Deliveries::Count> Deliveries::counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
}

std::uint64_t Deliveries::acknowledged() const {
    const std::scoped_lock lock(mutex_);
    return acknowledged_;
}

bool Deliveries::all_acknowledged_with(const Reading& reading) const {
    const std::scoped_lock lock(mutex_);
    const auto found = counts_.find(reading);
    return found != counts_.end() && found->second.acknowledged > 0 && unanswered_.empty();
}

}  // namespace foz::faults
