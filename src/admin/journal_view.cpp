// SPDX-License-Identifier: Apache-2.0
#include "admin/journal_view.h"

#include <utility>

#include <fmt/format.h>

#include "admin/data_folder.h"
#include "base/file_system.h"
#include "mqtt/message.h"
#include "mqtt/subscription_record.h"

namespace foz::admin {
namespace {

Result<std::string> describe_message(ByteView bytes) {
    const auto message = mqtt::decode_message(bytes);
    if (!message) {
        return std::unexpected(message.error());
    }
    return fmt::format("message topic={} client={} qos={}{} payload={}", ascii_text(message->topic),
            ascii_text(message->client_id), message->qos, message->retain ? " retain" : "",
            ascii_text(message->payload));
}

Result<std::string> describe_session(std::string_view kind, ByteView bytes) {
    const auto session = mqtt::decode_session_record(bytes);
    if (!session) {
        return std::unexpected(session.error());
    }
    return fmt::format("{} client={} packet_id={} expiry={}s", kind, ascii_text(session->client_id),
            session->packet_id, session->expiry_seconds);
}

Result<std::string> describe_subscription(std::string_view kind, ByteView bytes) {
    const auto record = mqtt::decode_subscription_record(bytes);
    if (!record) {
        return std::unexpected(record.error());
    }
    return fmt::format("{} client={} filter={} qos={}", kind, ascii_text(record->client_id),
            ascii_text(record->subscription.filter), record->subscription.qos);
}

Result<std::string> describe_delivery(ByteView bytes) {
    const auto record = mqtt::decode_delivery_record(bytes);
    if (!record) {
        return std::unexpected(record.error());
    }
    const std::string_view stage = record->stage == mqtt::DeliveryStage::done       ? "done"
                                   : record->stage == mqtt::DeliveryStage::received ? "received"
                                                                                    : "given_up";
    return fmt::format("delivered client={} number={} stage={}", ascii_text(record->client_id),
            record->number, stage);
}

Result<std::string> describe_assignment(ByteView bytes) {
    const auto record = mqtt::decode_assignment_record(bytes);
    if (!record) {
        return std::unexpected(record.error());
    }
    return fmt::format("assigned client={} filter={} message={}", ascii_text(record->client_id),
            ascii_text(record->filter), record->position);
}

Result<std::string> described(const journal::Record& record) {
    switch (static_cast<mqtt::RecordKind>(record.kind)) {
        case mqtt::RecordKind::message: return describe_message(record.bytes);
        case mqtt::RecordKind::release: return describe_session("release", record.bytes);
        case mqtt::RecordKind::session_started:
            return describe_session("session_started", record.bytes);
        case mqtt::RecordKind::session_ended:
            return describe_session("session_ended", record.bytes);
        case mqtt::RecordKind::subscribed: return describe_subscription("subscribed", record.bytes);
        case mqtt::RecordKind::unsubscribed:
            return describe_subscription("unsubscribed", record.bytes);
        case mqtt::RecordKind::delivered: return describe_delivery(record.bytes);
        case mqtt::RecordKind::assigned: return describe_assignment(record.bytes);
    }
    return fmt::format("kind {} of {} bytes", record.kind, record.bytes.size());
}

}  // namespace

Result<JournalView> view_journal(const config::Settings& settings) {
    auto journal = open_journal(settings);
    if (!journal) {
        return pass_on(journal);
    }
    JournalView view{
        .folder = settings.data / "journal",
        .status = (*journal)->status(),
        .segments = {},
        .cursors = (*journal)->cursors(),
    };
    auto segments = journal::local::list_segments(view.folder, real_file_system());
    if (!segments) {
        return pass_on(segments);
    }
    view.segments = *std::move(segments);
    return view;
}

Result<void> for_each_record(const config::Settings& settings, const std::string& from,
        std::uint64_t count, const std::function<void(const journal::Record&)>& each) {
    auto journal = open_journal(settings);
    if (!journal) {
        return pass_on(journal);
    }
    auto position = from.empty() ? (*journal)->status().first : position_from(**journal, from);
    if (!position) {
        return pass_on(position);
    }
    auto reader = (*journal)->read_from(*position);
    if (!reader) {
        return pass_on(reader);
    }
    for (std::uint64_t left = count; left > 0; --left) {
        auto next = (*reader)->next();
        if (!next) {
            return pass_on(next);
        }
        const std::optional<journal::Record>& record = *next;
        if (!record) {
            break;
        }
        each(*record);
    }
    return {};
}

std::string describe(const journal::Record& record) {
    const auto text = described(record);
    return text ? *text : fmt::format("unreadable: {}", text.error().message);
}

std::string ascii_text(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '\\') {
            escaped += "\\\\";
        } else if (c >= ' ' && c <= '~') {
            escaped += c;
        } else {
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return escaped;
}

}  // namespace foz::admin
