// The kernels' table: one for each instruction set and element type, chosen when the machine
// starts.

#pragma once

#include <string>

#include "program.hpp"

namespace chainrule {

enum InstructionSet : int { baseline_set, avx2_set, avx512_set, set_count };

// The numbers of a block: a chain's results between its words stay in the nearest cache.
constexpr Count block_size = 512;

template <class T>
struct Strided {
    const T* at;
    Count outer;  // from one pass of the inner loop to the next
};

template <class T>
struct StridedOutput {
    T* at;
    Count outer;
};

// out[i] = word(a[i], b[i], c[i]); bit k of `splats` says that operand k is one number.
template <class T>
using WordKernel = void (*)(const T* a, const T* b, const T* c, unsigned splats, T* out,
                            Count count);

// The words that are done in pairs, in one loop: their place among them, or -1.
constexpr int pair_words = 5;
constexpr int pair_place(Word word) {
    return word == Word::add        ? 0
           : word == Word::subtract ? 1
           : word == Word::multiply ? 2
           : word == Word::divide   ? 3
           : word == Word::sqrt     ? 4
                                    : -1;
}

// The place of a pair among the loops.
constexpr int pair_loop(Word first, Word second, bool mirrored) {
    return word_count + (pair_place(first) * pair_words + pair_place(second)) * 2 + mirrored;
}
constexpr int loop_count = word_count + pair_words * pair_words * 2;

// A whole chain in one loop: inputs walked one by one along the inner axis, or standing still, as
// the chain's signature says.
template <class T>
using ChainKernel = void (*)(const Strided<T>* inputs, const StridedOutput<T>* outputs, Count outer,
                             Count inner);

struct ProductShape {
    Count rows, columns, depth;
    Count a_row, a_depth, b_depth, b_column, c_row;
};

// In so many rows the products of a_count numbers with b_count others; with `once`, of numbers with
// themselves, each two once. Behind the last of b and of what is written there is room for a
// vector.
struct RowPairs {
    Count rows, a_count, a_row, b_count, b_row, to_row;
    bool once, add;
};

// What the blocks of a large product take, each of `block_depth` of the depth.
inline constexpr Count block_depth = 256;
template <class T>
inline constexpr Count blocks_bytes = block_depth * (1024 + 128 * static_cast<Count>(sizeof(T)));

// The kernels of windows that slide, in sliding_kernels.hpp.
template <class T>
struct SlidingKernels;

template <class T>
struct Kernels {
    // Of a word at its own place; of two at that of `pair_loop`, where the operands are those of
    // the first word, then the other one of the second: second(first(a, b), c), or second(c,
    // first(a, b)) if mirrored.
    WordKernel<T> loops[loop_count];

    // c (+)= a b, b contiguous along its columns.
    void (*product)(const ProductShape& shape, const T* a, const T* b, T* c, bool add);
    // The same where a and b are both contiguous along the depth.
    void (*dots)(const ProductShape& shape, const T* a, const T* b, T* c, bool add);
    // The same however a and b lie, for large ones; `scratch` has room for blocks_bytes.
    void (*blocked_product)(const ProductShape& shape, const T* a, const T* b, T* c, bool add,
                            T* scratch);
    // packed[p, j] = b[p, j], with rows of `packed_row` numbers.
    void (*pack)(const ProductShape& shape, const T* b, T* packed, Count packed_row);

    // to[row, pair] (+)= a[row, one] b[row, other], pairs in the order of one, then of other
    void (*row_products)(const RowPairs& pairs, const T* a, const T* b, T* to);

    // out[i] (+)= reduction over o of x[o, i]; x has rows of `stride`.
    void (*sum_down)(const T* x, Count outer, Count stride, Count inner, T* out, bool add);
    void (*max_down)(const T* x, Count outer, Count stride, Count inner, T* out, bool add);
    // out[o] (+)= reduction over i of x[o, i]
    void (*sum_along)(const T* x, Count outer, Count stride, Count inner, T* out, Count out_stride,
                      bool add);
    void (*max_along)(const T* x, Count outer, Count stride, Count inner, T* out, Count out_stride,
                      bool add);
    double (*sum_wide)(const T* x, Count inner);  // in float64
    bool (*all_finite)(const T* x, Count count);
    void (*add_into)(T* to, const T* from, Count count);

    // out[i] = 1 where a[i a_step] is b[i b_step], else 0
    void (*equal_integers)(const std::int64_t* a, Count a_step, const std::int64_t* b, Count b_step,
                           T* out, Count count);

    // out[j, i] = x[chosen i, j] for the rows from `first`; `order` may be null.
    void (*gather_transposed)(const T* x, const std::int64_t* order, Count first, Count count,
                              Count width, T* out, Count out_row);

    // bits[2 i] and bits[2 i + 1] of block first + i; room for the next multiple of 8 blocks is
    // needed.
    void (*random_bits)(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step, Count first,
                        Count blocks, std::uint64_t* bits);
    // to[i to_step] = the number between 0 and 1 of element first + i
    void (*uniform)(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step, Count first,
                    Count count, T* to, Count to_step);

    const SlidingKernels<T>* sliding;

    const char* const* chain_signatures;
    const ChainKernel<T>* chain_kernels;
    int chain_count;
};

template <class T>
const Kernels<T>& kernels_of(int set);

// The place of a generated loop among those of any set and type; -1 where there is none.
int find_chain(const std::string& signature);

bool set_runs_here(int set);
const char* set_name(int set);

}  // namespace chainrule
