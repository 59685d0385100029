#include "execution.hpp"

#include <algorithm>
#include <cstring>

#include "schedule.hpp"
#include "single_words.hpp"
#include "walking.hpp"

namespace chainrule {

namespace {

// The part of `count` that a share does, cut at multiples of `grain`.
struct Range {
    Count from, to;
    Range(Count count, Share share, Count grain) {
        const Count grains = (count + grain - 1) / grain;
        from = std::min(count, grains * share.number / share.shares * grain);
        to = std::min(count, grains * (share.number + 1) / share.shares * grain);
    }
};

// ---- chains ----

// A chain under way: where its operands stand. Nothing is cleared first, for a chain on a small tile
// takes less time than clearing would.
template <class T>
struct ChainRun {
    const Chain& chain;
    const Kernels<T>& kernels;
    Memory& memory;
    T singles[most_operands];
    const T* inputs[most_operands];
    T* outputs[most_operands];

    void place_operands(Count from) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            const ChainInput& input = chain.inputs[place];
            if (input.slot.number >= 0) {
                singles[place] = static_cast<T>(slot_number(memory, input.slot));
                inputs[place] = &singles[place];
            } else {
                inputs[place] = memory.at<T>(input.place) + from * input.strides[0];
            }
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            const ChainOutput& output = chain.outputs[place];
            outputs[place] = memory.at<T>(output.place) + from * output.strides[0];
        }
    }

    // So many steps along an axis, there or back.
    void move(std::size_t axis, Count steps) {
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            inputs[place] += steps * chain.inputs[place].strides[axis];
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            outputs[place] += steps * chain.outputs[place].strides[axis];
        }
    }

    // The two innermost axes in one fused loop; without an outer one, it is passed once.
    void run_fused(Count outer, Count inner) {
        Strided<T> given[most_operands];
        StridedOutput<T> made[most_operands];
        const std::size_t rank = chain.sizes.size();
        for (std::size_t place = 0; place < chain.inputs.size(); ++place) {
            given[place] = {inputs[place], rank > 1 ? chain.inputs[place].strides[rank - 2] : 0};
        }
        for (std::size_t place = 0; place < chain.outputs.size(); ++place) {
            made[place] = {outputs[place], rank > 1 ? chain.outputs[place].strides[rank - 2] : 0};
        }
        kernels.chain_kernels[chain.fused](given, made, outer, inner);
    }

    // One pass along the innermost axis, block by block and word by word.
    void run_words(Count inner) {
        T* scratch = reinterpret_cast<T*>(memory.scratch.data());
        const T* made[most_operands];
        for (Count start = 0; start < inner; start += block_size) {
            const Count count = std::min(block_size, inner - start);
            for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
                const ChainNode& node = chain.nodes[place];
                const T* given[3] = {};
                unsigned splats = 0;
                for (int operand = 0; operand < arity(node.word); ++operand) {
                    const int from = node.inputs[operand];
                    if (from >= 0) {
                        given[operand] = made[from];
                        continue;
                    }
                    const std::size_t input = static_cast<std::size_t>(-1 - from);
                    const bool splat = chain.inputs[input].splat;
                    given[operand] = inputs[input] + (splat ? 0 : start);
                    splats |= splat ? 1u << operand : 0u;
                }
                T* to = node.output >= 0 ? outputs[node.output] + start
                                         : scratch + node.scratch * block_size;
                kernels.words[static_cast<int>(node.word)](given[0], given[1], given[2], splats,
                                                           to, count);
                made[place] = to;
            }
        }
    }
};

