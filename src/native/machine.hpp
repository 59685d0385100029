// The machine: runs a program over batches of rows, many epochs a call.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "call.hpp"
#include "order.hpp"
#include "step_plan.hpp"

namespace chainrule {

template <class T>
class StepRun;

class Machine {
public:
    Machine(Program program, int set);
    ~Machine();

    // Whether a step of so many rows, with so many threads, would leave a product to a BLAS.
    bool wants_library(Count rows, int threads);

    // `means` are settled for this run alone, whoever else runs the same machine.
    Outcome run(const Call& call, const Means& means);

    const Program& program() const { return program_; }
    int threads_of(Count rows);
    // The chains of a step of so many rows: their signatures, and whether a loop was made for them.
    std::vector<std::pair<std::string, bool>> chains_of(Count rows);
    std::string describe(Count rows);

private:
    const StepPlan& plan_for(Count rows);
    void settle(const Means& means);
    void forget_plans();
    void forget();
    struct PlansOfCall {
        const StepPlan& whole;
        const StepPlan& last;
        int threads;
    };
    PlansOfCall plans_of(const Batches& batches);
    template <class T>
    Outcome run_typed(std::unique_ptr<StepRun<T>>& kept, const Call& call);
    template <class T>
    void take_steps(StepRun<T>& run, const Call& call, const PlansOfCall& plans, Crew* crew,
                    Outcome& outcome) const;
    void check(const Call& call) const;
    void check_inputs(const Call& call) const;

    Program program_;
    int set_;
    int threads_ = 1;
    Library library_;  // of the run under way
    bool library_allowed_ = false;
    RowTraits traits_;
    std::map<Count, std::unique_ptr<StepPlan>> plans_;
    std::map<std::pair<Count, int>, bool> wants_;  // by rows and threads, whether it wants a BLAS
    std::unique_ptr<StepRun<float>> narrow_run_;
    std::unique_ptr<StepRun<double>> wide_run_;
    std::mutex busy_;
};

}  // namespace chainrule
