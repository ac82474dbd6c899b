// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_process.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/loopback.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

struct Account {
    uid_t uid;
    gid_t gid;
};

// Nothing when there is no need to become somebody else.
std::optional<Account> account_of(const std::string& user) {
    if (user.empty() || ::geteuid() != 0) {
        return std::nullopt;
    }
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    ::getpwnam_r(user.c_str(), &entry, buffer, sizeof buffer, &found);
    if (found == nullptr) {
        throw std::runtime_error("there is no user " + user + " on this machine");
    }
    return Account{found->pw_uid, found->pw_gid};
}

// What happens between fork and exec: system calls only.
[[noreturn]] void become(char* const* arguments, int output, const std::optional<Account>& account,
        const ChildOptions& options) {
    if (account && (::setgroups(0, nullptr) != 0 || ::setgid(account->gid) != 0 ||
                           ::setuid(account->uid) != 0)) {
        ::_exit(126);
    }
    // After setuid, which would reset it.
    ::prctl(PR_SET_PDEATHSIG, options.death_signal);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::close_range(3, ~0U, 0);
    ::execvp(arguments[0], arguments);
    ::_exit(127);
}

// As ps(1) shows it; ' ' for a process that is gone.
char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat, '\0');  // unlike an iterator, it does not throw when the process goes
    const auto end_of_name = stat.rfind(')');
    return end_of_name == std::string::npos ? ' ' : stat.at(end_of_name + 2);
}

// Gone, or only waiting for its parent to take its exit code.
bool is_gone(pid_t pid) {
    const char state = state_of(pid);
    return state == ' ' || state == 'Z';
}

// After this it makes no further child: one that was being made is there.
void stop_and_wait(pid_t pid) {
    ::kill(pid, SIGSTOP);
    (void)wait_until([&] { return state_of(pid) == 'T' || is_gone(pid); });
}

std::vector<pid_t> children_of(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::ifstream file("/proc/" + id + "/task/" + id + "/children");
    return {std::istream_iterator<pid_t>(file), {}};
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
    const auto account = account_of(options.user);
    std::vector<char*> arguments;
    for (const std::string& argument : options.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    const std::string path = options.output.empty() ? "/dev/null" : options.output.string();
    const int output = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) {
        throw std::runtime_error(path + ": " + std::generic_category().message(errno));
    }
    pid_ = ::fork();
    if (pid_ == 0) {
        become(arguments.data(), output, account, options);
    }
    ::close(output);
    if (pid_ < 0) {
        throw std::runtime_error("fork: " + std::generic_category().message(errno));
    }
}

ChildProcess::~ChildProcess() {
    kill_9();
}

bool ChildProcess::running() {
    if (!exit_code_) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    return !exit_code_;
}

void ChildProcess::send(int signal_number) {
    if (running()) {
        ::kill(pid_, signal_number);
    }
}

void ChildProcess::kill_9() {
    if (!running()) {
        return;
    }
    stop_and_wait(pid_);
    const std::vector<pid_t> children = children_of(pid_);
    ::kill(pid_, SIGKILL);
    for (const pid_t child : children) {
        ::kill(child, SIGKILL);
    }
    (void)wait_until([&] { return !running(); });
    for (const pid_t child : children) {
        (void)wait_until([&] { return is_gone(child); });
    }
}

void ChildProcess::freeze() {
    if (!running()) {
        return;
    }
    stop_and_wait(pid_);
    for (const pid_t child : children_of(pid_)) {
        ::kill(child, SIGSTOP);
    }
}

void ChildProcess::thaw() {
    for (const pid_t child : children_of(pid_)) {
        ::kill(child, SIGCONT);
    }
    send(SIGCONT);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds limit) {
    if (!wait_until([&] { return !running(); }, limit)) {
        kill_9();
        return std::nullopt;
    }
    return exit_code_;
}

void run_to_end(std::vector<std::string> command, const std::string& user) {
    const TemporaryDirectory directory("foz-output");
    const std::string name = command.front();
    ChildProcess process(ChildOptions{
        .command = std::move(command), .user = user, .output = directory / "output"});
    if (const auto code = process.wait(std::chrono::minutes(2)); code != 0) {
        throw std::runtime_error(name + " ended with " +
                                 (code ? std::to_string(*code) : "a time-out") + ":\n" +
                                 content_of(directory / "output"));
    }
}

std::uint16_t free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(listener);
    if (!bound) {
        throw std::runtime_error("no free port on 127.0.0.1");
    }
    return ntohs(address.sin_port);
}

bool accepts_connections(std::uint16_t port) {
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected =
            ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(client);
    return connected;
}

void give_to(const std::filesystem::path& path, const std::string& user) {
    const auto account = account_of(user);
    if (!account) {
        return;
    }
    const auto give = [&](const std::filesystem::path& one) {
        if (::lchown(one.c_str(), account->uid, account->gid) != 0) {
            throw std::runtime_error("chown " + one.string() + " to " + user + " failed");
        }
    };
    give(path);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        give(entry.path());
    }
}

std::string content_of(const std::filesystem::path& file) {
    std::ostringstream content;
    content << std::ifstream(file).rdbuf();
    return content.str();
}

}  // namespace foz::support
