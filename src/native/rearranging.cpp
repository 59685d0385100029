// Lowering of the words that move numbers: most of them only look at memory in another way.

#include <algorithm>

#include "lowering.hpp"

namespace chainrule {

namespace {

Count elements_of(const std::vector<Axis>& axes) {
    Count elements = 1;
    for (const Axis& axis : axes) {
        elements *= axis.size;
    }
    return elements;
}

// The axes of an array in another shape without moving a number; false where that cannot be.
// Axes of the two shapes are matched in groups of equal size; a group keeps its place in memory if
// its axes are walked as one.
bool reshaped_axes(const std::vector<Axis>& given, const std::vector<Count>& sizes,
                   std::vector<Axis>& result) {
    result.assign(sizes.size(), {1, 0});
    std::size_t from = 0;
    std::size_t to = 0;
    while (from < given.size() || to < sizes.size()) {
        if (from < given.size() && given[from].size == 1) {
            ++from;
            continue;
        }
        if (to < sizes.size() && sizes[to] == 1) {
            ++to;
            continue;
        }
        if (from == given.size() || to == sizes.size()) {
            return false;
        }
        std::size_t from_end = from + 1;
        std::size_t to_end = to + 1;
        Count left = given[from].size;
        Count right = sizes[to];
        while (left != right) {
            if (left < right) {
                if (from_end == given.size()) {
                    return false;
                }
                left *= given[from_end++].size;
            } else {
                if (to_end == sizes.size()) {
                    return false;
                }
                right *= sizes[to_end++];
            }
        }
        for (std::size_t axis = from; axis + 1 < from_end; ++axis) {
            if (given[axis].stride != given[axis + 1].stride * given[axis + 1].size) {
                return false;
            }
        }
        Count stride = given[from_end - 1].stride;
        for (std::size_t axis = to_end; axis-- > to;) {
            result[axis] = {sizes[axis], stride};
            stride *= sizes[axis];
        }
        from = from_end;
        to = to_end;
    }
    return true;
}

}  // namespace

void Lowering::copy(const View& from, const View& to, std::size_t item) {
    Copy made;
    made.item = item;
    made.from = from.place;
    made.to = to.place;
    for (std::size_t axis = 0; axis < to.axes.size(); ++axis) {
        made.sizes.push_back(to.axes[axis].size);
        made.from_strides.push_back(from.axes[axis].size == 1 ? 0 : from.axes[axis].stride);
        made.to_strides.push_back(to.axes[axis].stride);
    }
    join_axes(made.sizes, {&made.from_strides, &made.to_strides});
    const double work = 0.3 * static_cast<double>(elements_of(to.axes));
    plan_.copies.push_back(made);
    add(Action::copy, plan_.copies.size() - 1, work);
}

void Lowering::clear(const Place& place, Count bytes) {
    plan_.clearings.push_back({place, bytes});
    add(Action::clear, plan_.clearings.size() - 1, 5.0 + 0.05 * static_cast<double>(bytes));
}

void Lowering::convert(const View& from, const View& to, Action action) {
    Conversion made;
    made.from = from.place;
    made.to = to.place;
    for (std::size_t axis = 0; axis < to.axes.size(); ++axis) {
        made.sizes.push_back(to.axes[axis].size);
        made.from_strides.push_back(from.axes[axis].stride);
        made.to_strides.push_back(to.axes[axis].stride);
    }
    join_axes(made.sizes, {&made.from_strides, &made.to_strides});
    plan_.conversions.push_back(made);
    add(action, plan_.conversions.size() - 1, 0.5 * static_cast<double>(elements_of(to.axes)));
}

void Lowering::read_single(const Place& from, int value) {
    Conversion made;
    made.from = from;
    made.slot = slot_of(value);
    made.kind = program_.values[value].kind;
    plan_.conversions.push_back(made);
    add(Action::to_single, plan_.conversions.size() - 1, 2.0);
}

void Lowering::write_single(int value, const Place& to) {
    Conversion made;
    made.to = to;
    made.slot = slot_of(value);
    made.kind = program_.values[value].kind;
    plan_.conversions.push_back(made);
    add(Action::from_single, plan_.conversions.size() - 1, 2.0);
}

View Lowering::array_of(int value) {
    if (!single(value)) {
        return views_[value];
    }
    const View view = temporary_like({}, working_arena(), 8);
    write_single(value, view.place);
    return view;
}

View Lowering::real_view(int value) {
    const View from = array_of(value);
    if (!whole_number(value)) {
        return from;
    }
    const View to = temporary(value, program_.item());
    convert(from, to, Action::to_real);
    return to;
}

void Lowering::lower_reshape(const Equation& equation) {
    const int input = equation.inputs[0];
    const int output = equation.output;
    if (single(output)) {
        if (single(input)) {
            slots_[output] = slot_of(input);
            return;
        }
        read_single(views_[input].place, output);
        return;
    }
    made_[output] = true;
    const std::vector<Count> sizes = sizes_of(output);
    if (single(input)) {
        // One number that stays: its memory is not a temporary one.
        const int arena = working_arena();
        View& view = views_[output];
        view.place = {arena, memory_of(arena).take(alignment)};
        view.axes.assign(sizes.size(), {1, 1});
        write_single(input, view.place);
        return;
    }
    const View& given = views_[input];
    if (reshaped_axes(given.axes, sizes, views_[output].axes)) {
        views_[output].place = given.place;
        return;
    }
    // The numbers are written down in the order of the old shape, which is that of the new one;
    // rows stay the fastest axis where they are the first of both.
    const int arena = working_arena();
    View written;
    const bool fast = choices_.rows_fast && rows_axis_of(input) == 0 && rows_axis_of(output) == 0;
    written.axes = fast ? fresh_axes(input) : side_by_side(given.axes);
    const Count elements =
        fast ? bytes_of(input) / static_cast<Count>(item_of(input)) : elements_of(given.axes);
    const Count bytes = elements * static_cast<Count>(item_of(output));
    written.place = {arena, memory_of(arena).take(bytes)};
    copy(given, written, item_of(output));
    reshaped_axes(written.axes, sizes, views_[output].axes);
    views_[output].place = written.place;
}

void Lowering::lower_transpose(const Equation& equation) {
    const int output = equation.output;
    made_[output] = true;
    if (single(output)) {
        slots_[output] = slot_of(equation.inputs[0]);
        return;
    }
    const View given = views_[equation.inputs[0]];
    views_[output].place = given.place;
    for (Count axis : equation.numbers) {
        views_[output].axes.push_back(given.axes[static_cast<std::size_t>(axis)]);
    }
}

void Lowering::lower_slice(const Equation& equation) {
    const int output = equation.output;
    const std::size_t axis = static_cast<std::size_t>(equation.numbers[0]);
    made_[output] = true;
    View view = views_[equation.inputs[0]];
    const Count items = equation.numbers[1] * view.axes[axis].stride;
    view.place.offset += items * static_cast<Count>(item_of(output));
    view.axes[axis].size = size_of(program_.values[output].shape[axis]);
    views_[output] = view;
}

void Lowering::lower_pad(const Equation& equation) {
    const int input = equation.inputs[0];
    const int output = equation.output;
    const std::size_t axis = static_cast<std::size_t>(equation.numbers[0]);
    const View whole = make(output);
    clear(whole.place, bytes_of(output));
    View inside = whole;
    inside.axes[axis].size = views_[input].axes[axis].size;
    inside.place.offset +=
        equation.numbers[1] * whole.axes[axis].stride * static_cast<Count>(item_of(output));
    copy(views_[input], inside, item_of(output));
}

void Lowering::lower_concatenate(const Equation& equation) {
    const int output = equation.output;
    const std::size_t axis = static_cast<std::size_t>(equation.numbers[0]);
    const View whole = make(output);
    Count start = 0;
    for (int part : equation.inputs) {
        View inside = whole;
        const Count size = sizes_of(part)[axis];
        inside.axes[axis].size = size;
        inside.place.offset +=
            start * whole.axes[axis].stride * static_cast<Count>(item_of(output));
        start += size;
        const Part& placed = part_of_[root_[part]];
        if (placed.join == output && (!placed.rows || root_[part] == part)) {
            continue;
        }
        View given = views_[part];
        if (!whole_number(output)) {
            given = real_view(part);
        } else if (!whole_number(part)) {
            given = temporary(part, sizeof(std::int64_t));
            convert(views_[part], given, Action::to_integer);
        }
        if (size > 0) {
            copy(given, inside, item_of(output));
        }
    }
}

void Lowering::lower_indexing(const Equation& equation, Action action) {
    const int output = equation.output;
    const bool taking = action == Action::take;
    Indexing made;
    const View indices = array_of(equation.inputs[1]);
    made.item = item_of(output);
    made.kind = program_.values[output].kind;
    const View given = array_of(equation.inputs[0]);
    View result;
    if (single(output)) {
        result = temporary_like({}, working_arena(), 8);
    } else {
        result = make(output);
    }
    const View& small = taking ? result : given;
    const View& large = taking ? given : result;
    made.indices = indices.place;
    made.small = small.place;
    made.large = large.place;
    for (std::size_t axis = 0; axis < indices.axes.size(); ++axis) {
        made.sizes.push_back(indices.axes[axis].size);
        made.index_strides.push_back(indices.axes[axis].stride);
        made.small_strides.push_back(small.axes[axis].stride);
    }
    for (std::size_t axis = 1; axis < large.axes.size(); ++axis) {
        made.rest.push_back(large.axes[axis].size);
        made.rest_large.push_back(large.axes[axis].stride);
        made.rest_small.push_back(small.axes[indices.axes.size() + axis - 1].stride);
    }
    made.row = large.axes[0].stride;
    made.bound = large.axes[0].size;
    made.sums = arena_of(output) == sums;
    const double work = 2.0 * static_cast<double>(elements_of(small.axes)) + 10.0;
    plan_.indexings.push_back(made);
    add(action, plan_.indexings.size() - 1, work);
    if (single(output)) {
        read_single(result.place, output);
    }
}

}  // namespace chainrule
