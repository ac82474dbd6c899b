// SPDX-License-Identifier: Apache-2.0
// TLS of one connection to MariaDB or MySQL, as the URL wants it.
#pragma once

#include <string>
#include <string_view>

#include <mysql.h>

#include "sink/mariadb/url.h"
#include "sink/sink.h"

namespace foz::sink::mariadb {

/// One thread. `url` and `host` must outlive it.
class Encryption {
  public:
    Encryption(const Url& url, const Host& host);

    /// Before the connection is made. FailureKind::retry: a file cannot be read.
    [[nodiscard]] SinkResult<void> prepare(MYSQL* handle) const;

    /// Once it is: libmariadb goes without TLS where the server has none. FailureKind::retry.
    [[nodiscard]] SinkResult<void> check(MYSQL* handle) const;

    /// What to do about this error of connecting; "" if it has nothing to do with TLS.
    [[nodiscard]] std::string hint_for(unsigned error_number) const;

  private:
    const Url& url_;
    const Host& host_;
    SslMode mode_;  // never automatic
};

}  // namespace foz::sink::mariadb
