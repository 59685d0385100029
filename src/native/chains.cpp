// Lowering of elementwise words: chains over one shape, single numbers, integers.

#include <algorithm>

#include "kernels.hpp"
#include "lowering.hpp"

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

// Blocks of scratch memory for the results that only the chain itself reads.
void share_scratch(Chain& chain) {
    std::vector<int> last(chain.nodes.size(), -1);
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        for (int operand = 0; operand < arity(chain.nodes[place].word); ++operand) {
            const int from = chain.nodes[place].inputs[operand];
            if (from >= 0) {
                last[static_cast<std::size_t>(from)] = static_cast<int>(place);
            }
        }
    }
    std::vector<int> free;
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        ChainNode& node = chain.nodes[place];
        if (node.output < 0) {
            if (free.empty()) {
                free.push_back(chain.scratches++);
            }
            node.scratch = free.back();
            free.pop_back();
        }
        for (std::size_t other = 0; other < place; ++other) {
            if (last[other] == static_cast<int>(place) && chain.nodes[other].scratch >= 0) {
                free.push_back(chain.nodes[other].scratch);
            }
        }
    }
}

}  // namespace

ChainInput Lowering::chain_input(int value, const std::vector<int>& order,
                                 const std::vector<Count>& sizes, int place, int like) {
    ChainInput input;
    input.strides.assign(order.size(), 0);
    if (single(value)) {
        input.slot = slot_of(value);
        input.splat = true;
        return input;
    }
    View view = real_view(value, place);
    const std::size_t rank = sizes.size();
    const std::size_t missing = rank - view.axes.size();
    std::vector<Axis> spread(rank, {1, 0});
    for (std::size_t axis = 0; axis < view.axes.size(); ++axis) {
        spread[missing + axis] = {view.axes[axis].size,
                                  view.axes[axis].size == 1 ? 0 : view.axes[axis].stride};
    }
    // The innermost axis that has more than one number must be walked one by one, or stand still.
    int inner = -1;
    for (int axis : order) {
        inner = sizes[static_cast<std::size_t>(axis)] > 1 ? axis : inner;
    }
    const Count step = inner < 0 ? 0 : spread[static_cast<std::size_t>(inner)].stride;
    if (step != 0 && step != 1) {
        const int rows = rows_axis_of(like);
        const bool padded = choices_.rows_fast && rows == order.back();
        Count stride = 1;
        View straight;
        straight.axes = spread;
        for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
            Axis& one = straight.axes[static_cast<std::size_t>(*axis)];
            one.stride = one.size == 1 ? 0 : stride;
            stride *= one.size == 1 ? 1 : padded && *axis == rows ? padded_rows_ : one.size;
        }
        const View given{view.place, spread};
        straight = temporary_like(straight.axes, stage_now_ == 1 ? tile : shared, program_.item());
        copy(given, straight, program_.item(), place);
        view.place = straight.place;
        spread = straight.axes;
    }
    input.place = view.place;
    for (std::size_t axis = 0; axis < rank; ++axis) {
        input.strides[axis] = spread[static_cast<std::size_t>(order[axis])].stride;
    }
    return input;
}

void Lowering::lower_chain(const std::vector<int>& equations) {
    Chain chain;
    const int last = equations.back();
    const int like = program_.equations[last].output;
    const std::vector<Count> sizes = sizes_of(like);
    const std::vector<int> order = axis_order(like);
    const int rows = rows_axis_of(like);
    std::vector<int> node_of(program_.values.size(), -1);
    std::vector<int> input_of(program_.values.size(), -1);
    for (std::size_t place = 0; place < equations.size(); ++place) {
        node_of[program_.equations[equations[place]].output] = static_cast<int>(place);
    }
    double cost = 0.0;
    for (int place : equations) {
        const Equation& equation = program_.equations[place];
        ChainNode node{
            equation.word, program_.values[equation.output].kind == Kind::truth, {0, 0, 0}};
        // Of truth values, a sum is "or" and a product "and".
        if (node.truth && node.word == Word::add) {
            node.word = Word::logical_or;
        } else if (node.truth && node.word == Word::multiply) {
            node.word = Word::logical_and;
        }
        for (int operand = 0; operand < arity(equation.word); ++operand) {
            const int value = equation.inputs[static_cast<std::size_t>(operand)];
            if (node_of[value] >= 0) {
                node.inputs[operand] = node_of[value];
                continue;
            }
            if (input_of[value] < 0) {
                input_of[value] = static_cast<int>(chain.inputs.size());
                chain.inputs.push_back(chain_input(value, order, sizes, place, like));
            }
            node.inputs[operand] = -1 - input_of[value];
        }
        cost += cost_of(node.word);
        chain.nodes.push_back(node);
    }
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
    for (std::size_t place = 0; place < equations.size(); ++place) {
        const int value = program_.equations[equations[place]].output;
        if (!asked[value]) {
            continue;
        }
        const View& view = make(value);
        ChainOutput output{view.place, {}, static_cast<int>(place)};
        for (int axis : order) {
            output.strides.push_back(view.axes[static_cast<std::size_t>(axis)].stride);
        }
        chain.nodes[place].output = static_cast<int>(chain.outputs.size());
        chain.outputs.push_back(output);
    }
    for (int axis : order) {
        const bool padded = choices_.rows_fast && axis == rows;
        chain.sizes.push_back(padded ? padded_rows_ : sizes[static_cast<std::size_t>(axis)]);
    }
    std::vector<std::vector<Count>*> strides;
    for (ChainInput& input : chain.inputs) {
        strides.push_back(&input.strides);
    }
    for (ChainOutput& output : chain.outputs) {
        strides.push_back(&output.strides);
    }
    join_axes(chain.sizes, strides);
    double elements = 1.0;
    for (Count size : chain.sizes) {
        elements *= static_cast<double>(size);
    }
    for (ChainInput& input : chain.inputs) {
        input.splat = input.slot.number >= 0 || input.strides.back() == 0;
    }
    if (elements == 0.0) {
        return;
    }
    share_scratch(chain);
    chain.signature = signature_of(chain);
    chain.fused = find_chain(choices_.set, program_.wide, chain.signature);
    plan_.scratch_bytes = std::max(
        plan_.scratch_bytes, static_cast<Count>(chain.scratches * block_size * program_.item()));
    plan_.chains.push_back(chain);
    add(Action::chain, last, plan_.chains.size() - 1,
        10.0 + cost * elements * (program_.wide ? 2.0 : 1.0));
}

void Lowering::lower_single(int place) {
    const Equation& equation = program_.equations[place];
    SingleWord made{equation.word, {}, slot_of(equation.output)};
    for (int operand = 0; operand < arity(equation.word); ++operand) {
        made.inputs[operand] = slot_of(equation.inputs[static_cast<std::size_t>(operand)]);
    }
    plan_.singles.push_back(made);
    add(Action::single, place, plan_.singles.size() - 1, 5.0);
}

void Lowering::lower_integers(int place) {
    const Equation& equation = program_.equations[place];
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
        View view = array_of(value, place);
        if (!whole_number(value) && !(made.first_real && operand == 0)) {
            View integers = temporary(value, sizeof(std::int64_t));
            convert(view, integers, Action::to_integer, place);
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
    add(Action::integers, place, plan_.integer_words.size() - 1, 10.0 + elements);
}

}  // namespace chainrule
