// Lowering: from a program and a number of rows to a plan. Places and shapes are settled here; the
// machine only follows.

#pragma once

#include "memory.hpp"
#include "plan.hpp"
#include "schedule.hpp"

namespace chainrule {

class Lowering {
public:
    // `places`: of a step that is taken along time; null for a program by itself.
    Lowering(const Program& program, const Choices& choices, const StepPlaces* places = nullptr);
    Plan run();

private:
    // ---- lowering.cpp and places.cpp: values, their places and their lives ----
    void find_roots();
    void find_lives();
    void place_inputs();
    void place_constants();
    void place_parts_of_joins();
    void place_carried();
    bool lies_in_rows_of_join(int part, const Equation& join) const;
    bool is_written_along(int value, const std::vector<Axis>& axes) const;
    void emit(const Group& group);
    void emit_other(const Equation& equation);
    void free_spent(int position);
    void finish_outputs();

    Count size_of(Count size) const { return size == rows_size ? choices_.rows : size; }
    std::vector<Count> sizes_of(int value) const;
    int rows_axis_of(int value) const;
    std::vector<int> axis_order(int value) const;
    std::vector<Axis> fresh_axes(int value) const;
    std::size_t item_of(int value) const;
    Count bytes_of(int value) const;
    int arena_of(int value) const;
    MemoryPlan& memory_of(int arena);
    int working_arena() const { return stage_now_ == 1 ? tile : shared; }
    const View& make(int value);  // gives a value its place
    View temporary(int value, std::size_t item);
    View temporary_like(const std::vector<Axis>& axes, int arena, std::size_t item);
    Slot slot_of(int value);
    bool single(int value) const { return program_.values[value].single(); }
    bool whole_number(int value) const { return program_.values[value].kind == Kind::integer; }
    void add(Action action, std::size_t index, double work);

    // ---- rearranging.cpp: words that move numbers ----
    void lower_reshape(const Equation& equation);
    void lower_transpose(const Equation& equation);
    void lower_slice(const Equation& equation);
    void lower_pad(const Equation& equation);
    void lower_concatenate(const Equation& equation);
    void lower_indexing(const Equation& equation, Action action);
    void copy(const View& from, const View& to, std::size_t item);
    void clear(const Place& place, Count bytes);
    void convert(const View& from, const View& to, Action action);
    void read_single(const Place& from, int value);  // an array of one element to its slot
    void write_single(int value, const Place& to);   // and back
    View array_of(int value);   // the view of an array, or of a single number as one
    View real_view(int value);  // with integers turned into floats

    // ---- windows.cpp: windows as views, and what is put back; random numbers ----
    void lower_windows(const Equation& equation);
    void lower_overlap_add(const Equation& equation);
    void find_put_back();
    bool put_back_in_place(const Equation& equation) const;
    View place_in_windows(const Equation& equation);
    void lower_random(const Equation& equation);
    void lower_largest(const Equation& equation);
    void set_together(Largest& made, const Equation& equation) const;
    void set_loop(Largest& made, const Equation& equation) const;

    // ---- scanning.cpp: a step taken along time ----
    void lower_scan(const Equation& equation);
    View start_of(int value, const View& state, std::size_t item);
    void place_step();
    void finish_step();

    // ---- convolving.cpp ----
    void lower_convolve(const Equation& equation);
    void lower_convolve_weights(const Equation& equation);
    View rows_last(int value, const std::vector<Count>& before, const std::vector<Count>& after);
    View made_rows_last(int output);
    void add_slide(const Equation& equation, Slide& made, const View& from, const View& to);

    // ---- chains.cpp: elementwise words ----
    void lower_chain(const std::vector<int>& equations);
    void lower_integers(const Equation& equation);
    void lower_single(const Equation& equation);
    void add_single(SingleWord made);
    // The axes of the value that a chain's loop goes over, outermost first, and their sizes.
    struct Loop {
        std::vector<int> order;
        std::vector<Count> sizes;
        int rows;  // the axis of rows, or -1
    };
    ChainInput chain_input(int value, const Loop& loop);
    View straightened(const View& given, const Loop& loop);
    void add_nodes(Chain& chain, const std::vector<int>& equations, const Loop& loop);
    void add_results(Chain& chain, const std::vector<int>& equations, const Loop& loop);
    void set_sizes(Chain& chain, const Loop& loop) const;
    std::vector<bool> asked_for(const std::vector<int>& equations) const;

    // ---- contracting.cpp: products and reductions ----
    void lower_product(const Equation& equation);
    void lower_contract(const Equation& equation);
    View factor_of_steps(int value, const View& given);
    void add_product(Product& made, double flops);
    Product::Way way_of(const Product& one) const;
    void lower_reduction(const Equation& equation);
    void find_few(Reduction& made) const;
    void reduce_nothing(const Equation& equation, const Reduction& reduction);

    const Program& program_;
    const Choices& choices_;
    const StepPlaces* const step_places_;
    Plan plan_;
    Schedule schedule_;
    Count padded_rows_;
    std::vector<View> views_;
    std::vector<Slot> slots_;
    std::vector<bool> made_;
    std::vector<int> root_;
    std::vector<int> maker_;
    std::vector<int> last_use_;
    std::vector<int> stage_;
    struct Part {
        int join = -1;
        Count start = 0;  // along the first axis, or the one that is joined
        int axis = 0;
        bool rows = false;  // it lies among the rows of the join, and has its strides
    };
    std::vector<Part> part_of_;        // of each value: the join that it is a part of
    std::vector<int> put_back_;        // of each value: the equation that puts it back in place
    std::vector<int> carried_target_;  // of each value: the carried input that it replaces
    std::vector<Count> bytes_taken_;   // of each root
    MemoryPlan shared_memory_, tile_memory_, sums_memory_;
    struct Temporary {
        int arena;
        Count start, bytes;
    };
    std::vector<Temporary> temporaries_;  // of the group under way
    int stage_now_ = 0;
    int position_now_ = 0;
};

// How often each value is read or asked for.
std::vector<int> reader_counts(const Program& program);

// Where the numbers of an array lie, in its order.
std::vector<Count> offsets_over(const std::vector<Count>& sizes, const std::vector<Count>& strides);

// The same axes, one number after another.
std::vector<Axis> side_by_side(std::vector<Axis> axes);

// Joins neighbouring axes that are walked as one; `strides` holds a list for each array.
void join_axes(std::vector<Count>& sizes, std::vector<std::vector<Count>*> strides);

}  // namespace chainrule
