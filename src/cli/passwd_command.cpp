// SPDX-License-Identifier: Apache-2.0
// foz passwd: the password file of a listener, in the format that Mosquitto reads too.
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "access/password_file.h"
#include "base/file_system.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "tls/private_file.h"

namespace foz::cli {
namespace {

struct PasswdArguments {
    std::string file;
    std::string name;
    bool remove = false;
    bool batch = false;
    std::uint32_t iterations = 100'000;
};

/// Nothing is shown of what is typed, while this lives.
class EchoOff {
  public:
    EchoOff() {
        if (::tcgetattr(STDIN_FILENO, &before_) == 0) {
            termios silent = before_;
            silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
        }
    }
    ~EchoOff() {
        if (changed_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        }
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

  private:
    termios before_{};
    bool changed_ = false;
};

/// The next line of standard input without its end; nothing at the end of input.
std::optional<std::string> read_line() {
    std::string line;
    for (int letter = std::getchar(); letter != EOF; letter = std::getchar()) {
        if (letter == '\n') {
            return line;
        }
        line += static_cast<char>(letter);
    }
    return line.empty() ? std::nullopt : std::optional(line);
}

std::optional<std::string> ask(const char* question) {
    fmt::print(stderr, "{}: ", question);
    std::fflush(stderr);
    auto line = read_line();
    fmt::print(stderr, "\n");
    return line;
}

Result<std::string> password_from_person() {
    const EchoOff silence;
    const auto password = ask("Password");
    const auto again = password ? ask("Once more") : std::nullopt;
    if (!again) {
        return fail(ErrorCode::invalid, "no password was typed; nothing is changed");
    }
    if (*password != *again) {
        return fail(ErrorCode::invalid, "the two passwords differ; nothing is changed");
    }
    return *password;
}

Result<std::string> read_password(const PasswdArguments& arguments) {
    if (!arguments.batch && ::isatty(STDIN_FILENO) == 1) {
        return password_from_person();
    }
    auto password = read_line();
    if (!password) {
        return fail(ErrorCode::invalid, "no password on standard input; nothing is changed");
    }
    return std::move(*password);
}

/// "" for a file that is not there yet.
Result<std::string> present_content(const std::string& path) {
    constexpr std::uint64_t kFileBytesMax = 256 << 20;
    auto content = read_file(real_file_system(), path, kFileBytesMax);
    if (!content && content.error().code == ErrorCode::not_found) {
        return std::string();
    }
    return content;
}

Result<std::string> changed_content(const PasswdArguments& arguments, const std::string& content) {
    if (arguments.remove) {
        return access::without_user(content, arguments.name);
    }
    auto password = read_password(arguments);
    if (!password) {
        return pass_on(password);
    }
    if (password->empty()) {
        return fail(ErrorCode::invalid, "the password is empty; nothing is changed");
    }
    return access::with_password(content, arguments.name, *password, arguments.iterations);
}

int passwd(const PasswdArguments& arguments) {
    const auto content = present_content(arguments.file);
    if (!content) {
        return failed("passwd", content.error());
    }
    const auto changed = changed_content(arguments, *content);
    if (!changed) {
        return failed("passwd", changed.error());
    }
    // Rather no change than a file that a broker cannot read.
    if (const auto readable = access::PasswordFile::parse(*changed, arguments.file); !readable) {
        return failed("passwd", readable.error());
    }
    const auto written = tls::write_private_file(arguments.file, *changed, tls::kOwnerOnly);
    return written ? 0 : failed("passwd", written.error());
}

}  // namespace

void add_passwd_command(CLI::App& app, int& exit_code) {
    auto* const command = app.add_subcommand("passwd", "Set a user's password in a password file");
    const auto arguments = std::make_shared<PasswdArguments>();
    command->add_option("FILE", arguments->file, "The password file; made when it is missing")
            ->required();
    command->add_option("NAME", arguments->name, "The user")->required();
    command->add_flag("--delete", arguments->remove, "Take the user out");
    command->add_flag(
            "--batch", arguments->batch, "Read the password from standard input, without asking");
    command->add_option("--iterations", arguments->iterations,
                   "How much work it is to try a password: 100000 for those that people choose; "
                   "1000 is enough for long random ones, and spares the broker")
            ->capture_default_str()
            ->check(CLI::Range(1U, access::PasswordHash::kIterationsMax));
    command->footer(
            "The format is that of mosquitto_passwd ($7$), which can be used on the same file.\n"
            "A running foz or Mosquitto reads the file again on SIGHUP.\n"
            "Example: openssl rand -base64 18 | tee esp32-1.txt | foz passwd passwords esp32-1");
    command->callback([arguments, &exit_code] { exit_code = passwd(*arguments); });
}

}  // namespace foz::cli
