// Lowering: where values lie. Inputs, constants, what is joined or carried, and what is made anew.

#include <algorithm>
#include <cstring>
#include <numeric>

#include "lowering.hpp"

namespace chainrule {

std::vector<Count> Lowering::sizes_of(int value) const {
    std::vector<Count> sizes;
    for (Count size : program_.values[value].shape) {
        sizes.push_back(size_of(size));
    }
    return sizes;
}

// The place of the rows among the axes; -1 where there are none, -2 where several axes are rows.
int Lowering::rows_axis_of(int value) const {
    int found = -1;
    const Shape& shape = program_.values[value].shape;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape[axis] == rows_size) {
            found = found == -1 ? static_cast<int>(axis) : -2;
        }
    }
    return found;
}

// The axes of a new value from the slowest to the fastest.
std::vector<int> Lowering::axis_order(int value) const {
    std::vector<int> order(program_.values[value].shape.size());
    std::iota(order.begin(), order.end(), 0);
    const int rows = rows_axis_of(value);
    if (rows >= 0) {
        order.erase(order.begin() + rows);
        order.insert(choices_.rows_fast ? order.end() : order.begin(), rows);
    }
    return order;
}

std::vector<Axis> Lowering::fresh_axes(int value) const {
    const std::vector<Count> sizes = sizes_of(value);
    const std::vector<int> order = axis_order(value);
    const int rows = rows_axis_of(value);
    std::vector<Axis> axes(sizes.size());
    Count stride = 1;
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
        axes[*axis] = {sizes[*axis], stride};
        stride *= choices_.rows_fast && *axis == rows ? padded_rows_ : sizes[*axis];
    }
    return axes;
}

std::size_t Lowering::item_of(int value) const {
    return program_.item_of(program_.values[value].kind);
}

Count Lowering::bytes_of(int value) const {
    const std::vector<Count> sizes = sizes_of(value);
    const int rows = rows_axis_of(value);
    Count elements = 1;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
        const bool padded = choices_.rows_fast && static_cast<int>(axis) == rows;
        elements *= padded ? padded_rows_ : sizes[axis];
    }
    return elements * static_cast<Count>(item_of(value));
}

int Lowering::arena_of(int value) const {
    if (stage_[value] != 1) {
        return shared;
    }
    const bool summed = program_.values[value].mark == Mark::sum && !program_.coupled();
    return summed ? sums : tile;
}

MemoryPlan& Lowering::memory_of(int arena) {
    return arena == tile ? tile_memory_ : arena == sums ? sums_memory_ : shared_memory_;
}

const View& Lowering::make(int value) {
    if (made_[value]) {
        return views_[value];
    }
    made_[value] = true;
    View& view = views_[value];
    if (put_back_[value] >= 0) {
        view = place_in_windows(program_.equations[static_cast<std::size_t>(put_back_[value])]);
        return view;
    }
    view.axes = fresh_axes(value);
    const Part part = part_of_[value];
    if (carried_target_[value] >= 0) {
        view.place = views_[carried_target_[value]].place;
    } else if (part.join >= 0) {
        const View& join = make(part.join);
        const std::size_t axis = static_cast<std::size_t>(part.axis);
        if (part.rows) {
            view.axes = join.axes;
            view.axes[axis].size = size_of(program_.values[value].shape[axis]);
        }
        view.place = join.place;
        view.place.offset +=
            part.start * join.axes[axis].stride * static_cast<Count>(item_of(value));
    } else {
        view.place.arena = arena_of(value);
        const Equation* maker = maker_[value] < 0 ? nullptr : &program_.equations[maker_[value]];
        if (maker != nullptr && maker->word == Word::concatenate) {
            // Parts that are sums over rows are added up where they will be read.
            for (int one : maker->inputs) {
                const bool sum = part_of_[root_[one]].join == value && arena_of(root_[one]) == sums;
                view.place.arena = sum ? static_cast<int>(sums) : view.place.arena;
            }
        }
        bytes_taken_[value] = bytes_of(value);
        view.place.offset = memory_of(view.place.arena).take(bytes_taken_[value]);
    }
    if (arena_of(value) == sums) {
        const Count elements = bytes_of(value) / static_cast<Count>(item_of(value));
        plan_.sum_regions.push_back({view.place.offset, elements, program_.values[value].kind});
    }
    return view;
}

View Lowering::temporary_like(const std::vector<Axis>& axes, int arena, std::size_t item) {
    View view;
    view.axes = axes;
    Count last = 0;
    for (const Axis& axis : axes) {
        last += std::max<Count>(axis.size - 1, 0) * axis.stride;
    }
    // A row of a tile is padded, so that its end can be written in whole vectors.
    const Count bytes = (last + 1) * static_cast<Count>(item) + alignment;
    view.place = {arena, memory_of(arena).take(bytes)};
    temporaries_.push_back({arena, view.place.offset, bytes});
    return view;
}

