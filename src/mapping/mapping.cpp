// SPDX-License-Identifier: Apache-2.0
#include "mapping/mapping.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "config/spelling.h"
#include "mapping/column_compiler.h"
#include "mapping/column_name.h"
#include "mapping/declared_route.h"
#include "mapping/incoming_message.h"
#include "mapping/inferred_route.h"
#include "mapping/route_matcher.h"

namespace foz::mapping {
namespace {

/// Of a column that the table is known to have.
std::size_t place_of(const Table& table, std::string_view column) {
    const auto index = table.index_of(column);
    FOZ_CHECK(index.has_value());
    return *index;
}

/// A table with what only compile() and inference need to know of it.
struct KnownTable {
    config::Place place;  // of the route that was the first to name it
    std::string route;
    std::unique_ptr<InferredTable> inferred;  // if it is
};

using CompiledRoute = std::variant<DeclaredRoute, InferredRoute>;

template <class... Args>
std::unexpected<Error> refuse(
        const config::Place& place, fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::invalid, "{}{}", prefix_of(place),
            fmt::format(format, std::forward<Args>(args)...));
}

Result<void> check_table_name(const config::Route& route) {
    const std::string& name = route.table;
    const std::size_t point = name.find('.');
    const std::string_view schema =
            std::string_view(name).substr(0, point == std::string::npos ? 0 : point);
    const std::string_view table =
            std::string_view(name).substr(point == std::string::npos ? 0 : point + 1);
    if (table.empty() || point == 0)
        return refuse(route.place, "\"{}\" is not a table's name", name);
    if (table.find('.') != std::string_view::npos || name.find('\0') != std::string::npos) {
        return refuse(
                route.place, "\"{}\" is not a table's name; it is TABLE or SCHEMA.TABLE", name);
    }
    if (table.size() > kNameBytesMax || schema.size() > kNameBytesMax) {
        return refuse(
                route.place, "the name of table \"{}\" has over {} bytes", name, kNameBytesMax);
    }
    if (same_name(table.substr(0, 4), "foz_")) {
        return refuse(route.place, "table \"{}\": names that start with foz_ are foz's own", name);
    }
    return {};
}

/// "(temp double, dh timestamp)"
std::string description_of(const Table& table) {
    if (table.inferred) {
        return fmt::format("columns that follow the payload{}",
                table.replaces ? " and on_duplicate = \"replace\"" : "");
    }
    std::string text;
    for (const Column& column : table.columns) {
        text += fmt::format(
                "{}{} {}", text.empty() ? "(" : ", ", column.name, name_of(column.type));
    }
    text += ")";
    if (!table.key.empty()) text += fmt::format(" and key ({})", fmt::join(table.key, ", "));
    if (table.replaces) text += " and on_duplicate = \"replace\"";
    return text;
}

bool fills_the_same_columns(const Table& a, const Table& b) {
    const auto is_in_b = [&](const Column& column) {
        const auto index = b.index_of(column.name);
        return index && b.columns[*index].type == column.type;
    };
    return !a.inferred && !b.inferred && a.columns.size() == b.columns.size() &&
           std::ranges::all_of(a.columns, is_in_b) && a.key == b.key && a.replaces == b.replaces;
}

Result<void> check_key(const config::Route& route, const Table& table) {
    for (const std::string& name : route.key) {
        if (table.index_of(name)) continue;
        std::vector<std::string_view> known;
        known.reserve(table.columns.size());
        for (const Column& column : table.columns) {
            known.emplace_back(column.name);
        }
        return refuse(route.place, "key names column \"{}\", which {}; {}", name,
                table.inferred ? "a table without declared columns has not from the start"
                               : "the route does not have",
                config::hint_for(name, known));
    }
    return {};
}

/// A name for each route of the configuration; the ones that people gave must differ.
Result<std::vector<std::string>> names_of(const std::vector<config::Route>& routes) {
    std::vector<std::string> names;
    for (const config::Route& route : routes) {
        const bool given = !route.name.empty();
        std::string name = given ? route.name : fmt::format("{} -> {}", route.topic, route.table);
        const std::string stem = name;
        for (int number = 2; std::ranges::find(names, name) != names.end(); ++number) {
            if (given) return refuse(route.place, "another route is called \"{}\" too", name);
            name = fmt::format("{} ({})", stem, number);
        }
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace

struct Mapping::State {
    std::vector<RouteInfo> infos;
    std::vector<std::unique_ptr<Table>> tables;
    std::vector<KnownTable> known_tables;  // one for each of `tables`
    std::vector<CompiledRoute> routes;     // one for each of `infos`
    RouteMatcher matcher;
    IncomingMessage incoming;
    std::uint64_t deletes = 0;
    RowBatch constants;  // owns the texts of constants and defaults

    Result<void> add_route(const config::Route& route, const std::string& name);
    Result<std::size_t> add_declared(const config::Route& route, const TopicPattern& topic);
    Result<std::size_t> add_inferred(const config::Route& route, const TopicPattern& topic);
    std::optional<std::size_t> find_table(std::string_view name) const;
    std::size_t add_table(Table table, const config::Route& route);
    Result<std::size_t> share_table(Table table, const config::Route& route);
};

std::optional<std::size_t> Mapping::State::find_table(std::string_view name) const {
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (tables[i]->name == name) return i;
    }
    return std::nullopt;
}

std::size_t Mapping::State::add_table(Table table, const config::Route& route) {
    tables.push_back(std::make_unique<Table>(std::move(table)));
    known_tables.push_back({route.place, route.topic, nullptr});
    return tables.size() - 1;
}

/// The number of the table that `route` wants; another route may have brought it already.
Result<std::size_t> Mapping::State::share_table(Table table, const config::Route& route) {
    const auto known = find_table(table.name);
    if (!known) return add_table(std::move(table), route);
    Table& first = *tables[*known];
    if (!fills_the_same_columns(table, first)) {
        const KnownTable& other = known_tables[*known];
        return refuse(route.place,
                "the route for \"{}\" fills table {} with {}, but the route for \"{}\"{} fills it "
                "with {}",
                route.topic, table.name, description_of(table), other.route,
                other.place.line == 0 ? ""
                                      : fmt::format(" ({}:{})", other.place.file, other.place.line),
                description_of(first));
    }
    for (const Column& column : table.columns) {
        Column& shared = first.columns[place_of(first, column.name)];
        shared.nullable = shared.nullable || column.nullable;
        shared.rounds = shared.rounds || column.rounds;
        shared.receipt = shared.receipt && column.receipt;
    }
    return *known;
}

Result<std::size_t> Mapping::State::add_declared(
        const config::Route& route, const TopicPattern& topic) {
    Table table;
    table.name = route.table;
    table.key = route.key;
    table.replaces = route.on_duplicate == config::OnDuplicate::replace;
    FieldPlan fields;
    std::vector<CompiledColumn> columns;
    for (const config::Column& configured : route.columns) {
        auto column = compile_column(configured, topic, fields, constants);
        if (!column) return pass_on(column);
        for (const CompiledColumn& other : columns) {
            if (same_name(other.name, column->name)) {
                return refuse(configured.place,
                        "columns \"{}\" and \"{}\" are the same to a database", other.name,
                        column->name);
            }
        }
        const bool in_key = std::ranges::find(route.key, column->name) != route.key.end();
        column->rejects_missing = column->rejects_missing || in_key;
        if (in_key && column->unfit_is_null) {
            return refuse(configured.place,
                    "column \"{}\" is in the key, which takes no NULL: take else = \"null\" out",
                    column->name);
        }
        table.columns.push_back({
            .name = column->name,
            .type = column->conversion.type,
            .nullable = !column->rejects_missing || column->unfit_is_null,
            .rounds = column->conversion.rounds,
            .receipt = tells_of_receipt(column->source),
        });
        columns.push_back(std::move(*column));
    }
    if (auto good = check_key(route, table); !good) return pass_on(good);
    auto index = share_table(std::move(table), route);
    if (!index) return index;
    for (CompiledColumn& column : columns) {
        column.cell = static_cast<std::uint32_t>(place_of(*tables[*index], column.name));
    }
    routes.emplace_back(std::in_place_type<DeclaredRoute>, std::move(columns), std::move(fields),
            ReadingSelector(route.rows, route.where));
    return index;
}

Result<std::size_t> Mapping::State::add_inferred(
        const config::Route& route, const TopicPattern& topic) {
    std::optional<std::size_t> index = find_table(route.table);
    if (!index) {
        Table table;
        table.name = route.table;
        table.key = route.key;
        table.replaces = route.on_duplicate == config::OnDuplicate::replace;
        table.inferred = true;
        table.columns.push_back({.name = "time",
            .type = ColumnType::timestamp,
            .nullable = false,
            .receipt = true});
        index = add_table(std::move(table), route);
        known_tables[*index].inferred = std::make_unique<InferredTable>(*tables[*index]);
    } else if (!tables[*index]->inferred || tables[*index]->key != route.key ||
               tables[*index]->replaces != (route.on_duplicate == config::OnDuplicate::replace)) {
        Table table;
        table.name = route.table;
        table.inferred = true;
        table.replaces = route.on_duplicate == config::OnDuplicate::replace;
        return share_table(std::move(table), route);  // which says what is wrong
    }
    InferredRoute compiled = {
        .table = known_tables[*index].inferred.get(),
        .captures = {},
        .selector = ReadingSelector(route.rows, route.where),
    };
    compiled.captures = compiled.table->add_route(topic.captures());
    if (auto good = check_key(route, *tables[*index]); !good) return pass_on(good);
    for (const std::string& name : route.key) {
        const std::size_t column = place_of(*tables[*index], name);
        if (column == 0 ||
                std::ranges::find(compiled.captures, column) != compiled.captures.end()) {
            continue;
        }
        return refuse(route.place,
                "key names column \"{}\", which the topic \"{}\" does not capture; capture it with "
                "{{{}}}, or give the route a table of its own",
                name, route.topic, name);
    }
    routes.emplace_back(std::move(compiled));
    return *index;
}

Result<void> Mapping::State::add_route(const config::Route& route, const std::string& name) {
    auto topic = TopicPattern::compile(route.topic);
    if (!topic) return refuse(route.place, "{}", topic.error().message);
    if (auto good = check_table_name(route); !good) return good;
    const auto table =
            route.columns.empty() ? add_inferred(route, *topic) : add_declared(route, *topic);
    if (!table) return std::unexpected(table.error());
    infos.push_back({name, route.topic, tables[*table].get()});
    matcher.add(std::move(*topic));
    return {};
}

Result<Mapping> Mapping::compile(const config::Settings& settings, std::string_view database) {
    const auto names = names_of(settings.routes);
    if (!names) return std::unexpected(names.error());
    auto state = std::make_unique<State>();
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        const config::Route& route = settings.routes[i];
        if (route.database != database) continue;
        if (auto added = state->add_route(route, (*names)[i]); !added) return pass_on(added);
    }
    return Mapping(std::move(state));
}

Mapping::Mapping(std::unique_ptr<State> state) : state_(std::move(state)) {}
Mapping::Mapping(Mapping&&) noexcept = default;
Mapping& Mapping::operator=(Mapping&&) noexcept = default;
Mapping::~Mapping() = default;

std::size_t Mapping::map(const mqtt::Message& message, std::uint64_t position, RowBatch& batch) {
    const RouteMatcher::Matches& matches = state_->matcher.find(message.topic);
    if (matches.routes.empty()) return 0;
    std::size_t taken = 0;
    bool is_no_reading = false;
    IncomingMessage& incoming = state_->incoming;
    incoming.begin(message);
    ItemWriter items(batch, position);
    for (const RouteMatcher::Match& match : matches.routes) {
        const auto reads = [](const auto& route) { return route.reads_payload(); };
        if (incoming.is_delete() && std::visit(reads, state_->routes[match.route])) {
            is_no_reading = true;
            ++taken;
            continue;
        }
        incoming.set_captured(std::span(matches.captured).subspan(match.first_capture));
        items.begin_route(match.route);
        const bool takes = std::visit([&](auto& route) { return route.add_rows(incoming, items); },
                state_->routes[match.route]);
        taken += takes ? 1 : 0;
        items.end_route();
    }
    state_->deletes += is_no_reading ? 1 : 0;
    return taken;
}

void Mapping::remark_at_once() {
    for (auto& route : state_->routes) {
        if (auto* declared = std::get_if<DeclaredRoute>(&route)) {
            declared->remark_at_once();
        }
    }
}

std::vector<std::string> Mapping::take_remarks() {
    std::vector<std::string> remarks;
    for (std::size_t i = 0; i < state_->routes.size(); ++i) {
        const std::size_t before = remarks.size();
        std::visit([&](auto& route) { route.take_remarks(remarks); }, state_->routes[i]);
        for (std::size_t remark = before; remark < remarks.size(); ++remark) {
            remarks[remark].insert(0, fmt::format("route {}: ", state_->infos[i].name));
        }
    }
    return remarks;
}

std::uint64_t Mapping::deletes() const {
    return state_->deletes;
}

std::vector<std::string> Mapping::route_names() const {
    std::vector<std::string> names;
    for (const RouteInfo& route : routes()) {
        names.push_back(route.name);
    }
    return names;
}

std::span<const RouteInfo> Mapping::routes() const {
    return state_->infos;
}

std::span<const std::unique_ptr<Table>> Mapping::tables() const {
    return state_->tables;
}

Result<bool> Mapping::adopt_columns(
        const Table& table, std::span<const Column> existing, std::span<const Refusal> refused) {
    for (const KnownTable& known : state_->known_tables) {
        if (known.inferred && &known.inferred->table() == &table) {
            return known.inferred->adopt(existing, refused);
        }
    }
    return false;
}

void Mapping::forget_refusals() {
    for (const KnownTable& known : state_->known_tables) {
        if (known.inferred) {
            known.inferred->forget_refusals();
        }
    }
}

}  // namespace foz::mapping
