// SPDX-License-Identifier: Apache-2.0
// The message that is being mapped, with what its routes share: its payload is parsed and checked
// once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "mapping/json_document.h"
#include "mapping/topic_pattern.h"
#include "mqtt/message.h"

namespace foz::mapping {

/// One for all messages, one thread.
class IncomingMessage {
  public:
    void begin(const mqtt::Message& message) {
        message_ = &message;
        json_.reset();
        text_.reset();
    }
    /// What the current route's topic captured.
    void set_captured(std::span<const CapturedLevel> captured) { captured_ = captured; }

    [[nodiscard]] const mqtt::Message& message() const { return *message_; }
    /// An empty retained message: it deletes the one that was retained before [MQTT-3.3.1-6].
    [[nodiscard]] bool is_delete() const { return message_->retain && message_->payload.empty(); }
    [[nodiscard]] std::string_view capture(std::size_t index) const {
        return captured_[index].of(message_->topic);
    }

    /// Parses the payload as JSON, one value or several, the first time; an error is the reason why
    /// it is none.
    [[nodiscard]] const Result<void>& json() {
        if (!json_) json_ = document_.parse_values(message_->payload);
        return *json_;
    }
    /// Valid after json() succeeded.
    [[nodiscard]] const JsonDocument& document() const { return document_; }

    /// Checks, the first time, that the payload is UTF-8.
    [[nodiscard]] const Result<void>& text();

  private:
    const mqtt::Message* message_ = nullptr;
    std::span<const CapturedLevel> captured_;
    JsonDocument document_;
    std::optional<Result<void>> json_;
    std::optional<Result<void>> text_;
};

/// The readings of a payload: it is one itself, or an array of them.
struct Readings {
    std::uint32_t container = 0;  // value of the document
    bool is_array = false;
};

/// One of them: values of the document.
struct Reading {
    std::uint32_t value = 0;
    std::uint32_t container = 0;  // the array that it stands in, or the value itself
    std::uint32_t payload = 0;    // the whole, or one of several values of it
    [[nodiscard]] bool has_surroundings() const { return container != payload; }
};

/// "reading 3: ", for messages about one of several.
[[nodiscard]] std::string label_of_reading(std::size_t number);

/// The readings at `path` (keys, outermost first; empty: the value itself) in value `payload`: the
/// payload, or one of several that are in it. Error: what is there instead.
[[nodiscard]] Result<Readings> readings_at(
        const JsonDocument& document, std::span<const std::string> path, std::uint32_t payload);

/// Calls `visit(index)` for the payload's value, or for each if there are several.
template <class Visit>
void for_each_payload_value(const JsonDocument& document, Visit visit) {
    if (!document.is_sequence()) {
        visit(std::uint32_t{0});
        return;
    }
    for (std::uint32_t i = 1; i != document.node(0).end; i = document.node(i).end) {
        visit(i);
    }
}

/// Calls `visit(index of the reading's value, its number from 0)` for each.
template <class Visit>
void for_each_reading(const JsonDocument& document, const Readings& readings, Visit visit) {
    if (!readings.is_array) {
        visit(readings.container, std::size_t{0});
        return;
    }
    std::size_t number = 0;
    const std::uint32_t end = document.node(readings.container).end;
    for (std::uint32_t i = readings.container + 1; i != end; i = document.node(i).end) {
        visit(i, number++);
    }
}

}  // namespace foz::mapping
