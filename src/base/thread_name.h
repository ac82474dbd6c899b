// SPDX-License-Identifier: Apache-2.0
// What the calling thread is called in `top -H`, in a debugger and in a profile.
#pragma once

#include <string>

#include <pthread.h>

namespace foz {

/// Cut to the 15 characters that Linux keeps.
inline void set_thread_name(const std::string& name) {
    (void)::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace foz
