// SPDX-License-Identifier: Apache-2.0
#include "mapping/column_compiler.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes.h"
#include "config/spelling.h"
#include "mapping/column_name.h"
#include "mapping/json_document.h"
#include "mapping/json_path.h"

namespace foz::mapping {
namespace {

using ConstantValue = std::variant<bool, std::int64_t, double, std::string>;

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

ColumnType type_of(const ConstantValue& value) {
    constexpr std::array kTypes = {
        ColumnType::boolean, ColumnType::integer, ColumnType::real, ColumnType::text};
    return kTypes[value.index()];
}

std::string text_of(const ConstantValue& value) {
    return std::visit(Overloaded{
                          [](bool truth) { return std::string(truth ? "true" : "false"); },
                          [](const std::string& text) { return text; },
                          [](auto number) { return fmt::format("{}", number); },
                      },
            value);
}

/// The errors of one column, each with its place.
class ColumnCompiler {
  public:
    ColumnCompiler(const config::Column& column, const TopicPattern& topic, RowBatch& constants)
        : column_(column), topic_(topic), constants_(constants) {}

    Result<CompiledColumn> compile(FieldPlan& fields) {
        compiled_.name = column_.name;
        compiled_.rejects_missing = column_.missing == config::Missing::reject;
        compiled_.unfit_is_null = column_.unfit == config::Unfit::null;
        if (auto good = check_name(); !good) return pass_on(good);
        auto source = std::visit(
                [&](const auto& each) { return set_source(each, fields); }, column_.source);
        if (!source) return pass_on(source);
        if (auto good = set_type(); !good) return pass_on(good);
        if (auto good = set_times(); !good) return pass_on(good);
        if (auto good = set_value(); !good) return pass_on(good);
        return std::move(compiled_);
    }

  private:
    template <class... Args>
    std::unexpected<Error> refuse(fmt::format_string<Args...> format, Args&&... args) const {
        return fail(ErrorCode::invalid, "{}column \"{}\": {}", prefix_of(column_.place),
                column_.name, fmt::format(format, std::forward<Args>(args)...));
    }

    Result<void> check_name() const {
        if (column_.name.empty()) return refuse("the name is empty");
        if (column_.name.size() > kNameBytesMax) {
            return refuse("the name has over {} bytes, which databases do not take", kNameBytesMax);
        }
        if (column_.name.find('\0') != std::string::npos) return refuse("the name holds U+0000");
        if (is_reserved_column(column_.name))
            return refuse("PostgreSQL keeps this name for itself");
        return {};
    }

    Result<void> set_source(const config::FieldSource& field, FieldPlan& fields) {
        compiled_.source = CellSource::field;
        compiled_.source_index = fields.add(field.path);
        compiled_.label = field.path.empty() ? "the reading"
                                             : fmt::format("field \"{}\"", path_text(field.path));
        compiled_.path = field.path;
        // What only a time can have says that the field is one.
        const bool is_time = column_.unit || column_.format || column_.zone != "UTC";
        natural_type_ = is_time ? ColumnType::timestamp : ColumnType::real;
        if (field.path.empty() && !is_time) natural_type_ = ColumnType::json;
        return {};
    }

    Result<void> set_source(const config::CaptureSource& capture, FieldPlan&) {
        const auto& names = topic_.captures();
        const auto found = std::ranges::find(names, capture.name);
        if (found == names.end()) {
            if (names.empty())
                return refuse("the route's topic captures nothing called {{{}}}", capture.name);
            const std::vector<std::string_view> known(names.begin(), names.end());
            return refuse("the route's topic captures nothing called {{{}}}; {}", capture.name,
                    config::hint_for(capture.name, known));
        }
        compiled_.source = CellSource::capture;
        compiled_.source_index = static_cast<std::uint32_t>(found - names.begin());
        compiled_.label = fmt::format("capture {{{}}}", capture.name);
        natural_type_ = ColumnType::text;
        return {};
    }

