// The machine: runs a program over batches of rows, many epochs a call.

#pragma once

#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crew.hpp"
#include "execution.hpp"
#include "order.hpp"
#include "plan.hpp"

namespace chainrule {

// One input: an array (floats in the program's type, integers of 64 bits, in C order), or a number.
struct Given {
    const char* data = nullptr;
    Count bytes = 0;  // of the array
    double number = 0.0;
    std::int64_t integer = 0;
};

struct Batches {
    Count rows = 0;
    Count size = 1;
    std::uint64_t seed = 0;
    std::uint32_t purpose = 0;
    bool shuffled = false;

    Count steps_per_epoch() const { return rows > 0 ? (rows + size - 1) / size : 1; }
};

// An output beyond the carried ones, over the steps of a call.
struct Record {
    bool single = false;
    bool rows = false;
    Kind kind = Kind::real;
    Shape shape;  // of one step, or of one row
    std::vector<char> bytes;
};

class Machine;

// How many threads a step may use, and the BLAS for its largest products (null: none).
struct Means {
    int threads = 1;
    Library library;
};

// What happens between epochs; see chainrule.engines.work.Watch.
struct Watch {
    Machine* judge = nullptr;
    std::vector<Given> fixed;  // after the first carried value
    std::vector<Given> rows;
    Batches batches;
    double best = 0.0;
    bool keep_best = true;
    Count waited = 0;
    Count patience = -1;
    Machine* look = nullptr;
    Batches look_batches;
    std::vector<Count> look_epochs;
};

struct Epochs {
    std::vector<double> judged;
    std::vector<char> sound;
    std::vector<Record> outputs;
    std::vector<char> kept;
    double kept_number = 0.0;  // where a single number is kept
    Count kept_epoch = -1;
    double best = 0.0;
    Count best_epoch = -1;
    Count waited = 0;
    std::vector<Count> looked;
    std::vector<Record> looks;
};

struct Outcome {
    std::vector<std::vector<char>> carried;  // arrays; empty for single numbers
    std::vector<double> numbers;             // single numbers, else 0
    std::vector<std::int64_t> integers;
    std::vector<Record> records;
    Count steps_done = 0;
    Epochs epochs;
};

// One call of a machine: the steps from `first` to before `last`, or as many as the seconds hold.
struct Call {
    std::vector<Given> carried, fixed, rows;
    Batches batches;
    Count first = 0;
    Count last = 0;
    double seconds = std::numeric_limits<double>::infinity();
    const Watch* watch = nullptr;
    // A crew that waits meanwhile: that of the run from within which this one is called.
    Crew* lent = nullptr;
};

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
    template <class T>
    friend class StepRun;
    const StepPlan& plan_for(Count rows);
    void settle(const Means& means);
    void forget_plans();
    void forget();
    std::unique_ptr<StepPlan> make_step_plan(Count rows, int threads, bool library) const;
    Choices choices_for(Count rows) const;
    template <class T>
    Outcome run_typed(std::unique_ptr<StepRun<T>>& kept, const Call& call);
    void check(const Call& call) const;
    void check_inputs(const Call& call) const;

    Program program_;
    int set_;
    int threads_ = 1;
    Library library_;  // of the run under way
    bool library_allowed_ = false;
    bool rows_lead_;    // every input of rows has them as its first axis, and so does every output
    bool row_batches_;  // a product for each row
    std::map<Count, std::unique_ptr<StepPlan>> plans_;
    std::map<std::pair<Count, int>, bool> wants_;  // by rows and threads, whether it wants a BLAS
    std::unique_ptr<StepRun<float>> narrow_run_;
    std::unique_ptr<StepRun<double>> wide_run_;
    std::mutex busy_;
};

}  // namespace chainrule
