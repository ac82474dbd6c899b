// SPDX-License-Identifier: Apache-2.0
// Who is told that messages to be retained are on their way into the journal.
#pragma once

namespace foz::delivery {

class RetainedWatcher {
  public:
    virtual ~RetainedWatcher() = default;

    // Any thread:

    /// About to append some.
    virtual void begin_retained() = 0;
    /// They are appended. Once for each begin_retained().
    virtual void end_retained() = 0;
};

}  // namespace foz::delivery
