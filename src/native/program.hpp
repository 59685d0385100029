// A program as it comes from Python: values, equations over the alphabet, what is asked for.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace chainrule {

using Count = std::ptrdiff_t;

enum class Kind : std::uint8_t { real, integer, truth };

// What an input is to a run: replaced after every step, the same in every step, or one batch of
// rows in each step.
enum class Role : std::uint8_t { carried, fixed, rows };

// The row marks of chainrule.engines.program.
enum class Mark : std::uint8_t { fixed, row, sum, after, coupled };

// The alphabet. `identity` is no word of it: it stands for to_float and broadcast_like.
enum class Word : std::uint8_t {
    negative,
    absolute,
    sign,
    floor,
    exp,
    expm1,
    log,
    log1p,
    sqrt,
    sin,
    cos,
    tanh,
    sigmoid,
    erf,
    logical_not,
    is_finite,
    identity,
    add,
    subtract,
    multiply,
    divide,
    power,
    maximum,
    minimum,
    less,
    less_equal,
    equal,
    logical_and,
    logical_or,
    where,
    sum_over,
    max_over,
    count,
    matmul,
    transpose,
    reshape,
    concatenate,
    slice,
    pad,
    take,
    add_at,
    contract,
    windows,
    overlap_add,
    convolve,
    convolve_transposed,
    convolve_weights,
    random,
    scan,
};
constexpr int word_count = static_cast<int>(Word::scan) + 1;

inline constexpr const char* word_names[word_count] = {
    "negative",
    "absolute",
    "sign",
    "floor",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "erf",
    "logical_not",
    "is_finite",
    "identity",
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "less",
    "less_equal",
    "equal",
    "logical_and",
    "logical_or",
    "where",
    "sum_over",
    "max_over",
    "count",
    "matmul",
    "transpose",
    "reshape",
    "concatenate",
    "slice",
    "pad",
    "take",
    "add_at",
    "contract",
    "windows",
    "overlap_add",
    "convolve",
    "convolve_transposed",
    "convolve_weights",
    "random",
    "scan",
};

inline bool is_elementwise(Word word) {
    return word <= Word::where;
}

inline bool is_convolving(Word word) {
    return word >= Word::convolve && word <= Word::convolve_weights;
}

inline int arity(Word word) {
    if (word <= Word::identity) {
        return 1;
    }
    return word == Word::where ? 3 : 2;
}

inline bool gives_truth(Word word) {
    return word == Word::logical_not || word == Word::is_finite ||
           (word >= Word::less && word <= Word::logical_or);
}

// What bears a name; throws invalid_argument where nothing does.
Word word_named(const std::string& name);
Kind kind_named(const std::string& name);
Mark mark_named(const std::string& name);
Role role_named(const std::string& name);

using Shape = std::vector<Count>;

// The open size in a shape: the rows of a batch.
constexpr Count rows_size = -1;

inline Count elements_of(const Shape& shape) {
    Count elements = 1;
    for (Count size : shape) {
        elements *= size;
    }
    return elements;
}

struct Value {
    Shape shape;
    Kind kind = Kind::real;
    Mark mark = Mark::fixed;
    bool constant = false;
    // The content of a constant, in one of the two.
    std::vector<double> reals;
    std::vector<std::int64_t> integers;

    bool single() const { return shape.empty(); }
    bool has_rows() const {
        for (Count size : shape) {
            if (size == rows_size) {
                return true;
            }
        }
        return false;
    }
};

// `numbers` are the settings of the word, in the order that native.py writes them:
//   sum_over, max_over   the axes          transpose     the order of the axes
//   slice                axis, start       pad           axis, before
//   concatenate          axis          random        the number of the purpose
//   windows, overlap_add                           sizes, strides, dilations
//   convolve and the two that belong to it         strides, dilations, what is put before and
//                                                  after each axis, groups
//   scan                 how many sequences, whether they are walked backwards
struct Program;

struct Equation {
    Word word;
    std::vector<int> inputs;
    int output;
    std::vector<Count> numbers;
    // Of a scan: the program of one step, (state, *entries of the sequences, *fixed) -> state.
    std::shared_ptr<const Program> body = nullptr;
};

struct Program {
    bool wide = false;  // float64, else float32
    std::vector<Value> values;
    std::vector<Role> roles;  // one for each input; inputs are the first values
    std::vector<Equation> equations;
    std::vector<int> outputs;

    int input_count() const { return static_cast<int>(roles.size()); }
    std::size_t item() const { return wide ? 8 : 4; }
    std::size_t item_of(Kind kind) const { return kind == Kind::integer ? 8 : item(); }
    bool coupled() const {
        for (const Value& value : values) {
            if (value.mark == Mark::coupled) {
                return true;
            }
        }
        return false;
    }
};

// Throws invalid_argument for a program whose equations do not fit together: value numbers, how
// many inputs a word has, the axes that it names.
void check(const Program& program);

// Numbers in one row of all values of a program that have rows: what a tile of one row takes.
Count numbers_in_a_row(const Program& program);

}  // namespace chainrule
