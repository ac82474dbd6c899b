// SPDX-License-Identifier: Apache-2.0
#include "tests/mqtt/wire.h"

#include <cctype>
#include <stdexcept>

#include <fmt/format.h>

namespace foz::mqtt {
namespace {

std::string variable(std::size_t value) {
    std::string bytes;
    do {
        bytes.push_back(static_cast<char>((value & 0x7FU) | (value > 0x7F ? 0x80U : 0U)));
        value >>= 7U;
    } while (value != 0);
    return bytes;
}

/// Takes the text up to `closing` off `rest`, and `closing` with it.
std::string_view take_until(std::string_view& rest, char closing) {
    const std::size_t end = rest.find(closing);
    if (end == std::string_view::npos) throw std::invalid_argument("the notation is not closed");
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
}

unsigned digit(char c) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) {
        throw std::invalid_argument(fmt::format("'{}' is not a hexadecimal digit", c));
    }
    return static_cast<unsigned>(std::stoi(std::string(1, c), nullptr, 16));
}

/// Up to the end, or to the ']' that ends the list which `rest` is inside of.
std::string read_list(std::string_view& rest, bool inside) {
    std::string bytes;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == ' ') continue;
        if (c == ']' && inside) return bytes;
        if (c == '\'') {
            bytes += take_until(rest, '\'');
        } else if (c == '<') {
            const std::string_view text = take_until(rest, '>');
            bytes.push_back(static_cast<char>(text.size() >> 8U));
            bytes.push_back(static_cast<char>(text.size() & 0xFFU));
            bytes += text;
        } else if (c == '[') {
            const std::string list = read_list(rest, true);
            bytes += variable(list.size()) + list;
        } else {
            const unsigned high = digit(c);
            bytes.push_back(
                    static_cast<char>((high << 4U) | digit(rest.empty() ? ' ' : rest.front())));
            rest.remove_prefix(1);
        }
    }
    if (inside) throw std::invalid_argument("a '[' is not closed");
    return bytes;
}

}  // namespace

std::string wire(std::string_view notation) {
    return read_list(notation, false);
}

std::string packet(unsigned first_byte, std::string_view body) {
    std::string bytes(1, static_cast<char>(first_byte));
    bytes += variable(body.size());
    bytes += body;
    return bytes;
}

Frame frame_of(const std::string& bytes, ProtocolVersion version) {
    const Decoded<std::optional<Frame>> frame = read_frame(bytes, version);
    if (!frame || !*frame || (*frame)->size != bytes.size()) {
        throw std::invalid_argument("not one whole packet: " + hex(bytes));
    }
    return **frame;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{:02X} ", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    }
    return text;
}

}  // namespace foz::mqtt
