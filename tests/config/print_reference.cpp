// SPDX-License-Identifier: Apache-2.0
// Prints docs/configuration.md, for tools/configuration_reference.
#include <cstdio>

#include "config/settings_parser.h"

int main() {
    std::fputs(foz::config::settings_reference().c_str(), stdout);
    return 0;
}
