// SPDX-License-Identifier: Apache-2.0
#include "config/named_files.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace foz::config {

namespace {

struct NamedFile {
    std::string owner;  // "listener default"
    std::string key;    // "tls.key"
    std::string path;
    bool secret = false;
};

class NamedFiles {
  public:
    explicit NamedFiles(const Settings& settings) {
        for (const Listener& listener : settings.listeners) {
            add_listener(listener);
        }
        for (const Source& source : settings.sources) {
            add_remote("source", source.remote);
        }
        for (const Bridge& bridge : settings.bridges) {
            add_remote("bridge", bridge.remote);
        }
        for (const Database& database : settings.databases) {
            add("database " + database.name, "password_file", database.password_file, true);
        }
    }

    [[nodiscard]] const std::vector<NamedFile>& all() const { return files_; }

  private:
    void add(const std::string& owner, const std::string& key,
            const std::optional<std::string>& path, bool secret = false) {
        if (path) {
            files_.push_back({owner, key, *path, secret});
        }
    }

    void add_listener(const Listener& listener) {
        const std::string owner = "listener " + listener.name;
        if (listener.tls) {
            add(owner, "tls.certificate", listener.tls->certificate);
            add(owner, "tls.key", listener.tls->key, true);
            add(owner, "tls.client_ca", listener.tls->client_ca);
            add(owner, "tls.crl", listener.tls->crl);
        }
        add(owner, "password_file", listener.password_file, true);
    }

    void add_remote(std::string_view section, const Remote& remote) {
        const std::string owner = fmt::format("{} {}", section, remote.name);
        if (remote.tls) {
            add(owner, "tls.ca", remote.tls->ca);
            add(owner, "tls.certificate", remote.tls->certificate);
            add(owner, "tls.key", remote.tls->key, true);
            add(owner, "tls.crl", remote.tls->crl);
        }
        add(owner, "password_file", remote.password_file, true);
    }

    std::vector<NamedFile> files_;
};

}  // namespace

std::vector<std::string> unreadable_files(const Settings& settings) {
    std::vector<std::string> lines;
    const NamedFiles files(settings);
    for (const NamedFile& file : files.all()) {
        if (::access(file.path.c_str(), R_OK) != 0) {
            lines.push_back(fmt::format("{}: cannot read {} (its {}): {}", file.owner, file.path,
                    file.key, errno_message(errno)));
        }
    }
    return lines;
}

std::vector<std::string> exposed_files(const Settings& settings) {
    std::vector<std::string> lines;
    const NamedFiles files(settings);
    for (const NamedFile& file : files.all()) {
        struct stat status{};
        if (file.secret && ::stat(file.path.c_str(), &status) == 0 &&
                (status.st_mode & S_IROTH) != 0) {
            lines.push_back(fmt::format(
                    "{}: everybody on this machine can read {} (its {}): chmod o-rwx {}",
                    file.owner, file.path, file.key, file.path));
        }
    }
    return lines;
}

}  // namespace foz::config
