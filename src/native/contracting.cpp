// Lowering of the words that contract: matrix products, sums and maxima over axes.

#include <algorithm>
#include <limits>

#include "kernels.hpp"
#include "lowering.hpp"

namespace chainrule {

namespace {

// Multiplications from which bringing both operands into order costs less than it gains; over a
// short depth that is later.
constexpr Count blocked_from = 4 * 1000 * 1000;

// The strides of an operand along the batch axes of the result: 0 where it is spread.
std::vector<Count> batch_strides(const View& view, std::size_t rank) {
    const std::size_t own = view.axes.size() - 2;
    std::vector<Count> strides(rank, 0);
    for (std::size_t axis = rank - own; axis < rank; ++axis) {
        const Axis& one = view.axes[axis + own - rank];
        strides[axis] = one.size == 1 ? 0 : one.stride;
    }
    return strides;
}

// The product of two views into a third.
Product product_of(const View& a, const View& b, const View& c) {
    Product made;
    const Axis* a_axes = &a.axes[a.axes.size() - 2];
    const Axis* b_axes = &b.axes[b.axes.size() - 2];
    const Axis* c_axes = &c.axes[c.axes.size() - 2];
    made.rows = c_axes[0].size;
    made.columns = c_axes[1].size;
    made.depth = a_axes[1].size;
    made.a = a.place;
    made.b = b.place;
    made.a_row = a_axes[0].stride;
    made.a_depth = a_axes[1].stride;
    made.b_depth = b_axes[0].stride;
    made.b_column = b_axes[1].stride;
    made.c_row = c_axes[0].stride;
    made.batch_a = batch_strides(a, c.axes.size() - 2);
    made.batch_b = batch_strides(b, c.axes.size() - 2);
    return made;
}

// c^T = b^T a^T: rows and columns, and with them a and b, change places.
void swap_sides(Product& product, Count c_column) {
    std::swap(product.rows, product.columns);
    std::swap(product.a, product.b);
    std::swap(product.batch_a, product.batch_b);
    std::swap(product.a_row, product.b_column);
    std::swap(product.a_depth, product.b_depth);
    product.c_row = c_column;
}

struct Kept {
    Count size, stride, to_stride;
};

// Puts the axes of a reduction in the order of its loops: the fastest last, as few as there can be.
void set_axes(Reduction& made, std::vector<Kept> kept, std::vector<Axis> gone) {
    const auto slower = [](const auto& left, const auto& right) {
        return left.stride > right.stride;
    };
    std::stable_sort(gone.begin(), gone.end(), slower);
    std::stable_sort(kept.begin(), kept.end(), slower);
    for (const Kept& one : kept) {
        made.kept.push_back(one.size);
        made.kept_strides.push_back(one.stride);
        made.to_strides.push_back(one.to_stride);
    }
    for (const Axis& one : gone) {
        made.gone.push_back(one.size);
        made.gone_strides.push_back(one.stride);
    }
    join_axes(made.kept, {&made.kept_strides, &made.to_strides});
    join_axes(made.gone, {&made.gone_strides});
}

}  // namespace

// How a product runs: by a BLAS where it is large, by own kernels as its operands lie.
Product::Way Lowering::way_of(const Product& one) const {
    const bool a_fits = one.a_row == 1 || one.a_depth == 1;
    const bool b_fits = one.b_column == 1 || one.b_depth == 1;
    const Count multiplications = one.rows * one.columns * one.depth;
    const bool large = multiplications >= choices_.library_from &&
                       std::min({one.rows, one.columns, one.depth}) >= 8;
    // A BLAS counts in int.
    constexpr Count most = std::numeric_limits<int>::max();
    const bool countable = std::max({one.rows, one.columns, one.depth, one.a_row, one.a_depth,
                                     one.b_depth, one.b_column, one.c_row}) <= most;
    if (choices_.library && large && a_fits && b_fits && countable) {
        return Product::Way::library;
    }
    const bool deep = one.depth >= 256 && multiplications >= blocked_from;
    if ((deep || multiplications >= 4 * blocked_from) && one.rows >= 12 && one.columns >= 32) {
        return Product::Way::blocked;
    }
    const bool both_along_depth = one.a_depth == 1 && one.b_depth == 1;
    if (one.b_column == 1 || one.columns == 1) {
        return one.columns == 1 && both_along_depth ? Product::Way::dots : Product::Way::direct;
    }
    const bool narrow = one.rows < 8 || one.columns < 8 || one.depth >= 512;
    return both_along_depth && narrow ? Product::Way::dots : Product::Way::packed;
}

// What a step multiplies with at every time is brought into the order of its product once.
View Lowering::factor_of_steps(int value, const View& given) {
    const bool once = step_places_ != nullptr && stage_now_ == 1 && given.axes.size() == 2 &&
                      program_.values[value].mark == Mark::fixed && !whole_number(value) &&
                      given.axes[1].stride != 1 && given.axes[1].size > 1;
    if (!once) {
        return given;
    }
    View ordered;
    ordered.axes = side_by_side(given.axes);
    const Count bytes = bytes_of(value);
    ordered.place = {shared, shared_memory_.take(bytes)};
    stage_now_ = 0;
    copy(given, ordered, program_.item());
    stage_now_ = 1;
    return ordered;
}

void Lowering::lower_product(const Equation& equation) {
    const int output = equation.output;
    const View a = real_view(equation.inputs[0]);
    const View b = factor_of_steps(equation.inputs[1], real_view(equation.inputs[1]));
    const View c = make(output);
    Product made = product_of(a, b, c);
    made.sums = arena_of(output) == sums;
    View target = c;
    // In a tile whose rows are the fastest axis, these are the columns of the product.
    const int rows = choices_.rows_fast ? rows_axis_of(output) : -1;
    const int rank = static_cast<int>(c.axes.size());
    const Count c_column = c.axes.back().stride;
    const bool rows_first = rows >= 0 && rows == rank - 2;
    const bool rows_last = rows >= 0 && rows == rank - 1;
    const bool straight = rows_last || (!rows_first && (c_column == 1 || made.columns == 1));
    const bool turned = rows_first || (!rows_last && (made.c_row == 1 || made.rows == 1));
    if (!straight && !turned) {
        // Made with its columns side by side, then put where it belongs.
        target = temporary_like(side_by_side(c.axes), working_arena(), program_.item());
        made.c_row = target.axes[target.axes.size() - 2].stride;
    } else if (turned && (!straight || (made.columns == 1 && made.rows > 1))) {
        swap_sides(made, c_column);
    }
    made.c = target.place;
    double batches = 1.0;
    for (std::size_t axis = 0; axis + 2 < target.axes.size(); ++axis) {
        made.batch.push_back(target.axes[axis].size);
        made.batch_c.push_back(target.axes[axis].stride);
        batches *= static_cast<double>(target.axes[axis].size);
    }
    const double flops = batches * made.flops();
    // The ends of a tile's rows are memory of its own, so that whole vectors may be written there.
    if ((rows_first || rows_last) && made.b_column == 1) {
        made.columns = padded_rows_;
    }
    add_product(made, flops);
    if (target.place.arena != c.place.arena || target.place.offset != c.place.offset) {
        copy(target, c, program_.item());
    }
}

// Settles how a product runs, and gives it the memory that this takes.
void Lowering::add_product(Product& made, double flops) {
    made.way = way_of(made);
    plan_.library = plan_.library || made.way == Product::Way::library;
    if (made.way == Product::Way::blocked) {
        plan_.scratch_bytes = std::max(plan_.scratch_bytes,
                                       program_.wide ? blocks_bytes<double> : blocks_bytes<float>);
    }
    if (made.way == Product::Way::packed) {
        made.packed_row = whole_lines(made.columns, program_.item());
        const std::vector<Axis> axes{{made.depth, made.packed_row}, {made.packed_row, 1}};
        made.packed = temporary_like(axes, working_arena(), program_.item()).place;
    }
    plan_.products.push_back(made);
    add(Action::product, plan_.products.size() - 1, 20.0 + flops / (program_.wide ? 25.0 : 50.0));
}

// The depth is the axis along which both lie closest; what is left of the axes in front is added
// up, one product after another.
void Lowering::lower_contract(const Equation& equation) {
    const View a = real_view(equation.inputs[0]);
    const View b = real_view(equation.inputs[1]);
    const View& c = make(equation.output);
    struct Shared {
        Count size, a, b;
    };
    std::vector<Shared> shared_axes;
    Count depth = 1;
    for (std::size_t axis = 0; axis + 1 < a.axes.size(); ++axis) {
        shared_axes.push_back({a.axes[axis].size, a.axes[axis].stride, b.axes[axis].stride});
        depth *= a.axes[axis].size;
    }
    if (depth == 0) {
        clear(c.place, bytes_of(equation.output));
        return;
    }
    std::stable_sort(shared_axes.begin(), shared_axes.end(),
                     [](const Shared& one, const Shared& two) {
                         return std::min(one.a, one.b) > std::min(two.a, two.b);
                     });
    Product made;
    for (const Shared& one : shared_axes) {
        made.batch.push_back(one.size);
        made.batch_a.push_back(one.a);
        made.batch_b.push_back(one.b);
    }
    join_axes(made.batch, {&made.batch_a, &made.batch_b});
    made.depth = made.batch.back();
    made.a_depth = made.batch_a.back();
    made.b_depth = made.batch_b.back();
    made.batch.pop_back();
    made.batch_a.pop_back();
    made.batch_b.pop_back();
    made.batch_c.assign(made.batch.size(), 0);
    made.adds_batches = true;
    made.rows = a.axes.back().size;
    made.columns = b.axes.back().size;
    made.a = a.place;
    made.b = b.place;
    made.c = c.place;
    made.a_row = a.axes.back().stride;
    made.b_column = b.axes.back().stride;
    made.c_row = c.axes[0].stride;
    made.sums = arena_of(equation.output) == sums;
    add_product(made, 2.0 * static_cast<double>(depth * made.rows * made.columns));
}

// Over no numbers, a sum is 0; a maximum is not there.
void Lowering::reduce_nothing(const Equation& equation, const Reduction& reduction) {
    if (reduction.maximum) {
        throw std::invalid_argument("a maximum over no entries does not exist");
    }
    if (reduction.slot.number >= 0) {
        add_single({Word::subtract, {reduction.slot, reduction.slot, {}}, reduction.slot});
        return;
    }
    clear(reduction.to, bytes_of(equation.output));
}

// Few numbers at each of many places, lanes side by side: found by a list of where they lie.
void Lowering::find_few(Reduction& made) const {
    constexpr Count most_few = 64;
    constexpr Count most_lanes = 1024;
    Count few = 1;
    for (Count size : made.gone) {
        few *= size;
    }
    const bool straight = made.kept_strides.back() == 1 && made.to_strides.back() == 1;
    if (made.kind != Kind::real || made.slot.number >= 0 || made.sums || !straight ||
        made.kept.size() < 2 || made.kept.back() > most_lanes || few > most_few) {
        return;
    }
    made.few = offsets_over(made.gone, made.gone_strides);
}

void Lowering::lower_reduction(const Equation& equation) {
    const int input = equation.inputs[0];
    const int output = equation.output;
    const View from = array_of(input);
    const std::size_t rank = from.axes.size();
    Reduction made;
    made.maximum = equation.word == Word::max_over;
    made.kind = program_.values[input].kind;
    made.from = from.place;
    made.sums = program_.values[output].mark == Mark::sum && !program_.coupled();
    std::vector<bool> reduced(rank, false);
    for (Count axis : equation.numbers) {
        reduced[static_cast<std::size_t>(axis)] = true;
    }
    View to;
    if (single(output)) {
        made.slot = slot_of(output);
        if (made.sums) {
            plan_.sum_slots.push_back(made.slot);
        }
    } else {
        to = make(output);
        made.to = to.place;
    }
    const bool keepdims = to.axes.size() == rank;
    const int rows = rows_axis_of(output);
    std::vector<Kept> kept;
    std::vector<Axis> gone;
    std::size_t at = 0;
    double elements = 1.0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
        const Axis& one = from.axes[axis];
        elements *= static_cast<double>(one.size);
        if (reduced[axis]) {
            gone.push_back(one);
            at += keepdims ? 1 : 0;
            continue;
        }
        const bool padded = choices_.rows_fast && static_cast<int>(at) == rows && one.stride == 1;
        kept.push_back({padded ? padded_rows_ : one.size, one.stride, to.axes[at].stride});
        ++at;
    }
    set_axes(made, kept, gone);
    if (elements == 0.0) {
        reduce_nothing(equation, made);
        return;
    }
    find_few(made);
    plan_.reductions.push_back(made);
    add(Action::reduce, plan_.reductions.size() - 1, 10.0 + 0.15 * elements);
}

}  // namespace chainrule
