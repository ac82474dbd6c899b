// SPDX-License-Identifier: Apache-2.0
#include "base/redaction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace foz {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kMark = "://";

using Spans = std::vector<std::pair<std::size_t, std::size_t>>;  // begin and end of secrets

bool is_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' || byte >= 0x80;
}

std::string without_percent(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
                std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            decoded += static_cast<char>(byte);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

bool names_a_secret(std::string_view name) {
    constexpr std::array<std::string_view, 7> kEndings = {
        "password", "passwd", "passphrase", "pwd", "secret", "token", "signature"};
    std::string lower = without_percent(name);
    std::ranges::transform(lower, lower.begin(),
            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::ranges::any_of(
            kEndings, [&](std::string_view end) { return lower.ends_with(end); });
}

/// Of a URL or an address without its scheme, which stands at `begin` to `end`.
void find_user_password(std::string_view text, std::size_t begin, std::size_t end, Spans& found) {
    // To the last @, since a password may hold one that nobody has encoded; but options may too.
    const std::string_view address = text.substr(begin, end - begin);
    std::size_t at = address.substr(0, address.find('?')).rfind('@');
    if (at == std::string_view::npos) {
        at = address.rfind('@');
    }
    const std::size_t colon = address.find(':');
    if (at != std::string_view::npos && colon < at) {
        found.emplace_back(begin + colon + 1, begin + at);
    }
}

/// The end of the value that begins at `begin`, in a text where white space ends it, or not.
std::size_t value_end(std::string_view text, std::size_t begin, bool whole) {
    if (begin < text.size() && (text[begin] == '\'' || text[begin] == '"')) {
        const std::size_t quote = text.find(text[begin], begin + 1);
        return quote == std::string_view::npos ? text.size() : quote + 1;
    }
    return std::min(text.find_first_of(whole ? "&" : "&\"' \t\r\n", begin), text.size());
}

void find_options(std::string_view text, bool whole, Spans& found) {
    for (std::size_t equals = text.find('='); equals != std::string_view::npos;
            equals = text.find('=', equals + 1)) {
        std::size_t begin = equals;
        while (begin > 0 &&
                (is_word(text[begin - 1]) || text[begin - 1] == '%' || text[begin - 1] == '-')) {
            --begin;
        }
        if (names_a_secret(text.substr(begin, equals - begin))) {
            found.emplace_back(equals + 1, value_end(text, equals + 1, whole));
        }
    }
}

Spans secrets_of_url(std::string_view url) {
    Spans found;
    const std::size_t mark = url.find(kMark);
    if (mark != std::string_view::npos) {
        find_user_password(url, mark + kMark.size(), url.size(), found);
    } else if (!url.starts_with("sqlite:")) {
        find_user_password(url, 0, url.size(), found);
    }
    find_options(url, true, found);
    return found;
}

std::string with_hidden(std::string_view text, Spans spans) {
    std::ranges::sort(spans);
    std::string shown;
    std::size_t past = 0;
    for (const auto& [begin, end] : spans) {
        if (begin >= past) {
            shown.append(text.substr(past, begin - past)).append(kHidden);
        }
        past = std::max(past, end);
    }
    return shown.append(text.substr(std::min(past, text.size())));
}

void hide_word(std::string& text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !is_word(word.front()) || !is_word(text[at - 1]);
        const bool ends = end == text.size() || !is_word(word.back()) || !is_word(text[end]);
        if (begins && ends) {
            text.replace(at, word.size(), kHidden);
            at += kHidden.size();
        } else {
            ++at;
        }
    }
}

/// A password, and its pieces between the characters that a driver may have taken for the end of
/// a part of the URL.
void add_words(std::string_view secret, std::vector<std::string>& words) {
    constexpr std::size_t kBytesMin = 2;
    const auto add = [&](std::string_view word) {
        // Of stars alone it would be found in what is hidden already, which would grow each time.
        const bool only_stars = word.find_first_not_of('*') == std::string_view::npos;
        if (word.size() >= kBytesMin && !only_stars) {
            words.emplace_back(word);
        }
    };
    add(secret);
    add(without_percent(secret));
    while (!secret.empty()) {
        const std::size_t end = std::min(secret.find_first_of("@/:?#&="), secret.size());
        add(secret.substr(0, end));
        add(without_percent(secret.substr(0, end)));
        secret.remove_prefix(std::min(end + 1, secret.size()));
    }
}

}  // namespace

std::string redacted_url(std::string_view url) {
    return with_hidden(url, secrets_of_url(url));
}

std::string redacted(std::string_view text) {
    Spans found;
    for (std::size_t mark = text.find(kMark); mark != std::string_view::npos;
            mark = text.find(kMark, mark + 1)) {
        const std::size_t begin = mark + kMark.size();
        const std::size_t end = std::min(text.find_first_of("\"' \t\r\n", begin), text.size());
        find_user_password(text, begin, end, found);
    }
    find_options(text, false, found);
    return with_hidden(text, std::move(found));
}

std::string redacted_message(
        std::string_view message, std::string_view url, std::string_view password) {
    std::vector<std::string> words;
    for (const auto& [begin, end] : secrets_of_url(url)) {
        add_words(url.substr(begin, end - begin), words);
    }
    add_words(password, words);
    std::ranges::sort(words, [](const auto& a, const auto& b) { return a.size() > b.size(); });
    std::string shown = redacted(message);
    for (const std::string& word : words) {
        hide_word(shown, word);
    }
    return shown;
}

}  // namespace foz
