// Chains with their operands in place: what can be worked out once for a plan and its memory is not
// worked out again in every step, where small chains would spend most of their time on it.

#pragma once

#include "execution.hpp"

namespace chainrule {

template <class T>
struct BoundChain {
    bool ready = false;  // one call of a fused loop does all of it
    ChainKernel<T> kernel = nullptr;
    Count outer = 1;
    Count inner = 0;
    std::vector<Strided<T>> inputs;
    std::vector<StridedOutput<T>> outputs;
    struct Single {
        std::size_t input;
        Slot slot;
    };
    std::vector<Single> singles;
    std::vector<T> numbers;  // of the singles
    // Inputs of rows lie elsewhere in every step.
    std::vector<std::size_t> moving;

    void run(const Chain& chain, Memory& memory) {
        for (std::size_t place = 0; place < singles.size(); ++place) {
            numbers[place] = static_cast<T>(slot_number(memory, singles[place].slot));
        }
        for (std::size_t place : moving) {
            inputs[place].at = memory.at<T>(chain.inputs[place].place);
        }
        kernel(inputs.data(), outputs.data(), outer, inner);
    }
};

template <class T>
BoundChain<T> bound_chain(const Chain& chain, const Kernels<T>& kernels, const Memory& memory) {
    BoundChain<T> bound;
    const std::size_t rank = chain.sizes.size();
    bound.ready = chain.fused >= 0 && rank <= 2;
    if (!bound.ready) {
        return bound;
    }
    bound.kernel = kernels.chain_kernels[chain.fused];
    bound.inner = chain.sizes[rank - 1];
    bound.outer = rank > 1 ? chain.sizes[0] : 1;
    bound.numbers.resize(chain.inputs.size());
    for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
        const ChainInput& input = chain.inputs[place];
        if (input.slot.number >= 0) {
            bound.inputs.push_back({&bound.numbers[bound.singles.size()], 0});
            bound.singles.push_back({place, input.slot});
            continue;
        }
        if (input.place.arena >= first_rows) {
            bound.moving.push_back(place);
        }
        bound.inputs.push_back({memory.at<T>(input.place), rank > 1 ? input.strides[0] : 0});
    }
    for (const ChainOutput& output : chain.outputs) {
        bound.outputs.push_back({memory.at<T>(output.place), rank > 1 ? output.strides[0] : 0});
    }
    return bound;
}

}  // namespace chainrule
