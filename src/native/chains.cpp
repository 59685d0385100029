// Lowering of elementwise words: chains over one shape, single numbers, integers.

#include <algorithm>

#include "kernels.hpp"
#include "lowering.hpp"
#include "passes.hpp"

namespace chainrule {

namespace {

// Nanoseconds for each number, roughly: what the work is weighed by.
double cost_of(Word word) {
    switch (word) {
        case Word::exp:
        case Word::expm1:
        case Word::log:
        case Word::log1p:
        case Word::tanh:
        case Word::sigmoid:
            return 1.0;
        case Word::sin:
        case Word::cos:
        case Word::erf:
            return 3.0;
        case Word::power:
            return 10.0;
        case Word::divide:
        case Word::sqrt:
            return 0.3;
        default:
            return 0.1;
    }
}

std::string signature_of(const Chain& chain) {
    std::string text;
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        const ChainNode& node = chain.nodes[place];
        text += word_names[static_cast<int>(node.word)];
        text += "(";
        for (int operand = 0; operand < arity(node.word); ++operand) {
            const int from = node.inputs[operand];
            text += operand > 0 ? "," : "";
            if (from >= 0) {
                text += "n" + std::to_string(from);
            } else {
                const ChainInput& input = chain.inputs[static_cast<std::size_t>(-1 - from)];
                text += (input.splat ? "c" : "a") + std::to_string(-1 - from);
            }
        }
        text += node.output >= 0 ? ")>" : ")";
        text += place + 1 < chain.nodes.size() ? ";" : "";
    }
    return text;
}

// Of truth values, a sum is "or" and a product "and".
Word word_of_truths(Word word) {
    return word == Word::add ? Word::logical_or : word == Word::multiply ? Word::logical_and : word;
}

}  // namespace

// Copies an array so that the innermost axis of a loop is walked one by one.
View Lowering::straightened(const View& given, const Loop& loop) {
    Count stride = 1;
    std::vector<Axis> axes = given.axes;
    for (auto axis = loop.order.rbegin(); axis != loop.order.rend(); ++axis) {
        Axis& one = axes[static_cast<std::size_t>(*axis)];
        if (one.size == 1) {
            one.stride = 0;
            continue;
        }
        one.stride = stride;
        // Only the innermost axis of rows has room behind its end.
        const bool padded =
            choices_.rows_fast && *axis == loop.rows && loop.rows == loop.order.back();
        stride *= padded ? padded_rows_ : one.size;
    }
    const View straight = temporary_like(axes, working_arena(), program_.item());
    copy(given, straight, program_.item());
    return straight;
}

ChainInput Lowering::chain_input(int value, const Loop& loop) {
    ChainInput input;
    input.strides.assign(loop.order.size(), 0);
    if (single(value)) {
        input.slot = slot_of(value);
        input.splat = true;
        return input;
    }
    const View view = real_view(value);
    const std::size_t rank = loop.sizes.size();
    const std::size_t missing = rank - view.axes.size();
    View spread{view.place, std::vector<Axis>(rank, {1, 0})};
    for (std::size_t axis = 0; axis < view.axes.size(); ++axis) {
        const Axis& one = view.axes[axis];
        spread.axes[missing + axis] = {one.size, one.size == 1 ? 0 : one.stride};
    }
    // The innermost axis that has more than one number must be walked one by one, or stand still.
    Count step = 0;
    for (int axis : loop.order) {
        const std::size_t at = static_cast<std::size_t>(axis);
        step = loop.sizes[at] > 1 ? spread.axes[at].stride : step;
    }
    if (step != 0 && step != 1) {
        spread = straightened(spread, loop);
    }
    input.place = spread.place;
    for (std::size_t axis = 0; axis < rank; ++axis) {
        const std::size_t at = static_cast<std::size_t>(loop.order[axis]);
        input.strides[axis] = spread.axes[at].stride;
    }
    return input;
}

// Adds the words of a chain and the arrays and numbers that they read.
void Lowering::add_nodes(Chain& chain, const std::vector<int>& equations, const Loop& loop) {
    std::vector<int> node_of(program_.values.size(), -1);
    std::vector<int> input_of(program_.values.size(), -1);
    for (int place : equations) {
        const Equation& equation = program_.equations[place];
        const bool truth = program_.values[equation.output].kind == Kind::truth;
        ChainNode node{truth ? word_of_truths(equation.word) : equation.word, {0, 0, 0}};
        for (int operand = 0; operand < arity(equation.word); ++operand) {
            const int value = equation.inputs[static_cast<std::size_t>(operand)];
            if (node_of[value] >= 0) {
                node.inputs[operand] = node_of[value];
                continue;
            }
            if (input_of[value] < 0) {
                input_of[value] = static_cast<int>(chain.inputs.size());
                chain.inputs.push_back(chain_input(value, loop));
            }
            node.inputs[operand] = -1 - input_of[value];
        }
        node_of[equation.output] = static_cast<int>(chain.nodes.size());
        chain.nodes.push_back(node);
    }
}

// Whether a value is read outside of these equations, or leaves the program.
std::vector<bool> Lowering::asked_for(const std::vector<int>& equations) const {
    std::vector<bool> inside(program_.equations.size(), false);
    for (int place : equations) {
        inside[static_cast<std::size_t>(place)] = true;
    }
    std::vector<bool> asked(program_.values.size(), false);
    for (std::size_t place = 0; place < program_.equations.size(); ++place) {
        if (!inside[place]) {
            for (int value : program_.equations[place].inputs) {
                asked[value] = true;
            }
        }
    }
    for (int value : program_.outputs) {
        asked[value] = true;
    }
    return asked;
}

