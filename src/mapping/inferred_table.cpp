// SPDX-License-Identifier: Apache-2.0
#include "mapping/inferred_table.h"

#include <algorithm>

#include "mapping/column_name.h"
#include "mapping/inferred_type.h"

namespace foz::mapping {
namespace {

// So many keys are remembered. More than columns, because several spellings may share a column.
constexpr std::size_t kFieldsMax = 16 * kInferredColumnsMax;

}  // namespace

std::vector<std::uint32_t> InferredTable::add_route(std::span<const std::string> captures) {
    const std::size_t known = own_columns_;
    std::vector<std::uint32_t> columns;
    for (const std::string& name : captures) {
        columns.push_back(add_capture(name));
    }
    for (std::uint32_t i = 1; i < own_columns_; ++i) {
        const bool is_shared = i < known && std::ranges::find(columns, i) != columns.end();
        Column& column = table_->columns[i];
        column.nullable = column.nullable || (has_routes_ && !is_shared);
    }
    has_routes_ = true;
    return columns;
}

std::uint32_t InferredTable::add_capture(std::string_view name) {
    const std::string_view keys[] = {name};
    const std::string column_name = column_name_from(keys);
    for (std::uint32_t i = 0; i < table_->columns.size(); ++i) {
        if (same_name(table_->columns[i].name, column_name)) return i;
    }
    table_->columns.push_back({column_name, ColumnType::text, false});
    own_columns_ = table_->columns.size();
    return static_cast<std::uint32_t>(own_columns_ - 1);
}

Result<bool> InferredTable::adopt(
        std::span<const Column> existing, std::span<const Refusal> refused) {
    new_columns_.clear();
    refusals_.assign(refused.begin(), refused.end());
    auto taken_back = take_back_refused(existing);
    if (!taken_back) return taken_back;
    bool changed = *taken_back;
    for (const Column& theirs : existing) {
        const std::uint32_t index = find_column(theirs.name);
        if (index == kNotFound) {
            table_->columns.push_back({.name = theirs.name,
                .type = theirs.type,
                .has_default = theirs.has_default,
                .field = theirs.field});
            changed = true;
        } else {
            changed = adopt_as(index, theirs) || changed;
        }
    }
    if (changed) {
        fields_.assign(1, {});
        ++table_->version;
    }
    return changed;
}

Result<bool> InferredTable::take_back_refused(std::span<const Column> existing) {
    bool changed = false;
    for (std::size_t i = table_->columns.size(); i-- > 0;) {
        Column& ours = table_->columns[i];
        const Refusal* refusal = refusal_of(ours.name);
        if (refusal == nullptr) continue;
        const auto theirs = std::ranges::find_if(
                existing, [&](const Column& one) { return same_name(one.name, ours.name); });
        if (theirs != existing.end() && theirs->type == ours.type) continue;
        if (i < own_columns_) {
            return fail(ErrorCode::invalid, "table {} needs the column {} ({}): {}", table_->name,
                    ours.name, name_of(ours.type), refusal->reason);
        }
        if (theirs != existing.end()) {
            ours.type = theirs->type;
        } else {
            table_->columns.erase(table_->columns.begin() + static_cast<std::ptrdiff_t>(i));
        }
        changed = true;
    }
    return changed;
}

const Refusal* InferredTable::refusal_of(std::string_view column) const {
    const auto found = std::ranges::find_if(refusals_, [&](const Refusal& one) {
        return one.column.empty() || same_name(one.column, column);
    });
    return found != refusals_.end() ? &*found : nullptr;
}

bool InferredTable::adopt_as(std::uint32_t index, const Column& theirs) {
    Column& ours = table_->columns[index];
    bool changed = false;
    if (ours.name != theirs.name) {
        std::ranges::replace(table_->key, ours.name, theirs.name);
        ours.name = theirs.name;
        changed = true;
    }
    const bool widened = ours.type == ColumnType::real && theirs.type == ColumnType::integer;
    if (index >= own_columns_ && ours.has_default != theirs.has_default) {
        ours.has_default = theirs.has_default;
        changed = true;
    }
    if (!theirs.field.empty() && ours.field != theirs.field) {
        ours.field = theirs.field;  // also when another lane was first
        changed = true;
    }
    // A time of receipt is a timestamp, and a captured level is not JSON: the sink reports what
    // does not fit.
    const bool fixed = index == 0 || (index < own_columns_ && theirs.type == ColumnType::json);
    if (ours.type != theirs.type && !widened && !fixed) {
        ours.type = theirs.type;
        changed = true;
    }
    return changed;
}

Result<void> InferredTable::add_cells(const IncomingMessage& incoming, const Reading& reading,
        std::span<const std::uint32_t> captures, RowBatch& batch) {
    begin_reading();
    const JsonDocument& document = incoming.document();
    if (auto collected = collect(document, reading); !collected) return collected;
    batch.add_cell(Value::of_timestamp(incoming.message().received));
    for (std::size_t i = 1; i < cells_needed(captures); ++i) {
        batch.add_cell({});
    }
    if (auto set = set_captures(incoming, captures, batch); !set) return set;
    if (auto set = set_fields(document, batch); !set) return set;
    if (!new_columns_.empty() || !widened_.empty()) {
        commit();
    }
    claim_columns();
    return {};
}

// Up to the last that is set: a reading of one field must not cost as much as the table is wide.
std::size_t InferredTable::cells_needed(std::span<const std::uint32_t> captures) const {
    std::uint32_t last = 0;
    for (const std::uint32_t column : captures) {
        last = std::max(last, column);
    }
    for (const Leaf& leaf : leaves_) {
        last = std::max(last, leaf.column);
    }
    return std::size_t{last} + 1;
}

void InferredTable::begin_reading() {
    leaves_.clear();
    new_columns_.clear();
    widened_.clear();
    taken_by_.assign(table_->columns.size(), kNotFound);
    left_out_ = kNotFound;
    if (fields_.size() > kFieldsMax / 2) {
        fields_.assign(1, {});
    }
}

Result<void> InferredTable::collect(const JsonDocument& document, const Reading& reading) {
    const JsonNode& node = document.node(reading.value);
    if (node.kind == JsonKind::null) return fail(ErrorCode::invalid, "null is not a reading");
    if (node.kind == JsonKind::object && node.end == reading.value + 1) {
        return fail(ErrorCode::invalid, "the reading has no fields");
    }
    if (reading.has_surroundings()) {
        left_out_ = reading.container;
        if (auto done = collect_members(document, reading.payload, 0); !done) return done;
    }
    if (node.kind == JsonKind::object) return collect_members(document, reading.value, 0);
    std::size_t expected = 0;
    std::uint32_t field = find_member(0, "value", expected);
    if (field == kNotFound) {
        auto added = add_member(0, "value");
        if (!added) return pass_on(added);
        field = *added;
    }
    return collect_leaf(node, reading.value, field);
}

Result<void> InferredTable::collect_members(
        const JsonDocument& document, std::uint32_t object, std::uint32_t field) {
    std::size_t expected = 0;
    const std::uint32_t end = document.node(object).end;
    for (std::uint32_t i = object + 1; i != end; i = document.node(i).end) {
        const JsonNode& node = document.node(i);
        if (i == left_out_) continue;
        std::uint32_t member = find_member(field, node.key, expected);
        if (node.kind == JsonKind::null) continue;  // a column waits until its type is known
        if (member == kNotFound) {
            auto added = add_member(field, node.key);
            if (!added) return pass_on(added);
            member = *added;
        }
        auto collected = node.kind == JsonKind::object ? collect_members(document, i, member)
                                                       : collect_leaf(node, i, member);
        if (!collected) return collected;
    }
    return {};
}

Result<void> InferredTable::collect_leaf(
        const JsonNode& node, std::uint32_t value, std::uint32_t field) {
    auto found = column_of(field, node);
    if (!found) return pass_on(found);
    const std::uint32_t target = *found;
    if (target >= kInferredColumnsMax) {
        return fail(ErrorCode::invalid,
                "{} would be one column too many for table {}, which has columns for every field "
                "up to {}; declare the route's columns",
                label_of(field), table_->name, kInferredColumnsMax);
    }
    if (const std::uint32_t other = taken_by_[target]; other != kNotFound && other != field) {
        return would_share(label_of(other), field, column(target).name);
    }
    taken_by_[target] = field;
    leaves_.push_back({value, field, target});
    return {};
}

std::unexpected<Error> InferredTable::would_share(
        std::string_view other, std::uint32_t field, std::string_view column) const {
    return fail(ErrorCode::invalid,
            "{} and {} would both go into column {}; declare the route's columns", other,
            label_of(field), column);
}

std::uint32_t InferredTable::find_member(
        std::uint32_t field, std::string_view key, std::size_t& expected) const {
    const std::vector<std::uint32_t>& members = fields_[field].members;
    for (std::size_t tried = 0; tried < members.size(); ++tried) {
        if (expected >= members.size()) expected = 0;
        const std::uint32_t member = members[expected++];
        if (fields_[member].key == key) return member;
    }
    return kNotFound;
}

Result<std::uint32_t> InferredTable::add_member(std::uint32_t field, std::string_view key) {
    if (fields_.size() == kFieldsMax) {
        return fail(ErrorCode::invalid, "the reading has too many fields for an inferred table");
    }
    const auto member = static_cast<std::uint32_t>(fields_.size());
    fields_.push_back({std::string(key), field, {}, kNotFound});
    fields_[field].members.push_back(member);
    return member;
}

std::vector<std::string_view> InferredTable::keys_of(std::uint32_t field) const {
    std::vector<std::string_view> keys;
    for (; field != 0; field = fields_[field].parent) {
        keys.emplace_back(fields_[field].key);
    }
    std::ranges::reverse(keys);
    return keys;
}

// A point or backslash in a key gets a backslash, so that no two fields have the same path.
std::string InferredTable::path_of(std::uint32_t field) const {
    std::string path;
    const auto keys = keys_of(field);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) path += '.';
        for (const char one : keys[i]) {
            if (one == '.' || one == '\\') path += '\\';
            path += one;
        }
    }
    return path;
}

