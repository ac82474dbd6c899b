// SPDX-License-Identifier: Apache-2.0
#include "mapping/topic_pattern.h"

#include <algorithm>

#include "mqtt/topic.h"

namespace foz::mapping {
namespace {

constexpr std::string_view kNameCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

/// The next level of a topic or pattern, which is taken off its front. False at the end.
class Levels {
  public:
    explicit Levels(std::string_view text) : text_(text) {}

    bool next(std::string_view& level) {
        if (done_) return false;
        const std::size_t end = text_.find('/', offset_);
        done_ = end == std::string_view::npos;
        level = text_.substr(offset_, done_ ? end : end - offset_);
        offset_ = done_ ? text_.size() : end + 1;
        return true;
    }

  private:
    std::string_view text_;
    std::size_t offset_ = 0;
    bool done_ = false;
};

}  // namespace

Result<TopicPattern> TopicPattern::compile(std::string_view pattern) {
    TopicPattern compiled;
    std::string filter;
    Levels levels(pattern);
    for (std::string_view level; levels.next(level);) {
        if (auto added = compiled.add_level(level); !added) return pass_on(added);
        const LevelKind kind = compiled.levels_.back().kind;
        filter += compiled.levels_.size() > 1 ? "/" : "";
        filter += kind == LevelKind::capture ? "+" : kind == LevelKind::capture_rest ? "#" : level;
    }
    if (!mqtt::is_valid_topic_filter(filter) || pattern.starts_with("$share/")) {
        return fail(ErrorCode::invalid,
                "\"{}\" is not a topic filter: \"+\" and \"{{name}}\" stand alone in a level, "
                "\"#\" and \"{{name...}}\" alone in the last one",
                pattern);
    }
    return compiled;
}

Result<void> TopicPattern::add_level(std::string_view level) {
    if (level == "+") {
        levels_.push_back({LevelKind::any, {}});
        return {};
    }
    if (level == "#") {
        levels_.push_back({LevelKind::rest, {}});
        return {};
    }
    if (level.find_first_of("{}") == std::string_view::npos) {
        levels_.push_back({LevelKind::literal, std::string(level)});
        return {};
    }
    std::string_view name = level;
    const bool enclosed = level.size() > 2 && level.starts_with('{') && level.ends_with('}');
    if (enclosed) name = level.substr(1, level.size() - 2);
    constexpr std::string_view kRest = "...";
    const bool takes_rest = enclosed && name.size() > kRest.size() && name.ends_with(kRest);
    if (takes_rest) name.remove_suffix(kRest.size());
    if (!enclosed || name.find_first_not_of(kNameCharacters) != std::string_view::npos) {
        return fail(ErrorCode::invalid,
                "level \"{}\" of the topic is not a capture: that is {{name}}, or at the end "
                "{{name...}}, alone in its level, of letters, digits, _ and -",
                level);
    }
    if (std::ranges::find(captures_, name) != captures_.end()) {
        return fail(ErrorCode::invalid, "the topic captures {{{}}} twice", name);
    }
    const LevelKind kind = takes_rest ? LevelKind::capture_rest : LevelKind::capture;
    levels_.push_back({kind, std::string(name)});
    captures_.emplace_back(name);
    return {};
}

bool TopicPattern::match(std::string_view topic, std::vector<CapturedLevel>& captured) const {
    const std::size_t captured_before = captured.size();
    // [MQTT-4.7.2-1]
    if (topic.starts_with('$') && levels_.front().kind != LevelKind::literal) return false;
    Levels levels(topic);
    std::string_view level;
    for (const Level& wanted : levels_) {
        if (wanted.kind == LevelKind::rest) return true;
        if (wanted.kind == LevelKind::capture_rest) {
            const std::size_t begin =
                    levels.next(level) ? level.data() - topic.data() : topic.size();
            captured.push_back({static_cast<std::uint16_t>(begin),
                static_cast<std::uint16_t>(topic.size() - begin)});
            return true;
        }
        const bool fits =
                levels.next(level) && (wanted.kind != LevelKind::literal || wanted.text == level);
        if (!fits) {
            captured.resize(captured_before);
            return false;
        }
        if (wanted.kind == LevelKind::capture) {
            captured.push_back({static_cast<std::uint16_t>(level.data() - topic.data()),
                static_cast<std::uint16_t>(level.size())});
        }
    }
    if (!levels.next(level)) return true;
    captured.resize(captured_before);
    return false;
}

}  // namespace foz::mapping
