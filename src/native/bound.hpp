// Chains with their operands in place: what can be worked out once for a plan and its memory is not
// worked out again in every step, where small chains would spend most of their time on it.

#pragma once

#include "running_chains.hpp"

namespace chainrule {

template <class T>
struct BoundChain {
    bool ready = false;  // there are so few axes that it runs by itself
    Count outer = 1;
    Count inner = 0;
    ChainKernel<T> kernel = nullptr;  // the loop that does all of it, with its operands
    std::vector<Strided<T>> inputs;
    std::vector<StridedOutput<T>> outputs;
    std::vector<T*> at;  // without such a loop: the chain's table
    struct Single {
        std::size_t input;
        Slot slot;
    };
    std::vector<Single> singles;
    std::vector<T> numbers;  // of the singles
    // Inputs of rows lie elsewhere in every step.
    std::vector<std::size_t> moving;

    void run(const Chain& chain, const Kernels<T>& kernels, Memory& memory) {
        for (std::size_t place = 0; place < singles.size(); ++place) {
            numbers[place] = static_cast<T>(slot_number(memory, singles[place].slot));
        }
        for (std::size_t place : moving) {
            T* here = memory.at<T>(chain.inputs[place].place);
            if (kernel != nullptr) {
                inputs[place].at = here;
            } else {
                at[place] = here;
            }
        }
        if (kernel != nullptr) {
            kernel(inputs.data(), outputs.data(), outer, inner);
        } else {
            run_rows(chain, kernels);
        }
    }

private:
    void run_rows(const Chain& chain, const Kernels<T>& kernels) {
        for (Count row = 0; row < outer; ++row) {
            run_passes(chain, kernels, at.data(), inner);
            if (outer > 1) {
                move_rows(chain, row + 1 < outer ? 1 : 1 - outer);
            }
        }
    }
    void move_rows(const Chain& chain, Count steps) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            at[place] += steps * chain.inputs[place].strides[0];
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            at[chain.inputs.size() + place] += steps * chain.outputs[place].strides[0];
        }
    }
};

template <class T>
BoundChain<T> bound_chain(const Chain& chain, const Kernels<T>& kernels, const Memory& memory) {
    BoundChain<T> bound;
    const std::size_t rank = chain.sizes.size();
    bound.ready = rank <= 2;
    if (!bound.ready) {
        return bound;
    }
    bound.kernel = chain.fused >= 0 ? kernels.chain_kernels[chain.fused] : nullptr;
    bound.inner = chain.sizes[rank - 1];
    bound.outer = rank > 1 ? chain.sizes[0] : 1;
    bound.numbers.resize(chain.inputs.size());
    const auto stride = [rank](const std::vector<Count>& strides) {
        return rank > 1 ? strides[0] : 0;
    };
    for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
        const ChainInput& input = chain.inputs[place];
        T* here = nullptr;
        if (input.slot.number >= 0) {
            here = &bound.numbers[bound.singles.size()];
            bound.singles.push_back({place, input.slot});
        } else {
            here = memory.at<T>(input.place);
            if (input.place.arena >= first_rows) {
                bound.moving.push_back(place);
            }
        }
        bound.inputs.push_back({here, stride(input.strides)});
        bound.at.push_back(here);
    }
    for (const ChainOutput& output : chain.outputs) {
        T* here = memory.at<T>(output.place);
        bound.outputs.push_back({here, stride(output.strides)});
        bound.at.push_back(here);
    }
    T* scratch = reinterpret_cast<T*>(memory.scratch);
    for (int block = 0; block < chain.scratches; ++block) {
        bound.at.push_back(scratch + block * block_size);
    }
    return bound;
}

}  // namespace chainrule