std::string InferredTable::label_of(std::uint32_t field) const {
    return fmt::format("field \"{}\"", fmt::join(keys_of(field), "."));
}

Result<std::uint32_t> InferredTable::column_of(std::uint32_t field, const JsonNode& node) {
    if (fields_[field].column != kNotFound) return fields_[field].column;
    const std::string name = column_name_of(field);
    if (const std::uint32_t known = find_column(name); known != kNotFound) {
        const std::string& owner = column(known).field;
        if (!owner.empty() && owner != path_of(field)) {
            return would_share("field \"" + owner + "\"", field, column(known).name);
        }
        return known;
    }
    if (const Refusal* refusal = refusal_of(name)) {
        return fail(ErrorCode::invalid, "{} does not fit table {}: {}", label_of(field),
                table_->name, refusal->reason);
    }
    new_columns_.push_back({.name = name, .type = type_for(node), .field = path_of(field)});
    taken_by_.push_back(kNotFound);
    return static_cast<std::uint32_t>(taken_by_.size() - 1);
}

std::string InferredTable::column_name_of(std::uint32_t field) const {
    std::string name = column_name_from(keys_of(field));
    if (find_column(name) < own_columns_) {
        name.insert(0, "payload_");
        name.resize(std::min(name.size(), kNameBytesMax));
    }
    return name;
}

