// SPDX-License-Identifier: Apache-2.0
// What is written to the log while it lives.
#pragma once

#include <memory>
#include <mutex>
#include <sstream>
#include <string>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace foz::broker {

class LogCapture {
  public:
    LogCapture() : before_(spdlog::default_logger()) {
        auto logger = std::make_shared<spdlog::logger>(
                "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_, true));
        logger->set_pattern("%l %v");
        spdlog::set_default_logger(std::move(logger));
    }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;
    ~LogCapture() { spdlog::set_default_logger(before_); }

    /// While nobody writes.
    [[nodiscard]] std::string text() const { return text_.str(); }
    [[nodiscard]] std::size_t lines_with(const std::string& part) const {
        std::istringstream lines(text_.str());
        std::size_t count = 0;
        for (std::string line; std::getline(lines, line);) {
            count += line.find(part) != std::string::npos ? 1 : 0;
        }
        return count;
    }

  private:
    std::shared_ptr<spdlog::logger> before_;
    std::ostringstream text_;
};

}  // namespace foz::broker
