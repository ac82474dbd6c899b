// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_fault.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/printable.h"
#include "mapping/json_document.h"
#include "mapping/json_token.h"
#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

constexpr std::size_t kShownKeyBytes = 64;
constexpr std::size_t kShownPathBytes = 200;

enum class Expected : std::uint8_t {
    value,
    value_or_end,  // of an array that has just begun
    key_or_end,    // of an object that has just begun
    key,
    colon,
    comma_or_end,
    nothing,  // the payload's value is complete
};

/// An object or array that is open.
struct Level {
    bool is_object = false;
    std::string_view key;   // of the member at hand, as it is written
    std::size_t index = 0;  // of the element at hand
};

class FaultScanner {
  public:
    FaultScanner(std::string_view payload, JsonValues values)
        : payload_(payload), values_(values), at_(payload.starts_with(kByteOrderMark) ? 3 : 0) {}

    std::optional<std::string> run() {
        if (auto other = other_encoding()) return other;
        while (!message_ && levels_.size() <= kJsonDepthMax) {
            at_ = std::min(payload_.find_first_not_of(" \t\r\n", at_), payload_.size());
            if (at_ == payload_.size()) {
                end_of_payload();
                break;
            }
            step(payload_[at_]);
        }
        return std::move(message_);
    }

  private:
    [[nodiscard]] std::optional<std::string> other_encoding() const;
    void step(char c);
    void expect_value(char c);
    void expect_key(char c);
    void expect_comma(char c);
    void expect_nothing(char c);
    void open(bool is_object);
    void close();
    void finish_value();
    bool take_string(std::string_view& text);
    bool take_escape();
    void end_of_payload();
    void refuse_key(char c);
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string shown_here() const;

    template <class... Args>
    void fault(std::size_t byte, fmt::format_string<Args...> format, Args&&... args) {
        const std::string where = path();
        const bool is_inside = expected_ == Expected::value || levels_.empty() ||
                               (levels_.back().is_object && levels_.back().key.empty());
        message_ = fmt::format("payload is not JSON: byte {}{}: {}", byte,
                where.empty()
                        ? ""
                        : fmt::format(", {} member \"{}\"", is_inside ? "in" : "after", where),
                fmt::format(format, std::forward<Args>(args)...));
    }

    const std::string_view payload_;
    const JsonValues values_;
    std::size_t at_ = 0;
    std::size_t comma_ = 0;  // the last one between members or elements
    Expected expected_ = Expected::value;
    bool began_with_bracket_ = false;  // the payload's value is an object or array
    std::vector<Level> levels_;
    std::optional<std::string> message_;
};

std::optional<std::string> FaultScanner::other_encoding() const {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(payload_[i]); };
    if (payload_.size() < 2) return std::nullopt;
    const bool marked = byte(0) + byte(1) == 0xFF + 0xFE && (byte(0) == 0xFF || byte(1) == 0xFF);
    if (!marked && (byte(0) == 0) == (byte(1) == 0)) return std::nullopt;
    return fmt::format(
            "payload is not JSON: byte {} is 0x{:02X}: the payload looks like UTF-16; JSON is "
            "UTF-8, have the device send that",
            marked || byte(0) == 0 ? 0 : 1, marked || byte(0) == 0 ? byte(0) : byte(1));
}

void FaultScanner::step(char c) {
    switch (expected_) {
        case Expected::value: return expect_value(c);
        case Expected::value_or_end:
            if (c == ']') return close();
            expected_ = Expected::value;
            return;
        case Expected::key_or_end:
            if (c == '}') return close();
            expected_ = Expected::key;
            return;
        case Expected::key: return expect_key(c);
        case Expected::colon:
            expected_ = Expected::value;
            if (c != ':') return fault(at_, "a colon is missing before {}", shown_here());
            ++at_;
            return;
        case Expected::comma_or_end: return expect_comma(c);
        case Expected::nothing: return expect_nothing(c);
    }
}

void FaultScanner::expect_value(char c) {
    switch (c) {
        case '{': return open(true);
        case '[': return open(false);
        case '"': {
            std::string_view text;
            if (take_string(text)) finish_value();
            return;
        }
        case ']':
            if (!levels_.empty() && !levels_.back().is_object) {
                return fault(comma_, "a comma with no element behind it; take it out");
            }
            [[fallthrough]];
        case '}':
        case ',':
        case ':': return fault(at_, "a value is missing before \"{}\"; send null", c);
        default: break;
    }
    const std::string_view token = json_token_at(payload_, at_);
    if (auto reason = explain_json_token(token)) return fault(at_, "{}", *reason);
    at_ += token.size();
    finish_value();
}

void FaultScanner::expect_key(char c) {
    if (c != '"') return refuse_key(c);
    std::string_view key;
    if (!take_string(key)) return;
    levels_.back().key = key;
    expected_ = Expected::colon;
}

void FaultScanner::refuse_key(char c) {
    const bool follows_digit =
            comma_ > 0 && payload_[comma_ - 1] >= '0' && payload_[comma_ - 1] <= '9';
    if (c == '}') return fault(comma_, "a comma with no member behind it; take it out");
    if (c == ',') return fault(at_, "two commas with no member between them; take one out");
    if (c == '\'') return fault(at_, "keys stand in double quotes, not in \"'\"");
    if (c >= '0' && c <= '9' && follows_digit) {
        return fault(comma_,
                "a comma in a number, or a member without a key behind it; JSON has a decimal "
                "point");
    }
    fault(at_, "a key in double quotes is missing before {}", shown_here());
}

