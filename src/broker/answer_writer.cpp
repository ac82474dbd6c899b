// SPDX-License-Identifier: Apache-2.0
#include "broker/answer_writer.h"

#include "mqtt/encoder.h"

namespace foz::broker {

using mqtt::PropertyId;
using mqtt::ProtocolVersion;

AnswerWriter::AnswerWriter(const mqtt::Connect& connect)
    : version_(connect.version),
      packet_bytes_max_(connect.properties.number(PropertyId::maximum_packet_size)
                      .value_or(mqtt::kPacketBytesMax)) {}

// Appends the packet that append(properties) makes with `why` in them; if that is too large, or
// there is none, without.
template <class Append>
bool AnswerWriter::append_within(std::string_view why, std::string& out, Append append) const {
    const std::size_t begin = out.size();
    const bool says_why = version_ == ProtocolVersion::v5 && !why.empty();
    for (const bool with_reason : {true, false}) {
        if (with_reason && !says_why) {
            continue;
        }
        mqtt::PropertyWriter properties;
        if (with_reason) {
            properties.add(PropertyId::reason_string, why);
        }
        append(properties.properties());
        if (out.size() - begin <= packet_bytes_max_) {
            return true;
        }
        out.resize(begin);
    }
    return false;
}

bool AnswerWriter::connack(
        bool session_present, const mqtt::PropertyWriter& properties, std::string& out) const {
    return append_within("", out, [&](const mqtt::Properties&) {
        mqtt::append_connack(out,
                {
                    .session_present = session_present,
                    .reason = mqtt::ReasonCode::success,
                    .properties = properties.properties(),
                },
                version_);
    });
}

bool AnswerWriter::refusal(mqtt::ReasonCode reason, std::string_view why, std::string& out) const {
    if (version_ != ProtocolVersion::v5 && !mqtt::connack_return_code(reason)) {
        return false;
    }
    return append_within(why, out, [&](const mqtt::Properties& with) {
        mqtt::append_connack(
                out, {.session_present = false, .reason = reason, .properties = with}, version_);
    });
}

bool AnswerWriter::suback(const mqtt::Suback& answer, std::string& out) const {
    return append_within(
            "", out, [&](const mqtt::Properties&) { mqtt::append_suback(out, answer, version_); });
}

bool AnswerWriter::unsuback(const mqtt::Unsuback& answer, std::string& out) const {
    return append_within("", out,
            [&](const mqtt::Properties&) { mqtt::append_unsuback(out, answer, version_); });
}

bool AnswerWriter::disconnect(
        mqtt::ReasonCode reason, std::string_view why, std::string& out) const {
    if (version_ != ProtocolVersion::v5) {
        return true;
    }
    return append_within(why, out, [&](const mqtt::Properties& with) {
        mqtt::append_disconnect(out, {.reason = reason, .properties = with}, version_);
    });
}

}  // namespace foz::broker