// Gives every result that is asked for outside its place.
void Lowering::add_results(Chain& chain, const std::vector<int>& equations, const Loop& loop) {
    const std::vector<bool> asked = asked_for(equations);
    for (std::size_t place = 0; place < equations.size(); ++place) {
        const int value = program_.equations[equations[place]].output;
        if (!asked[value]) {
            continue;
        }
        const View& view = make(value);
        ChainOutput output{view.place, {}};
        for (int axis : loop.order) {
            output.strides.push_back(view.axes[static_cast<std::size_t>(axis)].stride);
        }
        chain.nodes[place].output = static_cast<int>(chain.outputs.size());
        chain.outputs.push_back(output);
    }
}

// Settles the sizes of the loop, with as few axes as there can be.
void Lowering::set_sizes(Chain& chain, const Loop& loop) const {
    for (int axis : loop.order) {
        const bool padded = choices_.rows_fast && axis == loop.rows;
        chain.sizes.push_back(padded ? padded_rows_ : loop.sizes[static_cast<std::size_t>(axis)]);
    }
    std::vector<std::vector<Count>*> strides;
    for (ChainInput& input : chain.inputs) {
        strides.push_back(&input.strides);
    }
    for (ChainOutput& output : chain.outputs) {
        strides.push_back(&output.strides);
    }
    join_axes(chain.sizes, strides);
    for (ChainInput& input : chain.inputs) {
        input.splat = input.slot.number >= 0 || input.strides.back() == 0;
    }
}

void Lowering::lower_chain(const std::vector<int>& equations) {
    const int like = program_.equations[equations.back()].output;
    const Loop loop{axis_order(like), sizes_of(like), rows_axis_of(like)};
    Chain chain;
    add_nodes(chain, equations, loop);
    add_results(chain, equations, loop);
    set_sizes(chain, loop);
    double elements = 1.0;
    for (Count size : chain.sizes) {
        elements *= static_cast<double>(size);
    }
    if (elements == 0.0) {
        return;
    }
    double cost = 0.0;
    for (const ChainNode& node : chain.nodes) {
        cost += cost_of(node.word);
    }
    chain.signature = signature_of(chain);
    chain.fused = find_chain(chain.signature);
    if (chain.fused < 0) {
        lay_out_passes(chain);
    }
    plan_.scratch_bytes = std::max(
        plan_.scratch_bytes, static_cast<Count>(chain.scratches * block_size * program_.item()));
    plan_.chains.push_back(chain);
    add(Action::chain, plan_.chains.size() - 1,
        10.0 + cost * elements * (program_.wide ? 2.0 : 1.0));
}

void Lowering::lower_single(const Equation& equation) {
    SingleWord made{equation.word, {}, slot_of(equation.output)};
    for (int operand = 0; operand < arity(equation.word); ++operand) {
        made.inputs[operand] = slot_of(equation.inputs[static_cast<std::size_t>(operand)]);
    }
    add_single(made);
}

void Lowering::add_single(SingleWord made) {
    made.operands = arity(made.word);
    made.on_integers = made.output.kind != Kind::real;
    for (int operand = 0; operand < made.operands; ++operand) {
        made.on_integers = made.on_integers && made.inputs[operand].kind != Kind::real;
    }
    plan_.singles.push_back(made);
    add(Action::single, plan_.singles.size() - 1, 5.0);
}

void Lowering::lower_integers(const Equation& equation) {
    const int output = equation.output;
    IntegerWord made;
    made.word = equation.word;
    made.to_truth = gives_truth(equation.word);
    made.first_real = equation.word == Word::where && !whole_number(equation.inputs[0]);
    const std::vector<int> order = axis_order(output);
    const std::vector<Count> sizes = sizes_of(output);
    std::vector<std::vector<Count>*> strides;
    for (int operand = 0; operand < arity(equation.word); ++operand) {
        const int value = equation.inputs[static_cast<std::size_t>(operand)];
        View view = array_of(value);
        if (!whole_number(value) && !(made.first_real && operand == 0)) {
            View integers = temporary(value, sizeof(std::int64_t));
            convert(view, integers, Action::to_integer);
            view = integers;
        }
        made.places[operand] = view.place;
        const std::size_t missing = sizes.size() - view.axes.size();
        for (int axis : order) {
            const std::size_t at = static_cast<std::size_t>(axis);
            const bool there = at >= missing && view.axes[at - missing].size > 1;
            made.strides[operand].push_back(there ? view.axes[at - missing].stride : 0);
        }
        strides.push_back(&made.strides[operand]);
    }
    const View& view = make(output);
    made.to = view.place;
    double elements = 1.0;
    for (int axis : order) {
        made.sizes.push_back(sizes[static_cast<std::size_t>(axis)]);
        made.to_strides.push_back(view.axes[static_cast<std::size_t>(axis)].stride);
        elements *= static_cast<double>(made.sizes.back());
    }
    strides.push_back(&made.to_strides);
    join_axes(made.sizes, strides);
    plan_.integer_words.push_back(made);
    add(Action::integers, plan_.integer_words.size() - 1, 10.0 + elements);
}

}  // namespace chainrule