template <class T>
void run_chain(const Chain& chain, const Kernels<T>& kernels, Memory& memory, Share share) {
    ChainRun<T> run{chain, kernels, memory};
    const std::size_t rank = chain.sizes.size();
    const Range range(chain.sizes[0], share, rank == 1 ? 64 : 1);
    if (range.from == range.to) {
        return;
    }
    run.place_operands(range.from);
    const bool fused = chain.fused >= 0;
    // The axes outside of what one call of a kernel walks.
    const std::size_t inside = std::min<std::size_t>(rank, fused ? 2 : 1);
    const std::size_t depth = rank - inside;
    const auto size_of = [&](std::size_t axis) {
        return axis == 0 ? range.to - range.from : chain.sizes[axis];
    };
    const Count inner = size_of(rank - 1);
    const Count outer = inside == 2 ? size_of(rank - 2) : 1;
    Count at[most_axes] = {};
    while (true) {
        if (fused) {
            run.run_fused(outer, inner);
        } else {
            run.run_words(inner);
        }
        std::size_t axis = depth;
        while (axis-- > 0) {
            if (++at[axis] < size_of(axis)) {
                run.move(axis, 1);
                break;
            }
            run.move(axis, 1 - size_of(axis));
            at[axis] = 0;
        }
        if (axis == std::size_t(-1)) {
            return;
        }
    }
}

// ---- products ----

void call_library(const Library& library, char a_way, char b_way, int m, int n, int k,
                  const float* a, int a_row, const float* b, int b_row, float beta, float* c,
                  int c_row) {
    const float one = 1.0f;
    library.narrow(&a_way, &b_way, &m, &n, &k, &one, a, &a_row, b, &b_row, &beta, c, &c_row);
}

void call_library(const Library& library, char a_way, char b_way, int m, int n, int k,
                  const double* a, int a_row, const double* b, int b_row, double beta, double* c,
                  int c_row) {
    const double one = 1.0;
    library.wide(&a_way, &b_way, &m, &n, &k, &one, a, &a_row, b, &b_row, &beta, c, &c_row);
}

// Fortran stores columns, so c^T = b^T a^T is asked for.
template <class T>
void library_product(const Library& library, const ProductShape& shape, const T* a, const T* b,
                     T* c, bool add) {
    const bool b_plain = shape.b_column == 1;
    const bool a_plain = shape.a_depth == 1;
    const Count b_row = b_plain ? shape.b_depth : shape.b_column;
    const Count a_row = a_plain ? std::max(shape.a_row, shape.depth) : shape.a_depth;
    call_library(library, b_plain ? 'N' : 'T', a_plain ? 'N' : 'T',
                 static_cast<int>(shape.columns), static_cast<int>(shape.rows),
                 static_cast<int>(shape.depth), b, static_cast<int>(b_row), a,
                 static_cast<int>(a_row), add ? T(1) : T(0), c, static_cast<int>(shape.c_row));
}

template <class T>
void run_product(const Product& product, const Kernels<T>& kernels, const Library& library,
                 Memory& memory, bool first, Share share) {
    const bool add = product.sums && !first;
    ProductShape shape{product.rows,    product.columns, product.depth,    product.a_row,
                       product.a_depth, product.b_depth, product.b_column, product.c_row};
    // A share takes some of the columns where there are more of them than rows, else of the rows.
    // What is packed is packed once, so there the columns are shared out.
    const bool by_columns =
        shape.columns >= shape.rows || product.way == Product::Way::packed;
    const Range range(by_columns ? shape.columns : shape.rows, share, by_columns ? 16 : 12);
    const Count from_row = by_columns ? 0 : range.from;
    const Count from_column = by_columns ? range.from : 0;
    (by_columns ? shape.columns : shape.rows) = range.to - range.from;
    if (shape.rows <= 0 || shape.columns <= 0) {
        return;
    }
    const T* a = memory.at<T>(product.a) + from_row * shape.a_row;
    const T* b = memory.at<T>(product.b) + from_column * shape.b_column;
    T* c = memory.at<T>(product.c) + from_row * shape.c_row + from_column;
    const std::vector<Count>* const strides[3] = {&product.batch_a, &product.batch_b,
                                                  &product.batch_c};
    walk<3>(product.batch, product.batch.size(), strides, [&](const Count* offsets) {
        const T* left = a + offsets[0];
        const T* right = b + offsets[1];
        T* to = c + offsets[2];
        switch (product.way) {
            case Product::Way::direct:
                return kernels.product(shape, left, right, to, add);
            case Product::Way::dots:
                return kernels.dots(shape, left, right, to, add);
            case Product::Way::library:
                return library_product<T>(library, shape, left, right, to, add);
            case Product::Way::packed:
                break;
        }
        const Count lanes = 64 / static_cast<Count>(sizeof(T));
        const Count row = (product.columns + lanes - 1) / lanes * lanes;
        T* packed = memory.at<T>(product.packed) + from_column;
        kernels.pack(shape, right, packed, row);
        ProductShape turned = shape;
        turned.b_depth = row;
        turned.b_column = 1;
        kernels.product(turned, left, packed, to, add);
    });
}

