// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_document.h"

#include <cstring>
#include <optional>
#include <type_traits>

#include <simdjson.h>

#include "mapping/json_fault.h"
#include "mapping/json_sequence.h"
#include "mapping/number.h"
#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

bool is_white_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed_end(std::string_view text) {
    while (!text.empty() && is_white_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool has_escape(std::string_view text) {
    return text.find('\\') != std::string_view::npos;
}

/// The kind of a value that is neither object, array nor string; nothing if `token` is no such
/// value.
std::optional<JsonKind> scalar_kind(std::string_view token) {
    if (token == "null") return JsonKind::null;
    if (token == "true" || token == "false") return JsonKind::boolean;
    if (is_json_number(token)) return JsonKind::number;
    return std::nullopt;
}

std::string_view without_byte_order_mark(std::string_view payload) {
    if (payload.starts_with(kByteOrderMark)) payload.remove_prefix(kByteOrderMark.size());
    return payload;
}

std::string describe(error_code error, std::string_view payload, JsonValues values) {
    switch (error) {
        case simdjson::DEPTH_ERROR:
            return fmt::format("payload is nested deeper than {} levels", kJsonDepthMax);
        case simdjson::CAPACITY:
            return fmt::format("payload has more than {} JSON values", kJsonValuesMax);
        case simdjson::MEMALLOC: return "payload is too large to be read as JSON: out of memory";
        default: break;
    }
    if (auto fault = explain_json_fault(payload, values)) return std::move(*fault);
    if (error == simdjson::UTF8_ERROR) return describe_bad_utf8(payload);
    return "payload is not JSON: a bracket, comma, colon or value is missing or out of place";
}

}  // namespace

std::string_view description_of(JsonKind kind) {
    switch (kind) {
        case JsonKind::null: return "null";
        case JsonKind::boolean: return "a boolean";
        case JsonKind::number: return "a number";
        case JsonKind::string: return "text";
        case JsonKind::array: return "an array";
        case JsonKind::object: return "an object";
    }
    return "";
}

struct JsonDocument::Parser {
    ondemand::parser simdjson;
};

/// One pass over the payload. simdjson checks strings, brackets, commas and colons as they are
/// passed; numbers and words are checked here, because their text is kept and not their value.
class JsonDocument::Builder {
  public:
    explicit Builder(std::vector<JsonNode>& nodes) : nodes_(nodes) { nodes_.clear(); }

    /// `whole` has no space around it, and is not empty.
    error_code add_document(ondemand::document& document, std::string_view whole) {
        payload_end_ = whole.data() + whole.size();
        error_code error = simdjson::SUCCESS;
        switch (whole.front()) {
            case '{': error = add_members<ondemand::object>(document, {}, whole.data()); break;
            case '[': error = add_members<ondemand::array>(document, {}, whole.data()); break;
            case '"': return add_root_string(document, whole);
            default: return add_scalar({}, whole);
        }
        if (error == simdjson::SUCCESS && !document.current_location().error()) {
            error = simdjson::TRAILING_CONTENT;
        }
        return error;
    }

  private:
    error_code add_value(ondemand::value value, std::string_view key) {
        const std::string_view raw = value.raw_json_token();
        switch (raw.front()) {
            case '{': return add_members<ondemand::object>(value, key, raw.data());
            case '[': return add_members<ondemand::array>(value, key, raw.data());
            case '"': return add_string(value, key, trimmed_end(raw));
            default: return add_scalar(key, trimmed_end(raw));
        }
    }

    template <class Members, class Source>
    error_code add_members(Source& source, std::string_view key, const char* begin) {
        if (++depth_ > kJsonDepthMax) return simdjson::DEPTH_ERROR;
        const auto index = static_cast<std::uint32_t>(nodes_.size());
        last_end_ = begin + 1;
        constexpr bool kIsObject = std::is_same_v<Members, ondemand::object>;
        if (!add_node({key, {}, {}, 0, kIsObject ? JsonKind::object : JsonKind::array}))
            return simdjson::CAPACITY;
        Members members;
        if (error_code error = source.get(members)) return error;
        for (auto member : members) {
            if (error_code error = add_member(member)) return error;
        }
        --depth_;
        close(index, begin);
        return simdjson::SUCCESS;
    }

    error_code add_member(simdjson::simdjson_result<ondemand::field> field) {
        if (field.error()) return field.error();
        // Most keys have no escape sequence: then they can be used where they stand.
        const char* begin = field.key().value_unsafe().raw();
        const auto* quote = static_cast<const char*>(std::memchr(begin, '"', payload_end_ - begin));
        std::string_view key(begin, quote == nullptr ? 0 : quote - begin);
        if (quote == nullptr || has_escape(key)) {
            if (error_code error = field.unescaped_key().get(key)) return error;
        }
        return add_value(field.value().value_unsafe(), key);
    }

    error_code add_member(simdjson::simdjson_result<ondemand::value> element) {
        if (element.error()) return element.error();
        return add_value(element.value_unsafe(), {});
    }

    error_code add_string(ondemand::value& value, std::string_view key, std::string_view raw) {
        std::string_view text = raw.size() > 1 ? raw.substr(1, raw.size() - 2) : raw;
        if (has_escape(text)) {
            if (error_code error = value.get_string().get(text)) return error;
        } else {
            // Most texts can be used where they stand. simdjson must still see that this one is
            // done with: a text that it skips, it would take for a key when a colon follows.
            ondemand::raw_json_string passed;
            if (error_code error = value.get_raw_json_string().get(passed)) return error;
        }
        return add_leaf({key, raw, text, 0, JsonKind::string});
    }

    /// The token of a text that is the whole payload reaches to the end of it, whatever follows.
    error_code add_root_string(ondemand::document& document, std::string_view raw) {
        std::string_view text;
        if (error_code error = document.get_string().get(text)) return error;
        if (!document.current_location().error()) return simdjson::TRAILING_CONTENT;
        return add_leaf({{}, raw, text, 0, JsonKind::string});
    }

    error_code add_scalar(std::string_view key, std::string_view raw) {
        const auto kind = scalar_kind(raw);
        if (!kind) return simdjson::NUMBER_ERROR;
        return add_leaf({key, raw, {}, 0, *kind});
    }

    error_code add_leaf(JsonNode node) {
        node.end = static_cast<std::uint32_t>(nodes_.size() + 1);
        last_end_ = node.raw.data() + node.raw.size();
        return add_node(node) ? simdjson::SUCCESS : simdjson::CAPACITY;
    }

    bool add_node(const JsonNode& node) {
        if (nodes_.size() == kJsonValuesMax) return false;
        nodes_.push_back(node);
        return true;
    }

    /// The object or array at `index` ends with the first bracket after its last member.
    void close(std::uint32_t index, const char* begin) {
        while (is_white_space(*last_end_)) {
            ++last_end_;
        }
        ++last_end_;
        nodes_[index].raw = {begin, static_cast<std::size_t>(last_end_ - begin)};
        nodes_[index].end = static_cast<std::uint32_t>(nodes_.size());
    }

    std::vector<JsonNode>& nodes_;
    std::size_t depth_ = 0;
    const char* payload_end_ = nullptr;
    const char* last_end_ = nullptr;  // where the value that was added last ends
};

JsonDocument::JsonDocument() : parser_(std::make_unique<Parser>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

int JsonDocument::parse_one(std::string_view json) {
    ondemand::document document;
    const error_code error =
            parser_->simdjson
                    .iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING)
                    .get(document);
    return error == simdjson::SUCCESS ? Builder(nodes_).add_document(document, json) : error;
}

Result<void> JsonDocument::parse(std::string_view payload) {
    release_excess_memory(payload.size());
    sequence_.clear();
    const std::string_view json = without_surrounding_space(without_byte_order_mark(payload));
    if (json.empty()) {
        return fail(ErrorCode::invalid, "payload is not JSON: it is empty");
    }
    const int error = parse_one(json);
    if (error == simdjson::SUCCESS) return {};
    return fail(ErrorCode::invalid, "{}",
            describe(static_cast<error_code>(error), payload, JsonValues::one));
}

Result<void> JsonDocument::parse_values(std::string_view payload) {
    auto parsed = parse(payload);
    if (parsed) return parsed;
    const auto values = json_values_of(without_byte_order_mark(payload));
    if (values.empty()) return parsed;
    // simdjson's texts live until it reads the next document: the values become one.
    for (const std::string_view value : values) {
        sequence_ += sequence_.empty() ? '[' : ',';
        sequence_ += value;
    }
    sequence_ += ']';
    const std::size_t size = sequence_.size();
    sequence_.resize(size + simdjson::SIMDJSON_PADDING);
    const int error = parse_one(std::string_view(sequence_).substr(0, size));
    if (error == simdjson::SUCCESS) return {};
    sequence_.clear();
    return fail(ErrorCode::invalid, "{}",
            describe(static_cast<error_code>(error), payload, JsonValues::several));
}

bool JsonDocument::holds_nul(std::uint32_t index) const {
    if (nodes_[index].raw.find("\\u0000") == std::string_view::npos) return false;
    // The six characters may also stand behind a backslash that is itself escaped.
    const auto has_nul = [](std::string_view text) {
        return text.find('\0') != std::string_view::npos;
    };
    if (has_nul(nodes_[index].text)) return true;
    for (std::uint32_t i = index + 1; i < nodes_[index].end; ++i) {
        if (has_nul(nodes_[i].key) || has_nul(nodes_[i].text)) return true;
    }
    return false;
}

void JsonDocument::release_excess_memory(std::size_t payload_bytes) {
    constexpr std::size_t kBytesKept = 1 << 20;
    if (parser_->simdjson.capacity() > kBytesKept && payload_bytes < kBytesKept / 4) {
        parser_ = std::make_unique<Parser>();
        nodes_ = {};
        sequence_ = {};
    }
}

}  // namespace foz::mapping
