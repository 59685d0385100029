// Lowering of windows, which look at memory in another way, and of what is put back from them; of
// random numbers.

#include <algorithm>

#include "lowering.hpp"
#include "rewriting.hpp"

namespace chainrule {

namespace {

// What a window slides by: the lists of its settings.
struct Window {
    std::size_t axes;
    const Count* strides;
    const Count* gaps;

    explicit Window(const Equation& equation)
        : axes(equation.numbers.size() / 3),
          strides(equation.numbers.data() + axes),
          gaps(equation.numbers.data() + 2 * axes) {}
};

// The windows of an array; `shape` is that of what they are together: front, steps, window.
View windows_of(const View& whole, const Window& window, const std::vector<Count>& shape) {
    View view{whole.place, {}};
    const std::size_t front = whole.axes.size() - window.axes;
    view.axes.assign(whole.axes.begin(), whole.axes.begin() + static_cast<Count>(front));
    for (std::size_t axis = 0; axis < window.axes; ++axis) {
        const Count own = whole.axes[front + axis].stride;
        view.axes.push_back({shape[front + axis], own * window.strides[axis]});
    }
    for (std::size_t axis = 0; axis < window.axes; ++axis) {
        const Count own = whole.axes[front + axis].stride;
        view.axes.push_back({shape[front + window.axes + axis], own * window.gaps[axis]});
    }
    return view;
}

}  // namespace

void Lowering::lower_windows(const Equation& equation) {
    const int output = equation.output;
    made_[output] = true;
    views_[output] = windows_of(views_[equation.inputs[0]], Window(equation), sizes_of(output));
}

// Windows that do not meet and that a chain makes, for this alone, are made where they belong.
void Lowering::find_put_back() {
    const std::vector<int> readers = reader_counts(program_);
    for (std::size_t place = 0; place < program_.equations.size(); ++place) {
        const Equation& equation = program_.equations[place];
        if (equation.word == Word::overlap_add && readers[equation.inputs[0]] == 1 &&
            put_back_in_place(equation)) {
            put_back_[equation.inputs[0]] = static_cast<int>(place);
        }
    }
}

bool Lowering::put_back_in_place(const Equation& equation) const {
    const int input = equation.inputs[0];
    const Window window(equation);
    const std::vector<Count> sizes = sizes_of(input);
    bool apart = choices_.rows_fast && rows_axis_of(input) >= 0 && maker_[input] >= 0 &&
                 stage_[input] == stage_[equation.output] &&
                 (is_chained(program_, program_.equations[maker_[input]]) ||
                  program_.equations[maker_[input]].word == share_of_largest);
    for (std::size_t axis = 0; axis < window.axes; ++axis) {
        const Count size = sizes[sizes.size() - window.axes + axis];
        apart = apart && window.gaps[axis] == 1 && window.strides[axis] >= size;
    }
    return apart;
}

// The windows of what will be put back, with zeros where no window lies.
View Lowering::place_in_windows(const Equation& equation) {
    const View whole = make(equation.output);
    const Window window(equation);
    const std::vector<Count> sizes = sizes_of(equation.inputs[0]);
    bool covered = true;
    for (std::size_t axis = 0; axis < window.axes; ++axis) {
        const std::size_t at = whole.axes.size() - window.axes + axis;
        const Count steps = sizes[at];
        covered = covered && steps * sizes[at + window.axes] == whole.axes[at].size;
    }
    if (!covered) {
        clear(whole.place, bytes_of(equation.output));
    }
    return windows_of(whole, window, sizes);
}

void Lowering::lower_overlap_add(const Equation& equation) {
    const int input = equation.inputs[0];
    const View whole = make(equation.output);
    if (put_back_[input] >= 0) {
        return;
    }
    clear(whole.place, bytes_of(equation.output));
    const View from = views_[input];
    const View to = windows_of(whole, Window(equation), sizes_of(input));
    PuttingBack made;
    made.from = from.place;
    made.to = to.place;
    made.kind = program_.values[input].kind;
    double elements = 1.0;
    for (int axis : axis_order(input)) {
        const std::size_t at = static_cast<std::size_t>(axis);
        made.sizes.push_back(from.axes[at].size);
        made.from_strides.push_back(from.axes[at].stride);
        made.to_strides.push_back(to.axes[at].stride);
        elements *= static_cast<double>(from.axes[at].size);
    }
    join_axes(made.sizes, {&made.from_strides, &made.to_strides});
    plan_.puttings_back.push_back(made);
    add(Action::put_back, plan_.puttings_back.size() - 1, 10.0 + 0.3 * elements);
}

// Where the numbers lie that belong together, in what is read and in what is made.
void Lowering::set_together(Largest& made, const Equation& equation) const {
    std::vector<Count> sizes, strides, to_strides;
    for (Count axis : equation.numbers) {
        const std::size_t at = static_cast<std::size_t>(axis);
        const Axis& to = views_[equation.output].axes[at];
        sizes.push_back(to.size);
        strides.push_back(views_[equation.inputs[0]].axes[at].stride);
        to_strides.push_back(to.stride);
    }
    made.offsets = offsets_over(sizes, strides);
    made.to_offsets = offsets_over(sizes, to_strides);
}

// The loop goes over all other axes. The innermost one is that of the lanes, where every operand
// lies so.
void Lowering::set_loop(Largest& made, const Equation& equation) const {
    const int values[4] = {equation.inputs[0], equation.inputs[1], equation.inputs[2],
                           equation.output};
    const int rows = rows_axis_of(equation.output);
    for (int axis : axis_order(equation.output)) {
        if (std::count(equation.numbers.begin(), equation.numbers.end(), axis) > 0) {
            continue;
        }
        const std::size_t at = static_cast<std::size_t>(axis);
        const bool padded = choices_.rows_fast && axis == rows;
        made.sizes.push_back(padded ? padded_rows_ : views_[equation.output].axes[at].size);
        for (int operand = 0; operand < 4; ++operand) {
            const Axis& one = views_[values[operand]].axes[at];
            made.strides[operand].push_back(one.size == 1 ? 0 : one.stride);
        }
    }
    join_axes(made.sizes, {&made.strides[0], &made.strides[1], &made.strides[2], &made.strides[3]});
    const bool straight =
        std::all_of(std::begin(made.strides), std::end(made.strides),
                    [](const std::vector<Count>& strides) { return strides.back() == 1; });
    if (straight) {
        made.lanes = made.sizes.back();
        made.sizes.back() = 1;
        join_axes(made.sizes,
                  {&made.strides[0], &made.strides[1], &made.strides[2], &made.strides[3]});
    }
}

void Lowering::lower_largest(const Equation& equation) {
    make(equation.output);
    Largest made;
    set_together(made, equation);
    set_loop(made, equation);
    made.places[0] = views_[equation.inputs[0]].place;
    made.places[1] = views_[equation.inputs[1]].place;
    made.places[2] = views_[equation.inputs[2]].place;
    made.places[3] = views_[equation.output].place;
    double elements = static_cast<double>(made.lanes) * static_cast<double>(made.offsets.size());
    for (Count size : made.sizes) {
        elements *= static_cast<double>(size);
    }
    if (elements > 0.0) {
        plan_.largests.push_back(made);
        add(Action::largest, plan_.largests.size() - 1, 10.0 + 0.6 * elements);
    }
}

void Lowering::lower_random(const Equation& equation) {
    const int output = equation.output;
    Drawing made;
    made.seed = slot_of(equation.inputs[0]);
    made.step = slot_of(equation.inputs[1]);
    made.purpose = static_cast<std::uint32_t>(equation.numbers[0]);
    double elements = 1.0;
    if (single(output)) {
        made.slot = slot_of(output);
    } else {
        const View& view = make(output);
        const Shape& shape = program_.values[output].shape;
        made.to = view.place;
        made.element_strides.resize(shape.size());
        Count stride = 1;
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            made.element_strides[axis] = stride;
            made.row_elements = shape[axis] == rows_size ? stride : made.row_elements;
            stride *= shape[axis] == rows_size ? choices_.all_rows : shape[axis];
        }
        for (const Axis& axis : view.axes) {
            made.sizes.push_back(axis.size);
            made.to_strides.push_back(axis.stride);
            elements *= static_cast<double>(axis.size);
        }
        join_axes(made.sizes, {&made.element_strides, &made.to_strides});
    }
    plan_.drawings.push_back(made);
    add(Action::draw, plan_.drawings.size() - 1, 20.0 + 3.0 * elements);
}

}  // namespace chainrule
