// How a chain of elementwise words runs: in its fused loop, or block by block, a word or two at a
// time.

#pragma once

#include "execution.hpp"
#include "schedule.hpp"
#include "walking.hpp"

namespace chainrule {

// The passes of a chain along its innermost axis, block by block. `at` is the chain's table: where
// inputs, outputs and scratch blocks lie. It is as before when all is done.
template <class T>
void run_passes(const Chain& chain, const Kernels<T>& kernels, T** at, Count inner) {
    const auto move = [&chain, at](Count steps) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            at[place] += chain.inputs[place].splat ? 0 : steps;
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            at[chain.inputs.size() + place] += steps;
        }
    };
    Count start = 0;
    while (true) {
        const Count count = std::min(block_size, inner - start);
        for (const Pass& pass : chain.passes) {
            kernels.loops[pass.loop](at[pass.given[0]], at[pass.given[1]], at[pass.given[2]],
                                     pass.splats, at[pass.to], count);
        }
        if (start + count == inner) {
            break;
        }
        start += count;
        move(count);
    }
    if (start > 0) {
        move(-start);
    }
}

// A chain under way: where its operands stand. Nothing is cleared first, for a chain on a small
// tile takes less time than clearing would.
template <class T>
struct ChainRun {
    const Chain& chain;
    const Kernels<T>& kernels;
    Memory& memory;
    T singles[most_operands];
    T* at[3 * most_operands];

    ChainRun(const Chain& its_chain, const Kernels<T>& its_kernels, Memory& its_memory)
        : chain(its_chain), kernels(its_kernels), memory(its_memory) {}

    void place_operands(Count from) {
        T** to = at;
        for (const ChainInput& input : chain.inputs) {
            if (input.slot.number >= 0) {
                T* single = singles + (to - at);
                *single = static_cast<T>(slot_number(memory, input.slot));
                *to++ = single;
            } else {
                *to++ = memory.at<T>(input.place) + from * input.strides[0];
            }
        }
        for (const ChainOutput& output : chain.outputs) {
            *to++ = memory.at<T>(output.place) + from * output.strides[0];
        }
        T* scratch = reinterpret_cast<T*>(memory.scratch);
        for (int block = 0; block < chain.scratches; ++block) {
            *to++ = scratch + block * block_size;
        }
    }

    // So many steps along an axis, there or back.
    void move(std::size_t axis, Count steps) {
        T** one = at;
        for (const ChainInput& input : chain.inputs) {
            *one++ += steps * input.strides[axis];
        }
        for (const ChainOutput& output : chain.outputs) {
            *one++ += steps * output.strides[axis];
        }
    }

    // The two innermost axes in one fused loop; without an outer one, it is passed once.
    void run_fused(Count outer, Count inner) {
        Strided<T> given[most_operands];
        StridedOutput<T> made[most_operands];
        const std::size_t rank = chain.sizes.size();
        const std::size_t inputs = chain.inputs.size();
        for (std::size_t place = 0; place < inputs; ++place) {
            given[place] = {at[place], rank > 1 ? chain.inputs[place].strides[rank - 2] : 0};
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            made[place] = {at[inputs + place],
                           rank > 1 ? chain.outputs[place].strides[rank - 2] : 0};
        }
        kernels.chain_kernels[chain.fused](given, made, outer, inner);
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
            run_passes(chain, kernels, run.at, inner);
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
