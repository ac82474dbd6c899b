// SPDX-License-Identifier: Apache-2.0
// Takes passwords out of what a person may read: URLs, and messages that quote them. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace foz {

/// `url` with "***" for the password between the user's colon and the @, and for the value of each
/// option whose name ends in password, passwd, passphrase, pwd, secret, token or signature.
[[nodiscard]] std::string redacted_url(std::string_view url);

/// The same for every URL and option in a text. A URL ends at white space or a quotation mark.
[[nodiscard]] std::string redacted(std::string_view text);

/// The same for a database driver's message, which may quote a piece of the URL that it could not
/// read: nothing of the passwords in `url`, nor `password`, is left as a word in it.
[[nodiscard]] std::string redacted_message(
        std::string_view message, std::string_view url, std::string_view password = "");

}  // namespace foz
