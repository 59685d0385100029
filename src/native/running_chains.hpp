// How a chain of elementwise words runs: in its fused loop, or block by block, a word or two at a
// time.

#pragma once

#include "execution.hpp"
#include "schedule.hpp"
#include "walking.hpp"

namespace chainrule {

// A chain under way: where its operands stand. Nothing is cleared first, for a chain on a small
// tile takes less time than clearing would.
template <class T>
struct ChainRun {
    const Chain& chain;
    const Kernels<T>& kernels;
    Memory& memory;
    T singles[most_operands];
    const T* inputs[most_operands];
    T* outputs[most_operands];

    ChainRun(const Chain& its_chain, const Kernels<T>& its_kernels, Memory& its_memory)
        : chain(its_chain), kernels(its_kernels), memory(its_memory) {}

    void place_operands(Count from) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            const ChainInput& input = chain.inputs[place];
            if (input.slot.number >= 0) {
                singles[place] = static_cast<T>(slot_number(memory, input.slot));
                inputs[place] = &singles[place];
            } else {
                inputs[place] = memory.at<T>(input.place) + from * input.strides[0];
            }
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            const ChainOutput& output = chain.outputs[place];
            outputs[place] = memory.at<T>(output.place) + from * output.strides[0];
        }
    }

    // So many steps along an axis, there or back.
    void move(std::size_t axis, Count steps) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            inputs[place] += steps * chain.inputs[place].strides[axis];
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            outputs[place] += steps * chain.outputs[place].strides[axis];
        }
    }

    // The two innermost axes in one fused loop; without an outer one, it is passed once.
    void run_fused(Count outer, Count inner) {
        Strided<T> given[most_operands];
        StridedOutput<T> made[most_operands];
        const std::size_t rank = chain.sizes.size();
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            given[place] = {inputs[place], rank > 1 ? chain.inputs[place].strides[rank - 2] : 0};
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            made[place] = {outputs[place], rank > 1 ? chain.outputs[place].strides[rank - 2] : 0};
        }
        kernels.chain_kernels[chain.fused](given, made, outer, inner);
    }

    // Once along the innermost axis, block by block and pass by pass.
    void run_passes(Count inner) {
        T* scratch = reinterpret_cast<T*>(memory.scratch);
        const T* made[most_operands];
        for (Count start = 0; start < inner; start += block_size) {
            const Count count = std::min(block_size, inner - start);
            for (std::size_t place = 0; place < chain.passes.size(); ++place) {
                const Pass& pass = chain.passes[place];
                const T* given[3] = {};
                unsigned splats = 0;
                for (int operand = 0; operand < pass.operands; ++operand) {
                    const int from = pass.inputs[operand];
                    if (from >= 0) {
                        given[operand] = made[from];
                        continue;
                    }
                    const std::size_t input = static_cast<std::size_t>(-1 - from);
                    const bool splat = chain.inputs[input].splat;
                    given[operand] = inputs[input] + (splat ? 0 : start);
                    splats |= splat ? 1u << operand : 0u;
                }
                T* to = pass.output >= 0 ? outputs[pass.output] + start
                                         : scratch + pass.scratch * block_size;
                kernel_of(pass)(given[0], given[1], given[2], splats, to, count);
                made[place] = to;
            }
        }
    }

    WordKernel<T> kernel_of(const Pass& pass) const {
        if (!pass.paired) {
            return kernels.words[static_cast<int>(pass.word)];
        }
        return kernels.pairs[pair_place(pass.word)][pair_place(pass.second)][pass.mirrored];
    }
};

template <class T>
void run_chain(const Chain& chain, const Kernels<T>& kernels, Memory& memory, Share share) {
    ChainRun<T> run(chain, kernels, memory);
    const std::size_t rank = chain.sizes.size();
    const Range range(chain.sizes[0], share, rank == 1 ? 64 : 1);
    if (range.from == range.to) {
        return;
    }
    run.place_operands(range.from);
    const bool fused = chain.fused >= 0;
    // The axes outside of what one call of a kernel walks.
    const std::size_t inside = std::min<std::size_t>(rank, fused ? 2 : 1);
    const std::size_t depth = rank - inside;
    const auto size_of = [&](std::size_t axis) {
        return axis == 0 ? range.to - range.from : chain.sizes[axis];
    };
    const Count inner = size_of(rank - 1);
    const Count outer = inside == 2 ? size_of(rank - 2) : 1;
    Count at[most_axes] = {};
    while (true) {
        if (fused) {
            run.run_fused(outer, inner);
        } else {
            run.run_passes(inner);
        }
        std::size_t axis = depth;
        while (axis-- > 0) {
            if (++at[axis] < size_of(axis)) {
                run.move(axis, 1);
                break;
            }
            run.move(axis, 1 - size_of(axis));
            at[axis] = 0;
        }
        if (axis == std::size_t(-1)) {
            return;
        }
    }
}

}  // namespace chainrule