View Lowering::temporary(int value, std::size_t item) {
    return temporary_like(fresh_axes(value), working_arena(), item);
}

InputLayout layout_of_inputs(const Program& program) {
    InputLayout layout;
    for (std::size_t value = 0; value < program.roles.size(); ++value) {
        const Value& one = program.values[value];
        layout.offsets.push_back(0);
        if (program.roles[value] == Role::rows || one.single()) {
            continue;
        }
        const bool is_carried = program.roles[value] == Role::carried;
        Count& bytes = is_carried ? layout.carried_bytes : layout.fixed_bytes;
        layout.offsets[value] = bytes;
        const Count taken = elements_of(one.shape) * static_cast<Count>(program.item_of(one.kind));
        bytes += std::max(aligned(taken), alignment);
    }
    return layout;
}

void Lowering::place_inputs() {
    const InputLayout layout = layout_of_inputs(program_);
    int rows_input = 0;
    for (int value = 0; value < program_.input_count(); ++value) {
        InputPlace input;
        const Role role = program_.roles[value];
        made_[value] = true;
        if (single(value)) {
            input.single = true;
            input.slot = slot_of(value);
            plan_.inputs.push_back(input);
            rows_input += role == Role::rows ? 1 : 0;
            continue;
        }
        const int rows = rows_axis_of(value);
        if (role == Role::rows) {
            input.view.place = {first_rows + rows_input++, 0};
        } else {
            input.view.place = {role == Role::carried ? carried : fixed_inputs,
                                layout.offsets[static_cast<std::size_t>(value)]};
        }
        input.transposed = choices_.rows_fast && rows == 0;
        const std::vector<Count> sizes = sizes_of(value);
        for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
            input.view.axes.push_back({sizes[axis], 1});
            input.width *= axis > 0 ? sizes[axis] : 1;
        }
        input.view.axes =
            input.transposed ? fresh_axes(value) : side_by_side(std::move(input.view.axes));
        views_[value] = input.view;
        plan_.inputs.push_back(input);
    }
    plan_.arena_bytes[carried] = layout.carried_bytes;
    plan_.arena_bytes[fixed_inputs] = layout.fixed_bytes;
}

void Lowering::place_constants() {
    std::vector<char>& bytes = plan_.constant_bytes;
    for (std::size_t number = 0; number < program_.values.size(); ++number) {
        const Value& value = program_.values[number];
        if (!value.constant) {
            continue;
        }
        const int at = static_cast<int>(number);
        made_[number] = true;
        if (value.single()) {
            const Slot slot = slot_of(at);
            if (value.kind == Kind::real) {
                std::memcpy(&plan_.slots[slot.number], &value.reals[0], sizeof(double));
            } else {
                std::memcpy(&plan_.slots[slot.number], &value.integers[0], sizeof(std::int64_t));
            }
            continue;
        }
        const std::vector<Count> sizes = sizes_of(at);
        views_[number].place = {constants, static_cast<Count>(bytes.size())};
        Count elements = 1;
        for (Count size : sizes) {
            views_[number].axes.push_back({size, 1});
            elements *= size;
        }
        views_[number].axes = side_by_side(std::move(views_[number].axes));
        const std::size_t start = bytes.size();
        bytes.resize(
            static_cast<std::size_t>(aligned(static_cast<Count>(start + elements * item_of(at)))));
        char* to = bytes.data() + start;
        for (Count place = 0; place < elements; ++place) {
            if (value.kind == Kind::integer) {
                std::memcpy(to + 8 * place, &value.integers[place], 8);
                continue;
            }
            const double number_here = value.kind == Kind::real
                                           ? value.reals[place]
                                           : static_cast<double>(value.integers[place]);
            if (program_.wide) {
                std::memcpy(to + 8 * place, &number_here, 8);
            } else {
                const float narrow = static_cast<float>(number_here);
                std::memcpy(to + 4 * place, &narrow, 4);
            }
        }
    }
}

std::vector<int> reader_counts(const Program& program) {
    std::vector<int> readers(program.values.size(), 0);
    for (const Equation& equation : program.equations) {
        for (int value : equation.inputs) {
            ++readers[value];
        }
    }
    for (int value : program.outputs) {
        ++readers[value];
    }
    return readers;
}