// ---- reductions ----

template <class T>
void reduce_reals(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory,
                  bool add) {
    const T* from = memory.at<T>(reduction.from);
    T* to = memory.at<T>(reduction.to);
    const std::vector<Count>& kept = reduction.kept;
    const std::vector<Count>& kept_strides = reduction.kept_strides;
    const std::vector<Count>& to_strides = reduction.to_strides;
    const std::vector<Count>& gone = reduction.gone;
    const std::vector<Count>& gone_strides = reduction.gone_strides;
    const bool down = kept_strides.back() == 1 && to_strides.back() == 1;
    const std::vector<Count>* const outside[2] = {&kept_strides, &to_strides};
    const std::vector<Count>* const inside[1] = {&gone_strides};
    if (down) {
        const auto reduce = reduction.maximum ? kernels.max_down : kernels.sum_down;
        walk<2>(kept, kept.size() - 1, outside, [&](const Count* offsets) {
            bool going_on = add;
            walk<1>(gone, gone.size() - 1, inside, [&](const Count* place) {
                reduce(from + offsets[0] + place[0], gone.back(), gone_strides.back(), kept.back(),
                       to + offsets[1], going_on);
                going_on = true;
            });
        });
        return;
    }
    const auto reduce = reduction.maximum ? kernels.max_along : kernels.sum_along;
    if (gone_strides.back() == 1 || gone.back() == 1) {
        walk<2>(kept, kept.size() - 1, outside, [&](const Count* offsets) {
            bool going_on = add;
            walk<1>(gone, gone.size() - 1, inside, [&](const Count* place) {
                reduce(from + offsets[0] + place[0], kept.back(), kept_strides.back(), gone.back(),
                       to + offsets[1], to_strides.back(), going_on);
                going_on = true;
            });
        });
        return;
    }
    walk<2>(kept, kept.size(), outside, [&](const Count* offsets) {
        bool going_on = add;
        walk<1>(gone, gone.size(), inside, [&](const Count* place) {
            reduce(from + offsets[0] + place[0], 1, 0, 1, to + offsets[1], 0, going_on);
            going_on = true;
        });
    });
}

// To one number, which is carried in float64.
template <class T>
void reduce_to_single(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory,
                      bool add) {
    const T* from = memory.at<T>(reduction.from);
    const std::vector<Count>& sizes = reduction.gone;
    const std::vector<Count>& strides = reduction.gone_strides;
    const std::vector<Count>* const walked[1] = {&strides};
    const bool straight = strides.back() == 1;
    double total = 0.0;
    bool first = true;
    walk<1>(sizes, sizes.size() - (straight ? 1 : 0), walked, [&](const Count* offsets) {
        const T* row = from + offsets[0];
        const Count inner = straight ? sizes.back() : 1;
        if (!reduction.maximum) {
            total += kernels.sum_wide(row, inner);
            return;
        }
        T largest;
        kernels.max_along(row, 1, 0, inner, &largest, 0, false);
        const double here = static_cast<double>(largest);
        total = first || here != here || here > total ? (total != total ? total : here) : total;
        first = false;
    });
    set_slot(memory, reduction.slot,
             add ? slot_number(memory, reduction.slot) + total : total);
}

