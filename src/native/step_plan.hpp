// The plan of a whole step: how its rows are cut into tiles, and what threads do.

#pragma once

#include <memory>
#include <string>

#include "plan.hpp"

namespace chainrule {

// A plan for a number of rows: how they are cut into tiles, and who does what.
struct StepPlan {
    Count rows = 0;
    Count tiles = 1;
    Plan main;
    std::unique_ptr<Plan> rest;  // for the last tile, where it is shorter
    int workers = 1;             // threads with tiles of their own
    int shares = 1;              // threads that share each large instruction
    double nanoseconds = 0.0;    // of one thread, roughly
};

// What decides how the rows of a program may lie and be cut.
struct RowTraits {
    bool lead = true;  // every input of rows has them as its first axis, and so does every output
    bool batches = false;  // there is a product for each row
    bool slides = false;   // there is a convolution
};
RowTraits row_traits(const Program& program);

// `library`: whether a product may be left to a BLAS.
std::unique_ptr<StepPlan> make_step_plan(const Program& program, const RowTraits& traits,
                                         Count rows, int threads, bool library);

// Whether a product is so large, in a step of so many rows, that a BLAS may be wanted for it.
bool may_want_library(const Program& program, Count rows);

// A step as text: a line for each instruction.
std::string describe(const StepPlan& plan);

}  // namespace chainrule
