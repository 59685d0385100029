// A plan: a program made ready for a number of rows. Instructions with their places in memory.
//
// A step runs in three stages: what is fixed (once), the rows (tile by tile, each thread with sums
// of its own), and what comes after the sums (once).

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "program.hpp"
#include "sliding_kernels.hpp"

namespace chainrule {

// Where numbers lie. `tile` and `sums` are private to a thread, and so is what an input of rows
// is gathered into; the places of the inputs of rows follow after `first_rows`.
enum Arena : int { constants, shared, tile, sums, carried, fixed_inputs, first_rows };

struct Place {
    int arena = shared;
    Count offset = 0;  // in bytes
};

struct Axis {
    Count size;
    Count stride;  // in elements
};

// An array as an instruction reads or writes it.
struct View {
    Place place;
    std::vector<Axis> axes;
};

// One number of 8 bytes: a float64, an integer, or a truth value (0 or 1) as an integer.
struct Slot {
    int number = -1;
    Kind kind = Kind::real;
};

enum class Action : std::uint8_t {
    single,    // a word on single numbers
    chain,     // elementwise words, block by block
    integers,  // an elementwise word on integers
    product,   // a matrix product
    reduce,    // a sum or a maximum over axes
    copy,      // into another arrangement
    clear,     // to zeros
    take,
    add_at,
    put_back,     // windows added up where they were taken from
    slide,        // a window of numbers at each of its places
    slide_sum,    // and summed over all of them
    largest,      // shares in the largest of a few numbers
    draw,         // random numbers
    scan,         // a step taken along time
    to_single,    // an array of one element to a single number
    from_single,  // and back
    to_real,      // integers to floats
    to_integer,   // floats to integers
};

inline const char* name_of(Action action) {
    static const char* const names[] = {
        "single", "chain",     "integers",    "product", "reduce",    "copy",    "clear",
        "take",   "add_at",    "put_back",    "slide",   "slide_sum", "largest", "draw",
        "scan",   "to_single", "from_single", "to_real", "to_integer"};
    static_assert(sizeof(names) / sizeof(*names) == static_cast<int>(Action::to_integer) + 1);
    return names[static_cast<int>(action)];
}

// An operand of a chain: an array in the chain's loop order, or a single number.
struct ChainInput {
    Place place;
    std::vector<Count> strides;  // one for each axis of the loop
    Slot slot;                   // where number >= 0, a single number
    bool splat = false;          // one number along the innermost axis
};

struct ChainOutput {
    Place place;
    std::vector<Count> strides;
};

// `inputs` of a node: below 0, the input -1 - i of the chain; from 0, the node i.
struct ChainNode {
    Word word;
    int inputs[3];
    int output = -1;  // where it goes besides: an output of the chain
};

// One loop over a block, where no generated loop does the whole chain: a word of it, or two, of
// which the second reads what the first has made. Where operands and the result lie is a place in
// the chain's table: its inputs, then its outputs, then blocks of scratch memory.
struct Pass {
    int loop = 0;         // among the kernels' loops
    int given[3] = {};    // operands that the loop does not have are like its first
    unsigned splats = 0;  // bit k: operand k is one number
    int to = 0;
};

struct Chain {
    std::vector<Count> sizes;  // of the loop, outermost first
    std::vector<ChainInput> inputs;
    std::vector<ChainOutput> outputs;
    std::vector<ChainNode> nodes;
    std::string signature;
    int fused = -1;  // the generated loop that does the whole chain
    std::vector<Pass> passes;
    int scratches = 0;  // blocks of scratch memory
};

// c[i, j] = sum over p of a[i, p] b[p, j], for each place of the batch axes.
struct Product {
    Count rows, columns, depth;
    Place a, b, c;
    Count a_row, a_depth, b_depth, b_column, c_row;       // c is contiguous along columns
    std::vector<Count> batch, batch_a, batch_b, batch_c;  // sizes, and strides of each
    enum class Way : std::uint8_t { direct, packed, dots, blocked, library } way = Way::direct;
    Place packed;  // scratch for b with its columns contiguous
    Count packed_row = 0;
    bool sums = false;
    bool adds_batches = false;  // the batch's products are added up in one place
    double flops() const { return 2.0 * rows * columns * depth; }
};

inline const char* name_of(Product::Way way) {
    static const char* const names[] = {"direct", "packed", "dots", "blocked", "library"};
    static_assert(sizeof(names) / sizeof(*names) == static_cast<int>(Product::Way::library) + 1);
    return names[static_cast<int>(way)];
}

struct Reduction {
    bool maximum = false;
    Kind kind = Kind::real;
    Place from, to;
    Slot slot;  // where the result is a single number
    std::vector<Count> kept, kept_strides, to_strides, gone, gone_strides;
    std::vector<Count> few;  // where few numbers lie that are reduced at each of many places
    bool sums = false;
};

struct Copy {
    std::vector<Count> sizes;
    Place from, to;
    std::vector<Count> from_strides, to_strides;
    std::size_t item;
};

// Memory that is set to zeros.
struct Clearing {
    Place place;
    Count bytes;
};

struct Indexing {
    // small[i, ...] and large[indices[i], ...]
    Place indices, small, large;
    std::vector<Count> sizes, index_strides, small_strides;  // of the axes of the index
    std::vector<Count> rest, rest_small, rest_large;         // of the axes behind it
    Count row;    // from one entry of `large` to the next
    Count bound;  // indices run from 0 to before it
    std::size_t item;
    Kind kind = Kind::real;
    bool sums = false;
};

// to[window places] += from[window places]
struct PuttingBack {
    std::vector<Count> sizes;
    Place from, to;
    std::vector<Count> from_strides, to_strides;
    Kind kind = Kind::real;
};

// A window of numbers at each of its places, in groups of channels that have nothing to do with
// each other. The numbers are packed first: outs side by side, for each tap of each channel.
struct Slide {
    SlideShape shape;  // without its taps and places, which follow
    std::vector<Tap> taps;
    std::vector<Seen> seen;
    Place from, numbers, to;
    Count groups = 1, from_group = 0, to_group = 0;
    Count number_group = 0, number_out = 0, number_mid = 0;
    std::vector<Count> number_places;  // where the numbers of a window lie
    Count packed() const {
        return shape.outs * shape.mids * static_cast<Count>(number_places.size());
    }
};

// The sum over rows and places of what stands there times what the window sees from there.
struct SlideSum {
    SlideSumShape shape;  // without what follows
    std::vector<Count> taps, x_places, y_places;
    Place x, y, to;
    Count groups = 1, x_group = 0, y_group = 0, to_group = 0;
    bool sums = false;
};

// Of each number, its share in the largest of those that belong together, times a factor. Operands:
// the numbers, the largest, the factor, what is made.
struct Largest {
    Place places[4];
    std::vector<Count> sizes, strides[4];
    std::vector<Count> offsets, to_offsets;  // of those that belong together
    Count lanes = 1;
};

// Random numbers: `element_strides` are those of the whole batch's array in the order of its axes.
struct Drawing {
    Slot seed, step, slot;
    std::uint32_t purpose = 0;
    std::vector<Count> sizes, element_strides, to_strides;
    Count row_elements = 0;  // from one row of the batch to the next
    Place to;
};

struct Plan;

// A step taken along time, as a plan of its own. Its arenas from `first_rows` on are places in the
// memory around it: that of each input, in their order, then of what it makes. The state is the
// first input, and lies where the step before has made it.
struct Scan {
    std::shared_ptr<const Plan> step;
    Count times = 0;
    struct Along {
        Place first;
        Count stride = 0;  // in bytes, from one step to the next
    };
    std::vector<Along> along;
    // Single numbers that it is given: where they are around it, and in it.
    std::vector<std::pair<Slot, Slot>> numbers;
    Place room;  // for its own arenas, then its own single numbers
};

struct SingleWord {
    Word word;
    Slot inputs[3];
    Slot output;
    int operands = 0;          // how many inputs there are
    bool on_integers = false;  // neither the inputs nor the output are reals
};

struct Conversion {
    std::vector<Count> sizes;
    Place from, to;
    std::vector<Count> from_strides, to_strides;
    Slot slot;
    Kind kind = Kind::real;
};

struct IntegerWord {
    Word word;
    std::vector<Count> sizes;
    Place places[3];
    std::vector<Count> strides[3];
    Place to;
    std::vector<Count> to_strides;
    bool to_truth = false;    // a comparison: written as floats 0 and 1
    bool first_real = false;  // where: the condition is a truth value, written as a float
};

struct Instruction {
    Action action;
    int index = 0;      // in the list of its action
    double work = 0.0;  // in nanoseconds, roughly
};

// What leaves a program after a step, or after a tile where it has rows.
struct Output {
    View view;
    Slot slot;
    Kind kind = Kind::real;
    bool single = false;
    bool rows = false;
    bool in_place = false;  // a carried value that was written where it is read
};

// What the threads' sums are added up in: a stretch of numbers, or a single one.
struct SumRegion {
    Count offset;  // in bytes, in the arena of sums
    Count elements;
    Kind kind;
};

struct InputPlace {
    View view;
    Slot slot;
    bool single = false;
    Count width = 1;  // numbers in one row
    bool transposed = false;
};

// Where the arrays that are carried or fixed lie, each kind in an arena of its own.
struct InputLayout {
    std::vector<Count> offsets;  // of each input, in bytes; 0 where it is none of these
    Count carried_bytes = 0;
    Count fixed_bytes = 0;
};
InputLayout layout_of_inputs(const Program& program);

struct Plan {
    Count rows = 0;          // of a tile
    bool rows_fast = false;  // rows are the innermost axis of a tile
    std::vector<Instruction> stages[3];
    std::vector<SingleWord> singles;
    std::vector<Chain> chains;
    std::vector<Product> products;
    std::vector<Reduction> reductions;
    std::vector<Copy> copies;
    std::vector<Clearing> clearings;
    std::vector<Indexing> indexings;
    std::vector<PuttingBack> puttings_back;
    std::vector<Slide> slides;
    std::vector<SlideSum> slide_sums;
    std::vector<Largest> largests;
    std::vector<Drawing> drawings;
    std::vector<Scan> scans;
    std::vector<Conversion> conversions;
    std::vector<IntegerWord> integer_words;
    std::vector<InputPlace> inputs;
    std::vector<Output> outputs;
    std::vector<int> count_slots;
    std::vector<SumRegion> sum_regions;
    std::vector<Slot> sum_slots;
    std::vector<std::uint64_t> slots;  // single numbers as they are before a step
    Count arena_bytes[first_rows] = {};
    std::vector<char> constant_bytes;
    Count scratch_bytes = 0;  // for the blocks of a chain
    double tile_work = 0.0;
    double other_work = 0.0;
    bool library = false;  // whether a product is left to BLAS
};

struct Choices {
    Count rows;      // of a tile
    Count all_rows;  // of the batch
    bool rows_fast;
    bool library;        // whether BLAS may be used
    Count library_from;  // multiply-adds of a product that is left to BLAS
};

Plan make_plan(const Program& program, const Choices& choices);

// Where the inputs of a step lie (empty for single numbers) and what it makes.
struct StepPlaces {
    std::vector<View> inputs;
    View made;
};
Plan make_step(const Program& step, const Choices& choices, const StepPlaces& places);

// Bytes that a scan's step takes for itself.
Count room_of(const Plan& step);

}  // namespace chainrule
