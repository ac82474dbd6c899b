// SPDX-License-Identifier: Apache-2.0
#include "tests/support/server_template.h"

#include <stdexcept>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::support {

void copy_template(const std::string& name, const std::filesystem::path& to,
        const std::function<void(const std::filesystem::path&)>& make) {
    const std::filesystem::path templates = FOZ_TEST_TEMPLATES;
    std::filesystem::create_directories(templates);
    const std::filesystem::path wanted = templates / name;
    const int lock =
            ::open((templates / (name + ".lock")).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0 || ::flock(lock, LOCK_EX) != 0) {
        throw std::runtime_error("cannot lock " + wanted.string());
    }
    if (!std::filesystem::exists(wanted)) {
        // Made in /tmp, because a server's user may not enter the build folder; renamed when it is
        // whole.
        const TemporaryDirectory workshop("foz-template");
        make(workshop.path());
        const std::filesystem::path unfinished = templates / (name + ".unfinished");
        std::filesystem::remove_all(unfinished);
        run_to_end({"cp", "-R", workshop.path().string(), unfinished.string()});
        std::filesystem::rename(unfinished, wanted);
    }
    ::close(lock);
    run_to_end({"cp", "-R", "--reflink=auto", "--sparse=always", wanted.string(), to.string()});
}

}  // namespace foz::support