    Result<void> set_source(const config::MessageSource& part, FieldPlan&) {
        using enum config::MessagePart;
        struct Row {
            config::MessagePart part;
            CellSource source;
            ColumnType type;
            std::string_view label;
        };
        static constexpr std::array<Row, 7> kParts = {{
            {topic, CellSource::topic, ColumnType::text, "the topic"},
            {client_id, CellSource::client_id, ColumnType::text, "the client id"},
            {received, CellSource::received, ColumnType::timestamp, "the time of receipt"},
            {payload, CellSource::payload, ColumnType::json, "the payload"},
            {qos, CellSource::qos, ColumnType::integer, "the QoS"},
            {retain, CellSource::retain, ColumnType::boolean, "the retain flag"},
            {user, CellSource::user, ColumnType::text, "the user name"},
        }};
        const Row& row = *std::ranges::find(kParts, part.part, &Row::part);
        compiled_.source = row.source;
        compiled_.label = row.label;
        natural_type_ = row.type;
        return {};
    }

    Result<void> set_source(const config::ConstantSource& constant, FieldPlan&) {
        compiled_.source = CellSource::constant;
        compiled_.label = "the constant";
        natural_type_ = type_of(constant.value);
        return {};
    }

    Result<void> set_type() {
        ColumnType type = natural_type_;
        if (column_.type) {
            const auto known = column_type_from(*column_.type);
            if (!known) {
                return refuse("unknown type \"{}\"; {}", *column_.type,
                        config::hint_for(*column_.type, column_type_names()));
            }
            type = *known;
        }
        if (compiled_.source == CellSource::received && type != ColumnType::timestamp) {
            return refuse("the time of receipt is a timestamp and nothing else");
        }
        const bool is_json_source = compiled_.source == CellSource::field ||
                                    compiled_.source == CellSource::payload ||
                                    compiled_.source == CellSource::constant;
        if (type == ColumnType::json && !is_json_source)
            return refuse("{} is not JSON", compiled_.label);
        compiled_.conversion.type = type;
        compiled_.conversion.rounds = column_.round;
        compiled_.conversion.encoding = column_.encoding.value_or(
                compiled_.source == CellSource::field ? config::BytesEncoding::base64
                                                      : config::BytesEncoding::text);
        return {};
    }

    Result<void> set_times() {
        if (compiled_.conversion.type != ColumnType::timestamp) {
            if (column_.unit || column_.format || column_.zone != "UTC") {
                return refuse(
                        "zone, unit and format belong to a timestamp, and this column's type is {}",
                        name_of(compiled_.conversion.type));
            }
            return {};
        }
        auto times = TimestampReader::for_column(column_);
        if (!times) return refuse("{}", times.error().message);
        compiled_.conversion.times = std::move(*times);
        return {};
    }

    Result<void> set_value() {
        if (const auto* constant = std::get_if<config::ConstantSource>(&column_.source)) {
            return set_value_from(constant->value, "the constant");
        }
        if (column_.default_value) return set_value_from(*column_.default_value, "the default");
        return {};
    }

    Result<void> set_value_from(const ConstantValue& value, std::string_view what) {
        std::string text = text_of(value);
        const ColumnType type = compiled_.conversion.type;
        if (type == ColumnType::json) {
            const std::size_t size = text.size();
            text.resize(size + kReadablePadding);
            JsonDocument document;
            if (!document.parse(std::string_view(text).substr(0, size))) {
                return refuse("{} \"{}\" is not JSON", what, text.substr(0, size));
            }
            compiled_.value = Value::of_text(type, constants_.keep(document.node(0).raw));
            return {};
        }
        const Converted cell = convert_text(text, compiled_.conversion, constants_);
        if (!cell) {
            return refuse("{} does not fit its type {}: {}", what, name_of(type), cell.error());
        }
        compiled_.value = *cell;
        return {};
    }

    const config::Column& column_;
    const TopicPattern& topic_;
    RowBatch& constants_;
    CompiledColumn compiled_;
    ColumnType natural_type_ = ColumnType::text;
};

}  // namespace

std::string prefix_of(const config::Place& place) {
    if (place.line == 0) return {};
    return fmt::format("{}:{}: ", place.file, place.line);
}

Result<CompiledColumn> compile_column(const config::Column& column, const TopicPattern& topic,
        FieldPlan& fields, RowBatch& constants) {
    return ColumnCompiler(column, topic, constants).compile(fields);
}

}  // namespace foz::mapping