template <class T>
void reduce_integers(const Reduction& reduction, Memory& memory, bool add) {
    const std::vector<Count>& kept = reduction.kept;
    const std::vector<Count>& kept_strides = reduction.kept_strides;
    const std::vector<Count>& to_strides = reduction.to_strides;
    const std::vector<Count>& gone = reduction.gone;
    const std::vector<Count>& gone_strides = reduction.gone_strides;
    const bool single = reduction.slot.number >= 0;
    const std::vector<Count>* const outside[2] = {&kept_strides, &to_strides};
    const std::vector<Count>* const inside[1] = {&gone_strides};
    walk<2>(kept, kept.size(), outside, [&](const Count* offsets) {
        std::int64_t made = 0;
        bool first = true;
        walk<1>(gone, gone.size(), inside, [&](const Count* place) {
            const Count at = offsets[0] + place[0];
            const std::int64_t here =
                reduction.kind == Kind::integer
                    ? memory.at<std::int64_t>(reduction.from)[at]
                    : static_cast<std::int64_t>(memory.at<T>(reduction.from)[at]);
            made = reduction.maximum ? (first ? here : std::max(made, here)) : made + here;
            first = false;
        });
        if (single) {
            const std::int64_t before = add ? slot_integer(memory, reduction.slot) : 0;
            set_slot(memory, reduction.slot, before + made);
        } else {
            std::int64_t* to = memory.at<std::int64_t>(reduction.to) + offsets[1];
            *to = add ? *to + made : made;
        }
    });
}

template <class T>
void run_reduction(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory,
                   bool first) {
    const bool add = reduction.sums && !first;
    if (reduction.kind != Kind::real) {
        reduce_integers<T>(reduction, memory, add);
    } else if (reduction.slot.number >= 0) {
        reduce_to_single<T>(reduction, kernels, memory, add);
    } else {
        reduce_reals<T>(reduction, kernels, memory, add);
    }
}

// ---- choosing by index ----

template <class Item, bool Adding>
void run_indexing(const Indexing& indexing, Memory& memory) {
    const std::int64_t* indices = memory.at<std::int64_t>(indexing.indices);
    Item* small = memory.at<Item>(indexing.small);
    Item* large = memory.at<Item>(indexing.large);
    const std::vector<Count>* const outside[2] = {&indexing.index_strides, &indexing.small_strides};
    const std::vector<Count>* const inside[2] = {&indexing.rest_small, &indexing.rest_large};
    walk<2>(indexing.sizes, indexing.sizes.size(), outside, [&](const Count* offsets) {
        Count chosen = indices[offsets[0]];
        chosen += chosen < 0 ? indexing.bound : 0;
        if (chosen < 0 || chosen >= indexing.bound) {
            throw std::out_of_range("an index lies outside the axis that it chooses from");
        }
        Item* one = small + offsets[1];
        Item* other = large + chosen * indexing.row;
        walk<2>(indexing.rest, indexing.rest.size(), inside, [&](const Count* place) {
            if (Adding) {
                other[place[1]] += one[place[0]];
            } else {
                one[place[0]] = other[place[1]];
            }
        });
    });
}

template <class T>
void run_add_at(const Indexing& indexing, Memory& memory, bool first) {
    if (!indexing.sums || first) {
        // The result was made for this, so it is one stretch, apart from the ends of a tile's rows.
        const std::vector<Count>* const inside[1] = {&indexing.rest_large};
        char* to = memory.at<char>(indexing.large);
        for (Count one = 0; one < indexing.bound; ++one) {
            walk<1>(indexing.rest, indexing.rest.size(), inside, [&](const Count* place) {
                const Count at = one * indexing.row + place[0];
                std::memset(to + at * static_cast<Count>(indexing.item), 0, indexing.item);
            });
        }
    }
    if (indexing.kind == Kind::integer) {
        run_indexing<std::int64_t, true>(indexing, memory);
    } else {
        run_indexing<T, true>(indexing, memory);
    }
}

