// The order in which the equations of a program run, and which elementwise ones run as one chain.

#pragma once

#include <vector>

#include "program.hpp"

namespace chainrule {

// A chain has no more words than this, nor more values that it reads.
constexpr std::size_t most_operands = 48;

// Equations that run together: a chain of elementwise words over one shape, or a single equation.
struct Group {
    std::vector<int> equations;
    bool chain = false;
};

struct Schedule {
    std::vector<Group> stages[3];
    std::vector<int> stage_of;  // of each equation
};

Schedule make_schedule(const Program& program);

// Whether an equation can be part of a chain: floats or truth values, made element by element.
bool is_chained(const Program& program, const Equation& equation);

}  // namespace chainrule
