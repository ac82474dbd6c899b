// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mosquitto_broker.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

// 0: there is no such file.
ino_t inode_of(const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
}

// A line of /proc/net/tcp: "0: 0100007F:075B 0100007F:C2A8 01 TX_QUEUE:RX_QUEUE ...", all in
// hexadecimal.
struct TcpSocket {
    explicit TcpSocket(const std::string& line) {
        std::istringstream words(line);
        std::string slot;
        std::string local;
        std::string remote;
        std::string state;
        std::string queues;
        words >> slot >> local >> remote >> state >> queues;
        local_port = hexadecimal(local.substr(local.find(':') + 1));
        remote_port = hexadecimal(remote.substr(remote.find(':') + 1));
        unsent = hexadecimal(queues);
        unread = hexadecimal(queues.substr(queues.find(':') + 1));
    }
    static unsigned long hexadecimal(const std::string& digits) {
        return std::stoul(digits, nullptr, 16);
    }
    unsigned long local_port;
    unsigned long remote_port;
    unsigned long unsent;
    unsigned long unread;
};

}  // namespace

MosquittoBroker::MosquittoBroker(MosquittoOptions options)
    : options_(std::move(options)), directory_("foz-mosquitto"), port_(free_port()) {
    std::ofstream configuration(directory_ / "mosquitto.conf");
    configuration << "listener " << port_ << " 127.0.0.1\n"
                  << "allow_anonymous true\n"
                  << "persistence " << (options_.persistence ? "true" : "false") << "\n"
                  << "persistence_location " << directory_.path().string() << "/\n"
                  << (::geteuid() == 0 ? "user root\n" : "") << options_.configuration << "\n";
}

MosquittoBroker::~MosquittoBroker() = default;

void MosquittoBroker::start() {
    process_ = std::make_unique<ChildProcess>(ChildOptions{
        .command = {"/usr/sbin/mosquitto", "-c", (directory_ / "mosquitto.conf").string()},
        .user = "",
        .output = directory_ / "log",
    });
    const bool ready =
            wait_until([&] { return !process_->running() || accepts_connections(port_); });
    if (!ready || !process_->running()) {
        process_.reset();
        throw std::runtime_error("Mosquitto did not start:\n" + log());
    }
}

void MosquittoBroker::stop() {
    if (process_) {
        process_->send(SIGTERM);
        process_->wait(std::chrono::seconds(20));
        process_.reset();
    }
}

void MosquittoBroker::kill_9() {
    process_.reset();
}

void MosquittoBroker::save() {
    // It writes another file and renames that.
    const ino_t before = inode_of(state_file());
    process_->send(SIGUSR1);
    if (!wait_until([&] { return inode_of(state_file()) != before; })) {
        throw std::runtime_error("Mosquitto does not save its state:\n" + log());
    }
}

void MosquittoBroker::take_state_of(const MosquittoBroker& other) const {
    std::filesystem::copy_file(
            other.state_file(), state_file(), std::filesystem::copy_options::overwrite_existing);
}

bool MosquittoBroker::has_read_all() const {
    std::ifstream table("/proc/self/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        const TcpSocket socket(line);
        if ((socket.local_port == port_ && socket.unread > 0) ||
                (socket.remote_port == port_ && socket.unsent > 0)) {
            return false;
        }
    }
    return true;
}

std::string MosquittoBroker::log() const {
    return content_of(directory_ / "log");
}

}  // namespace foz::support