// ---- conversions and integers ----

template <class From, class To>
void convert_numbers(const Conversion& conversion, Memory& memory) {
    const From* from = memory.at<From>(conversion.from);
    To* to = memory.at<To>(conversion.to);
    const std::vector<Count>* const strides[2] = {&conversion.from_strides,
                                                  &conversion.to_strides};
    walk<2>(conversion.sizes, conversion.sizes.size(), strides, [&](const Count* offsets) {
        to[offsets[1]] = static_cast<To>(from[offsets[0]]);
    });
}

template <class T>
void to_single(const Conversion& conversion, Memory& memory) {
    if (conversion.kind == Kind::integer) {
        set_slot(memory, conversion.slot, *memory.at<std::int64_t>(conversion.from));
    } else {
        set_slot(memory, conversion.slot, static_cast<double>(*memory.at<T>(conversion.from)));
    }
}

template <class T>
void from_single(const Conversion& conversion, Memory& memory) {
    if (conversion.kind == Kind::integer) {
        *memory.at<std::int64_t>(conversion.to) = slot_integer(memory, conversion.slot);
    } else {
        *memory.at<T>(conversion.to) = static_cast<T>(slot_number(memory, conversion.slot));
    }
}

template <class T>
void run_integers(const IntegerWord& word, Memory& memory) {
    const int count = arity(word.word);
    const std::int64_t* given[3] = {};
    // Operands that the word does not have are walked like the result, and not read.
    const std::vector<Count>* strides[3] = {&word.to_strides, &word.to_strides, &word.to_strides};
    for (int operand = 0; operand < count; ++operand) {
        given[operand] = memory.at<std::int64_t>(word.places[operand]);
        strides[operand] = &word.strides[operand];
    }
    const T* condition = memory.at<T>(word.places[0]);
    const std::vector<Count>* const walked[4] = {strides[0], strides[1], strides[2],
                                                 &word.to_strides};
    walk<4>(word.sizes, word.sizes.size(), walked, [&](const Count* offsets) {
        std::int64_t numbers[3] = {};
        for (int operand = 0; operand < count; ++operand) {
            const bool real = operand == 0 && word.first_real;
            numbers[operand] = real ? condition[offsets[0]] != T(0)
                                    : given[operand][offsets[operand]];
        }
        const std::int64_t made = integer_word(word.word, numbers[0], numbers[1], numbers[2]);
        if (word.to_truth) {
            memory.at<T>(word.to)[offsets[3]] = static_cast<T>(made);
        } else {
            memory.at<std::int64_t>(word.to)[offsets[3]] = made;
        }
    });
}

template <class Item>
void copy_items(const std::vector<Count>& sizes, const Item* from,
                const std::vector<Count>& from_strides, Item* to,
                const std::vector<Count>& to_strides) {
    const std::size_t rank = sizes.size();
    const Count inner = rank > 0 ? sizes[rank - 1] : 1;
    const Count from_step = rank > 0 ? from_strides[rank - 1] : 0;
    const Count to_step = rank > 0 ? to_strides[rank - 1] : 0;
    const std::vector<Count>* const strides[2] = {&from_strides, &to_strides};
    walk<2>(sizes, rank > 0 ? rank - 1 : 0, strides, [&](const Count* offsets) {
        const Item* source = from + offsets[0];
        Item* target = to + offsets[1];
        if (from_step == 1 && to_step == 1) {
            std::memcpy(target, source, static_cast<std::size_t>(inner) * sizeof(Item));
            return;
        }
        for (Count place = 0; place < inner; ++place) {
            target[place * to_step] = source[place * from_step];
        }
    });
}

