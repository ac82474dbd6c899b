// SPDX-License-Identifier: Apache-2.0
// Finds messages by their positions: in the journal, or where they were set aside when the journal
// could not keep them. Quick when they are asked for in their order. One thread.
#pragma once

#include <memory>
#include <string>

#include "delivery/record_finder.h"
#include "delivery/set_aside.h"
#include "delivery/stored_message.h"

namespace foz::delivery {

class MessageFinder {
  public:
    /// All must outlive it. `set_aside` may be null.
    MessageFinder(journal::Readable& journal, SetAside* set_aside)
        : records_(journal), set_aside_(set_aside) {}

    /// Null: it is nowhere, or no message.
    [[nodiscard]] Result<std::shared_ptr<const StoredMessage>> at(journal::Position position);

  private:
    RecordFinder records_;
    SetAside* const set_aside_;
};

}  // namespace foz::delivery
