// SPDX-License-Identifier: Apache-2.0
// Of the calling thread.
#pragma once

#include <string>

#include <pthread.h>
#include <sys/resource.h>

namespace foz {

/// What it is called in `top -H`, in a debugger and in a profile. Cut to the 15 characters that
/// Linux keeps.
inline void set_thread_name(const std::string& name) {
    (void)::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

/// It, and the threads that it starts from now on, give way to others when there are not enough
/// processors: nice(2), which Linux has for each thread.
inline void give_way_to_other_threads() {
    constexpr int kNice = 5;
    (void)::setpriority(PRIO_PROCESS, 0, kNice);
}

}  // namespace foz