// Comparing labels with the numbers of the classes is what every step of a classifier does.
template <class T>
bool compare_equal(const IntegerWord& word, Memory& memory) {
    const std::size_t rank = word.sizes.size();
    if (word.word != Word::equal || rank != 2) {
        return false;
    }
    const std::int64_t* a = memory.at<std::int64_t>(word.places[0]);
    const std::int64_t* b = memory.at<std::int64_t>(word.places[1]);
    T* to = memory.at<T>(word.to);
    for (Count row = 0; row < word.sizes[0]; ++row) {
        const std::int64_t* left = a + row * word.strides[0][0];
        const std::int64_t* right = b + row * word.strides[1][0];
        T* made = to + row * word.to_strides[0];
        const Count left_step = word.strides[0][1];
        const Count right_step = word.strides[1][1];
        for (Count place = 0; place < word.sizes[1]; ++place) {
            made[place * word.to_strides[1]] =
                left[place * left_step] == right[place * right_step] ? T(1) : T(0);
        }
    }
    return true;
}

}  // namespace

void copy_strided(const std::vector<Count>& sizes, const char* from,
                  const std::vector<Count>& from_strides, char* to,
                  const std::vector<Count>& to_strides, std::size_t item) {
    if (item == 8) {
        copy_items(sizes, reinterpret_cast<const std::uint64_t*>(from), from_strides,
                   reinterpret_cast<std::uint64_t*>(to), to_strides);
    } else {
        copy_items(sizes, reinterpret_cast<const std::uint32_t*>(from), from_strides,
                   reinterpret_cast<std::uint32_t*>(to), to_strides);
    }
}

template <class T>
void execute(const Plan& plan, const Instruction& instruction, const Kernels<T>& kernels,
             const Library& library, Memory& memory, bool first, Share share) {
    const std::size_t index = static_cast<std::size_t>(instruction.index);
    switch (instruction.action) {
        case Action::single:
            return run_single(plan.singles[index], memory);
        case Action::chain:
            return run_chain<T>(plan.chains[index], kernels, memory, share);
        case Action::integers:
            if (!compare_equal<T>(plan.integer_words[index], memory)) {
                run_integers<T>(plan.integer_words[index], memory);
            }
            return;
        case Action::product:
            return run_product<T>(plan.products[index], kernels, library, memory, first, share);
        case Action::reduce:
            return run_reduction<T>(plan.reductions[index], kernels, memory, first);
        case Action::copy: {
            const Copy& copy = plan.copies[index];
            return copy_strided(copy.sizes, memory.at<char>(copy.from), copy.from_strides,
                                memory.at<char>(copy.to), copy.to_strides, copy.item);
        }
        case Action::fill: {
            const Copy& zeros = plan.copies[index];
            std::memset(memory.at<char>(zeros.to), 0, static_cast<std::size_t>(zeros.sizes[0]));
            return;
        }
        case Action::take:
            if (plan.indexings[index].item == 8) {
                return run_indexing<std::uint64_t, false>(plan.indexings[index], memory);
            }
            return run_indexing<std::uint32_t, false>(plan.indexings[index], memory);
        case Action::add_at:
            return run_add_at<T>(plan.indexings[index], memory, first);
        case Action::to_single:
            return to_single<T>(plan.conversions[index], memory);
        case Action::from_single:
            return from_single<T>(plan.conversions[index], memory);
        case Action::to_real:
            return convert_numbers<std::int64_t, T>(plan.conversions[index], memory);
        case Action::to_integer:
            return convert_numbers<T, std::int64_t>(plan.conversions[index], memory);
    }
}

template void execute<float>(const Plan&, const Instruction&, const Kernels<float>&,
                             const Library&, Memory&, bool, Share);
template void execute<double>(const Plan&, const Instruction&, const Kernels<double>&,
                              const Library&, Memory&, bool, Share);

}  // namespace chainrule
