// What goes into a call of a machine, and what comes out of it.

#pragma once

#include <limits>
#include <vector>

#include "crew.hpp"
#include "execution.hpp"

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

}  // namespace chainrule
