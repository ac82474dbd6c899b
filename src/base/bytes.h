// SPDX-License-Identifier: Apache-2.0
// Bytes in memory: the two spellings of a byte range, and integers in a fixed byte order.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace foz {

using ByteView = std::span<const std::byte>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <std::integral T>
[[nodiscard]] constexpr T byte_swapped(T value) {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
    } else if constexpr (sizeof(T) == 4) {
        return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    } else {
        static_assert(sizeof(T) == 8);
        return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    }
}

// Little-endian is foz's own order, on disk. Big-endian is the network's: MQTT, PostgreSQL.

template <std::integral T>
[[nodiscard]] T load_little(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? value : byte_swapped(value);
}

template <std::integral T>
[[nodiscard]] T load_big(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::big ? value : byte_swapped(value);
}

template <std::integral T>
void store_little(void* to, T value) {
    if constexpr (std::endian::native == std::endian::big) {
        value = byte_swapped(value);
    }
    std::memcpy(to, &value, sizeof value);
}

template <std::integral T>
void store_big(void* to, T value) {
    if constexpr (std::endian::native == std::endian::little) {
        value = byte_swapped(value);
    }
    std::memcpy(to, &value, sizeof value);
}

/// How many bytes behind a payload may be read, whatever they hold, so that simdjson can parse it
/// where it stands: wherever a payload comes from sees to that.
inline constexpr std::size_t kReadablePadding = 64;

// Appending to a buffer that grows.

template <std::integral T>
void append_little(std::string& to, T value) {
    char bytes[sizeof value];
    store_little(bytes, value);
    to.append(bytes, sizeof bytes);
}

template <std::integral T>
void append_big(std::string& to, T value) {
    char bytes[sizeof value];
    store_big(bytes, value);
    to.append(bytes, sizeof bytes);
}

}  // namespace foz