void FaultScanner::expect_comma(char c) {
    const bool in_object = levels_.back().is_object;
    if (c == (in_object ? '}' : ']')) return close();
    if (c == ',') {
        comma_ = at_++;
        ++levels_.back().index;
        expected_ = in_object ? Expected::key : Expected::value;
        return;
    }
    if (c == '}' || c == ']') {
        return fault(at_, "\"{}\" where \"{}\" is missing", c, in_object ? '}' : ']');
    }
    fault(at_, "a comma is missing before {}", shown_here());
}

void FaultScanner::expect_nothing(char c) {
    if (values_ == JsonValues::several && began_with_bracket_ && (c == '{' || c == '[')) {
        expected_ = Expected::value;
        return;
    }
    if (c == '\0') {
        return fault(at_,
                "a NUL byte (0x00) follows the JSON value; have the device send the text without "
                "the rest of its buffer: strlen() bytes");
    }
    fault(at_, "{} follows the JSON value; send one value, or an array", shown_here());
}

void FaultScanner::open(bool is_object) {
    began_with_bracket_ = began_with_bracket_ || levels_.empty();
    levels_.push_back({is_object, {}, 0});
    ++at_;
    expected_ = is_object ? Expected::key_or_end : Expected::value_or_end;
}

void FaultScanner::close() {
    levels_.pop_back();
    ++at_;
    finish_value();
}

void FaultScanner::finish_value() {
    expected_ = levels_.empty() ? Expected::nothing : Expected::comma_or_end;
}

bool FaultScanner::take_string(std::string_view& text) {
    const std::size_t begin = at_++;
    while (at_ < payload_.size()) {
        const auto c = static_cast<unsigned char>(payload_[at_]);
        if (c == '"') {
            text = payload_.substr(begin + 1, at_++ - begin - 1);
            return true;
        }
        if (c == '\\') {
            if (!take_escape()) return false;
        } else if (c == 0) {
            fault(at_, "a NUL byte (0x00) in a text; have the device leave it out");
            return false;
        } else if (c < 0x20) {
            fault(at_, "the control character 0x{:02X} in a text; write it as \\u{:04x}", c, c);
            return false;
        } else if (const std::size_t size = utf8_character_bytes(payload_.substr(at_)); size > 0) {
            at_ += size;
        } else {
            const std::string where = path();
            message_ = fmt::format(
                    "payload is not UTF-8 at byte {}{}: 0x{:02X} is no character there; is it "
                    "Latin-1? Have the device send UTF-8",
                    at_, where.empty() ? "" : fmt::format(", in member \"{}\"", where), c);
            return false;
        }
    }
    fault(begin, "a text begins here and is not closed; is the payload cut off?");
    return false;
}

/// At a backslash.
bool FaultScanner::take_escape() {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    const auto code_unit = [&](std::size_t from) {
        unsigned value = 0;
        if (payload_.size() < from + 6 || payload_[from] != '\\' || payload_[from + 1] != 'u')
            return 0x10000U;
        for (std::size_t i = from + 2; i < from + 6; ++i) {
            constexpr std::string_view kDigits = "0123456789abcdef";
            const std::size_t digit = kDigits.find(static_cast<char>(
                    payload_[i] >= 'A' && payload_[i] <= 'F' ? payload_[i] | 0x20 : payload_[i]));
            if (digit == std::string_view::npos) return 0x10000U;
            value = value * 16 + static_cast<unsigned>(digit);
        }
        return value;
    };
    const char letter = at_ + 1 < payload_.size() ? payload_[at_ + 1] : '\0';
    if (letter != '\0' && kLetters.find(letter) != std::string_view::npos) {
        at_ += 2;
        return true;
    }
    const unsigned unit = code_unit(at_);
    if (unit < 0xD800 || (unit >= 0xE000 && unit < 0x10000)) {
        at_ += 6;
        return true;
    }
    const unsigned next = code_unit(at_ + 6);
    if (unit < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
        at_ += 12;
        return true;
    }
    if (unit < 0x10000) {
        fault(at_, "half a surrogate pair, {}, in a text", payload_.substr(at_, 6));
    } else {
        fault(at_, "an escape sequence that does not exist; a backslash is written \\\\");
    }
    return false;
}

void FaultScanner::end_of_payload() {
    if (expected_ == Expected::nothing) return;
    if (levels_.empty()) {
        message_ = "payload is not JSON: it is empty";
        return;
    }
    fault(payload_.size(), "the payload ends here, \"{}\" is missing; is it cut off?",
            levels_.back().is_object ? '}' : ']');
}

std::string FaultScanner::path() const {
    std::string text;
    for (const Level& level : levels_) {
        if (level.is_object && !level.key.empty()) {
            text += fmt::format(
                    "{}{}", text.empty() ? "" : ".", printable(level.key, kShownKeyBytes));
        } else if (!level.is_object) {
            text += fmt::format("[{}]", level.index);
        }
    }
    return printable(text, kShownPathBytes);
}

std::string FaultScanner::shown_here() const {
    std::string_view token = json_token_at(payload_, at_);
    if (token.size() > 1 && token.starts_with('"')) token.remove_prefix(1);
    return fmt::format("\"{}\"", printable(token, kShownKeyBytes));
}

}  // namespace

std::optional<std::string> explain_json_fault(std::string_view payload, JsonValues values) {
    return FaultScanner(payload, values).run();
}

}  // namespace foz::mapping
