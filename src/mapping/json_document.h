// SPDX-License-Identifier: Apache-2.0
// A JSON payload, parsed and checked once, for all routes that need it: a flat list of its values
// in the order of the text, so that a route walks forward through memory. simdjson does the
// reading.
//
// One thread. Reused: parse() keeps the memory, except after an uncommonly large payload. Views
// into the payload and into the document's own buffer stay valid until the next parse().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace foz::mapping {

inline constexpr std::size_t kJsonDepthMax = 64;          // levels of objects and arrays
inline constexpr std::size_t kJsonValuesMax = 1'000'000;  // in one payload

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// "a number", "an array": for messages.
[[nodiscard]] std::string_view description_of(JsonKind kind);

struct JsonNode {
    std::string_view key;   // of a member of an object, unescaped
    std::string_view raw;   // as it stands in the payload, without the white space around it
    std::string_view text;  // of a string: unescaped, may hold U+0000
    std::uint32_t end = 0;  // index of the next value that does not belong to this one
    JsonKind kind = JsonKind::null;
};

class JsonDocument {
  public:
    JsonDocument();
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();

    /// Accepts exactly one JSON value as RFC 8259 defines it, of at most kJsonDepthMax levels and
    /// kJsonValuesMax values; of members with the same key all are kept. A byte order mark in front
    /// is ignored. `payload` must be followed by 64 readable bytes. Error: invalid, "payload is not
    /// JSON: ..." with the place of the fault (json_fault.h), or which limit it exceeds.
    [[nodiscard]] Result<void> parse(std::string_view payload);

    /// As parse(), but several values in a row (json_sequence.h) are accepted too: value 0 is then
    /// an array of them, and is_sequence() is true. Its `raw` is no part of the payload.
    [[nodiscard]] Result<void> parse_values(std::string_view payload);
    [[nodiscard]] bool is_sequence() const { return !sequence_.empty(); }

    /// Value 0 is the whole payload. The members of value i are i + 1, node(i + 1).end, ... up to
    /// node(i).end.
    [[nodiscard]] const JsonNode& node(std::uint32_t index) const { return nodes_[index]; }

    /// True if a string or key in value `index` holds U+0000, which no database stores in text.
    [[nodiscard]] bool holds_nul(std::uint32_t index) const;

  private:
    class Builder;
    struct Parser;  // simdjson's; its header is large
    void release_excess_memory(std::size_t payload_bytes);
    [[nodiscard]] int parse_one(std::string_view json);  // a simdjson::error_code

    std::unique_ptr<Parser> parser_;
    std::vector<JsonNode> nodes_;
    std::string sequence_;  // several values, made one array
};

}  // namespace foz::mapping
