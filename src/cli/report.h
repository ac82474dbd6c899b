// SPDX-License-Identifier: Apache-2.0
// What `foz check` says: one line on standard output for each thing that was checked, and the exit
// code that follows from them. One thread.
#pragma once

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/log.h"

namespace foz::cli {

class Report {
  public:
    void ok(std::string_view what) { print("ok     ", what); }
    /// What goes with an error, and is no verdict of its own.
    void seen(std::string_view what) { print("seen   ", what); }
    /// foz runs with it, but a person should look: no reason to keep a broker from starting.
    void warned(std::string_view what) { print("warn   ", what); }
    /// The configuration cannot be used, whatever the world does.
    void unusable(std::string_view what) {
        print("error  ", what);
        exit_code_ = 2;
    }
    /// The configuration may be right, but not here and now.
    void failed(std::string_view what) {
        print("error  ", what);
        exit_code_ = std::max(exit_code_, 1);
    }
    [[nodiscard]] int exit_code() const { return exit_code_; }

  private:
    /// Brokers and databases have a say in what is printed.
    static void print(std::string_view verdict, std::string_view what) {
        fmt::print("{}{}\n", verdict, log_text(what));
    }

    int exit_code_ = 0;
};

}  // namespace foz::cli
