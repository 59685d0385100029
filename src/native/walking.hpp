// Walking over arrays of any number of axes.

#pragma once

#include <vector>

#include "program.hpp"

namespace chainrule {

// More axes than any value has: NumPy's own limit is 64, and a machine refuses more than these.
constexpr std::size_t most_axes = 16;

// Calls `visit(offsets)` for each place of the outer `depth` axes, where offsets[k] is the number
// of elements from the start of array k.
template <int Arrays, class Visit>
void walk(const std::vector<Count>& sizes, std::size_t depth,
          const std::vector<Count>* const (&strides)[Arrays], Visit visit) {
    Count offsets[Arrays] = {};
    if (depth == 0) {
        visit(offsets);
        return;
    }
    Count at[most_axes] = {};
    for (std::size_t axis = 0; axis < depth; ++axis) {
        if (sizes[axis] == 0) {
            return;
        }
    }
    while (true) {
        visit(offsets);
        std::size_t axis = depth;
        while (axis-- > 0) {
            for (int array = 0; array < Arrays; ++array) {
                offsets[array] += (*strides[array])[axis];
            }
            if (++at[axis] < sizes[axis]) {
                break;
            }
            for (int array = 0; array < Arrays; ++array) {
                offsets[array] -= (*strides[array])[axis] * sizes[axis];
            }
            at[axis] = 0;
            if (axis == 0) {
                return;
            }
        }
    }
}

}  // namespace chainrule