// Whether a part of a join of rows is made by a word that can write it where the join will lie.
bool Lowering::lies_in_rows_of_join(int part, const Equation& join) const {
    const int rows = rows_axis_of(join.output);
    const int maker = maker_[part];
    if (rows < 0 || rows == join.numbers[0] || rows_axis_of(part) != rows || maker < 0 ||
        root_[part] != part || stage_[part] != stage_[join.output] || part_of_[part].join >= 0 ||
        std::count(join.inputs.begin(), join.inputs.end(), part) != 1 ||
        program_.values[part].kind != program_.values[join.output].kind || whole_number(part)) {
        return false;
    }
    return is_written_along(part, fresh_axes(join.output));
}

// Whether the word that makes a value can write it along these axes, which are not its own: what a
// chain writes innermost has to lie side by side.
bool Lowering::is_written_along(int value, const std::vector<Axis>& axes) const {
    const Equation& made_by = program_.equations[static_cast<std::size_t>(maker_[value])];
    if (made_by.word == Word::concatenate ||
        (made_by.word == Word::matmul && program_.values[value].shape.size() == 2)) {
        return true;
    }
    const std::vector<int> order = axis_order(value);
    const std::vector<Count> sizes = sizes_of(value);
    const int rows = choices_.rows_fast ? rows_axis_of(value) : -1;
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
        const std::size_t at = static_cast<std::size_t>(*axis);
        if (sizes[at] > 1 || *axis == rows) {
            return is_chained(program_, made_by) && axes[at].stride == 1;
        }
    }
    return is_chained(program_, made_by);
}

// A part of a join is made where the join will lie: along the first axis if nothing else reads it,
// among rows by the words that can.
void Lowering::place_parts_of_joins() {
    const std::vector<int> readers = reader_counts(program_);
    for (const Equation& equation : program_.equations) {
        if (equation.word != Word::concatenate) {
            continue;
        }
        const std::size_t axis = static_cast<std::size_t>(equation.numbers[0]);
        const bool of_rows = rows_axis_of(equation.output) != -1;
        Count start = 0;
        for (int part : equation.inputs) {
            const Count size = sizes_of(part)[axis];
            if (of_rows && lies_in_rows_of_join(part, equation)) {
                part_of_[part] = {equation.output, start, static_cast<int>(axis), true};
            }
            if (of_rows || axis != 0) {
                start += size;
                continue;
            }
            int source = part;
            bool alone = readers[source] == 1;
            while (alone && maker_[source] >= 0 &&
                   program_.equations[maker_[source]].word == Word::reshape) {
                source = program_.equations[maker_[source]].inputs[0];
                alone = readers[source] == 1;
            }
            const bool made_here = maker_[source] >= 0 && !single(source) &&
                                   root_[source] == source && rows_axis_of(source) == -1 &&
                                   program_.equations[maker_[source]].word != Word::concatenate;
            if (alone && made_here && part_of_[source].join < 0 &&
                whole_number(source) == whole_number(equation.output)) {
                part_of_[source] = {equation.output, start};
            }
            start += size;
        }
    }
}

// A carried value that a chain makes last of all is written over the one that it replaces. Within a
// chain that rests on its order: no word is done after a write that stands behind it.
void Lowering::place_carried() {
    std::vector<int> position_of(program_.equations.size(), 0);
    int position = 0;
    for (int stage = 0; stage < 3; ++stage) {
        for (const Group& group : schedule_.stages[stage]) {
            for (int place : group.equations) {
                position_of[place] = position;
            }
            ++position;
        }
    }
    for (int input = 0; input < program_.input_count(); ++input) {
        if (program_.roles[input] != Role::carried || single(input)) {
            continue;
        }
        const int value = program_.outputs[input];
        const bool chained = maker_[value] >= 0 && stage_[value] == 2 &&
                             is_chained(program_, program_.equations[maker_[value]]);
        bool possible = chained && part_of_[value].join < 0 && carried_target_[value] < 0 &&
                        program_.values[value].shape == program_.values[input].shape &&
                        program_.values[value].kind == program_.values[input].kind;
        for (std::size_t place = 0; possible && place < program_.equations.size(); ++place) {
            for (int read : program_.equations[place].inputs) {
                if (root_[read] != input) {
                    continue;
                }
                const bool before = position_of[place] < position_of[maker_[value]];
                // Inside the chain, what reads it element by element must not come after.
                const bool beside = position_of[place] == position_of[maker_[value]] &&
                                    read == input && static_cast<int>(place) <= maker_[value];
                possible = possible && (before || beside);
            }
        }
        for (int output : program_.outputs) {
            possible = possible && root_[output] != input;
        }
        if (possible) {
            carried_target_[value] = input;
        }
    }
}

}  // namespace chainrule
