// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <array>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace foz {
namespace {

#ifdef __SSE4_2__

std::uint32_t update(std::uint32_t state, const std::byte* data, std::size_t size) {
    std::uint64_t wide = state;
    for (; size >= 8; data += 8, size -= 8) {
        wide = _mm_crc32_u64(wide, load_little<std::uint64_t>(data));
    }
    state = static_cast<std::uint32_t>(wide);
    for (; size > 0; ++data, --size) {
        state = _mm_crc32_u8(state, static_cast<unsigned char>(*data));
    }
    return state;
}

#else

constexpr std::array<std::uint32_t, 256> make_table() {
    constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1) ^ ((value & 1) != 0 ? kReversedPolynomial : 0);
        }
        table[i] = value;
    }
    return table;
}

std::uint32_t update(std::uint32_t state, const std::byte* data, std::size_t size) {
    static constexpr auto kTable = make_table();
    for (; size > 0; ++data, --size) {
        state = (state >> 8) ^ kTable[(state ^ static_cast<std::uint32_t>(*data)) & 0xff];
    }
    return state;
}

#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t previous) {
    return ~update(~previous, bytes.data(), bytes.size());
}

}  // namespace foz
