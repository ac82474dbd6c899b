// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mosquitto_broker.h"

#include <fstream>
#include <stdexcept>
#include <utility>

#include <unistd.h>

#include "tests/support/wait_until.h"

namespace foz::support {

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

std::string MosquittoBroker::log() const {
    return content_of(directory_ / "log");
}

}  // namespace foz::support