std::uint32_t InferredTable::find_column(std::string_view name) const {
    std::uint32_t found = kNotFound;
    const std::size_t count = table_->columns.size() + new_columns_.size();
    for (std::uint32_t i = 0; i < count; ++i) {
        if (column(i).name == name) return i;
        if (found == kNotFound && same_name(column(i).name, name)) found = i;
    }
    return found;
}

const Column& InferredTable::column(std::uint32_t index) const {
    const std::size_t known = table_->columns.size();
    return index < known ? table_->columns[index] : new_columns_[index - known];
}

Result<void> InferredTable::set_captures(
        const IncomingMessage& incoming, std::span<const std::uint32_t> captures, RowBatch& batch) {
    for (std::size_t i = 0; i < captures.size(); ++i) {
        const Column& target = column(captures[i]);
        conversion_.type = target.type;
        const Converted cell = convert_text(incoming.capture(i), conversion_, batch);
        if (!cell) {
            return fail(ErrorCode::invalid, "capture for column {}: {}", target.name, cell.error());
        }
        batch.open_cells()[captures[i]] = *cell;
    }
    return {};
}

Result<void> InferredTable::set_fields(const JsonDocument& document, RowBatch& batch) {
    for (const Leaf& leaf : leaves_) {
        const Converted cell = convert(document, leaf, batch);
        if (!cell) {
            return fail(ErrorCode::invalid, "{}: {} ({})", label_of(leaf.field), cell.error(),
                    explain_type(column(leaf.column)));
        }
        batch.open_cells()[leaf.column] = *cell;
    }
    return {};
}

std::string InferredTable::explain_type(const Column& column) const {
    if (const Refusal* refusal = refusal_of(column.name)) {
        return refusal->reason;
    }
    return fmt::format(
            "column {} became {} with an earlier reading; declare the route's columns to choose "
            "another type",
            column.name, name_of(column.type));
}

Converted InferredTable::convert(const JsonDocument& document, const Leaf& leaf, RowBatch& batch) {
    const Column& target = column(leaf.column);
    conversion_.type = target.type;
    if (needs_widening(document.node(leaf.value), target.type) &&
            refusal_of(target.name) == nullptr) {
        conversion_.type = ColumnType::real;
        widened_.push_back(leaf.column);
    }
    return convert_json(document, leaf.value, conversion_, batch);
}

void InferredTable::claim_columns() {
    for (const Leaf& leaf : leaves_) {
        Field& field = fields_[leaf.field];
        if (field.column == leaf.column) continue;
        field.column = leaf.column;
        Column& target = table_->columns[leaf.column];
        if (target.field.empty()) {
            target.field = path_of(leaf.field);
            ++table_->version;
        }
    }
}

void InferredTable::commit() {
    std::ranges::move(new_columns_, std::back_inserter(table_->columns));
    new_columns_.clear();
    for (const std::uint32_t index : widened_) {
        table_->columns[index].type = ColumnType::real;
    }
    ++table_->version;
}

}  // namespace foz::mapping
