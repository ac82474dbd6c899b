// SPDX-License-Identifier: Apache-2.0
#include "mapping/declared_route.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "mapping/json_path.h"

namespace foz::mapping {

DeclaredRoute::DeclaredRoute(
        std::vector<CompiledColumn> columns, FieldPlan fields, ReadingSelector selector)
    : fields_(std::move(fields)),
      selector_(std::move(selector)),
      watch_(columns.size()),
      message_cells_(columns.size()),
      found_in_payload_(fields_.size()),
      found_(fields_.size()) {
    for (CompiledColumn& column : columns) {
        if (column.source == CellSource::field) {
            takes_whole_reading_ = takes_whole_reading_ || column.source_index == 0;
            field_columns_.push_back(std::move(column));
        } else if (column.source == CellSource::constant) {
            message_cells_[column.cell] = column.value;
        } else {
            const ColumnType type = column.conversion.type;
            const bool as_it_is = type == ColumnType::text || type == ColumnType::bytes;
            reads_payload_ = reads_payload_ || (column.source == CellSource::payload && !as_it_is);
            message_columns_.push_back(std::move(column));
        }
    }
    reads_payload_ = reads_payload_ || !field_columns_.empty() || selector_.has_rows() ||
                     selector_.has_filter();
    takes_whole_reading_ = takes_whole_reading_ || field_columns_.empty();
}

bool DeclaredRoute::add_rows(IncomingMessage& incoming, ItemWriter& items) {
    if (selector_.has_filter()) {
        if (const Result<void>& json = incoming.json(); !json) {
            items.reject(json.error().message);
            return true;
        }
        if (!selector_.takes_any(incoming.document())) return false;
    }
    if (!set_message_cells(incoming, items)) return true;
    if (field_columns_.empty() && !selector_.has_rows()) {
        add_message_row(items);
    } else {
        add_readings(incoming, items);
    }
    return true;
}

void DeclaredRoute::add_message_row(ItemWriter& items) {
    for (const Value& cell : message_cells_) {
        items.batch().add_cell(cell);
    }
    items.finish_row();
}

void DeclaredRoute::take_remarks(std::vector<std::string>& to) {
    watch_.take_remarks(to);
    if (auto remark = selector_.take_remark()) to.push_back(std::move(*remark));
}

bool DeclaredRoute::set_message_cells(IncomingMessage& incoming, ItemWriter& items) {
    for (CompiledColumn& column : message_columns_) {
        Converted cell = message_cell(column, incoming, items.batch());
        if (!cell && column.unfit_is_null) {
            watch_.note_unfit(column.cell, column.name, cell.error());
            cell = Value();
        }
        if (!cell) {
            items.reject(std::move(cell.error()));
            return false;
        }
        message_cells_[column.cell] = *cell;
    }
    return true;
}

Converted DeclaredRoute::message_cell(
        CompiledColumn& column, IncomingMessage& incoming, RowBatch& batch) {
    static constexpr std::array<std::string_view, 3> kDigits = {"0", "1", "2"};
    const mqtt::Message& message = incoming.message();
    std::string_view text;
    switch (column.source) {
        case CellSource::received: return Value::of_timestamp(message.received);
        case CellSource::capture: text = incoming.capture(column.source_index); break;
        case CellSource::topic: text = message.topic; break;
        case CellSource::client_id: text = message.client_id; break;
        case CellSource::user:
            if (message.user.empty() && column.rejects_missing && column.value.is_null()) {
                return std::unexpected("the user name is missing");
            }
            if (message.user.empty()) return column.value;
            text = message.user;
            break;
        case CellSource::qos: text = kDigits[std::min<std::size_t>(message.qos, 2)]; break;
        case CellSource::retain: text = kDigits[message.retain ? 1 : 0]; break;
        case CellSource::payload: {
            const bool as_json = column.conversion.type == ColumnType::json;
            const bool any_bytes = column.conversion.type == ColumnType::bytes;
            const Result<void>& good = as_json ? incoming.json() : incoming.text();
            if (!good && !any_bytes) return std::unexpected(good.error().message);
            if (as_json && incoming.document().is_sequence()) {
                return std::unexpected(
                        "payload is not JSON: it is several values, and a json column takes one; "
                        "declare the column's type text");
            }
            if (as_json) return convert_json(incoming.document(), 0, column.conversion, batch);
            text = message.payload;
            break;
        }
        case CellSource::field:
        case CellSource::constant: FOZ_CHECK(false);
    }
    Converted cell = convert_text(text, column.conversion, batch);
    if (!cell) return std::unexpected(fmt::format("{}: {}", column.label, cell.error()));
    return cell;
}

void DeclaredRoute::add_readings(IncomingMessage& incoming, ItemWriter& items) {
    if (const Result<void>& json = incoming.json(); !json) {
        items.reject(json.error().message);
        return;
    }
    const JsonDocument& document = incoming.document();
    std::uint32_t payload = kNotFound;
    selector_.for_each(document, items, [&](const Reading& reading, auto label) {
        if (reading.payload != payload) {
            payload = reading.payload;
            std::ranges::fill(found_in_payload_, kNotFound);
            if (reading.has_surroundings()) {
                fields_.find(document, payload, found_in_payload_);
            }
        }
        if (auto reason = add_cells(document, reading, items.batch())) {
            items.reject(label() + *reason);
        } else {
            items.finish_row();
        }
    });
}

std::optional<std::string> DeclaredRoute::add_cells(
        const JsonDocument& document, const Reading& reading, RowBatch& batch) {
    std::ranges::copy(found_in_payload_, found_.begin());
    if (fields_.find(document, reading.value, found_) == 0 && !takes_whole_reading_) {
        return no_field(document, reading.value);
    }
    for (const Value& cell : message_cells_) {
        batch.add_cell(cell);
    }
    for (CompiledColumn& column : field_columns_) {
        const std::uint32_t node = found_[column.source_index];
        if (node != kNotFound) {
            watch_.found(column.cell);
        } else if (watch_.missed(column.cell)) {
            const std::string hint = similar_field(document, reading.value, column.path);
            watch_.note_absent(column.cell, column.name, column.label, hint);
        }
        Value& target = batch.open_cells()[column.cell];
        if (node == kNotFound || document.node(node).kind == JsonKind::null) {
            if (column.rejects_missing && column.value.is_null()) {
                return no_value(document, reading, column, node);
            }
            target = column.value;
            continue;
        }
        const Converted cell = convert_json(document, node, column.conversion, batch);
        if (cell) {
            target = *cell;
            continue;
        }
        std::string reason = fmt::format("{}: {}", column.label, cell.error());
        if (!column.unfit_is_null) return reason;
        watch_.note_unfit(column.cell, column.name, reason);
        target = Value();
    }
    return std::nullopt;
}

std::string DeclaredRoute::no_value(const JsonDocument& document, const Reading& reading,
        const CompiledColumn& column, std::uint32_t node) {
    const std::string hint = similar_field(document, reading.value, column.path);
    return fmt::format("{} is {}{}{}", column.label, node == kNotFound ? "missing" : "null",
            hint.empty() ? "" : ": ", hint);
}

std::string DeclaredRoute::no_field(const JsonDocument& document, std::uint32_t reading) const {
    const JsonKind kind = document.node(reading).kind;
    if (kind != JsonKind::object) {
        return fmt::format("{} is not an object with fields", description_of(kind));
    }
    for (const CompiledColumn& column : field_columns_) {
        if (const std::string hint = similar_field(document, reading, column.path); !hint.empty()) {
            return "none of the route's fields is there: " + hint;
        }
    }
    return "none of the route's fields is there";
}

}  // namespace foz::mapping
