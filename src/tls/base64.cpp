// SPDX-License-Identifier: Apache-2.0
#include "tls/base64.h"

#include <openssl/evp.h>

namespace foz::tls {

std::string to_base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
            reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::size_t kPaddingMax = 2;
    const std::size_t letters =
            text.find('=') == std::string_view::npos ? text.size() : text.find('=');
    const std::size_t padding = text.size() - letters;
    // EVP_DecodeBlock lets white space pass at both ends.
    if (text.size() % 4 != 0 || padding > kPaddingMax ||
            text.find_first_of(" \t\r\n") != std::string_view::npos) {
        return std::nullopt;
    }
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
            reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) {
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

}  // namespace foz::tls
