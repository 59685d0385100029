// Equations that are better run as one: found in a program before it is lowered.

#pragma once

#include "program.hpp"

namespace chainrule {

// No word of the alphabet: of each number, its share in the largest of those along some axes, times
// a factor. Inputs: numbers, the largest, the factor, which have size 1 along the axes.
constexpr Word share_of_largest = static_cast<Word>(word_count);

// The same program, where such equations stand for the several that say the same.
Program rewritten(Program program);

}  // namespace chainrule
