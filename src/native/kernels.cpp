// The kernels, compiled once for each instruction set (CHAINRULE_SET names it).

#include "kernels.hpp"

#include "blocked_products.hpp"
#include "fusing.hpp"
#include "random_bits.hpp"
#include "reductions.hpp"
#include "row_products.hpp"
#include "words.hpp"

namespace chainrule {
namespace CHAINRULE_SET {

// In sliding_kernels.cpp, by the type of what is given.
const SlidingKernels<float>& sliding_kernels(float);
const SlidingKernels<double>& sliding_kernels(double);

// ---- elementwise words: a loop for each ----

#define CHAINRULE_INLINE_BODY __attribute__((always_inline))

// How a loop moves numbers: a whole vector, or the part of one that is left at the end.
template <class T>
struct Whole {
    CHAINRULE_INLINE V<T> from(const T* place) const { return load(place); }
    CHAINRULE_INLINE void to(T* place, V<T> value) const { store(place, value); }
};
template <class T>
struct Part {
    int count;
    CHAINRULE_INLINE V<T> from(const T* place) const { return load_part(place, count); }
    CHAINRULE_INLINE void to(T* place, V<T> value) const { store_part(place, value, count); }
};

// Calls `body(place, moving)` for every vector of a row, four to a turn: in the loop of a cheap
// word the counting would otherwise take as long as the word.
template <class T, class Body>
CHAINRULE_INLINE void along(Count count, Body body) {
    constexpr Count lanes = Lanes<T>::N;
    constexpr Count turn = 4;
    Count place = 0;
    for (; place + turn * lanes <= count; place += turn * lanes) {
        for (Count one = 0; one < turn; ++one) {
            body(place + one * lanes, Whole<T>{});
        }
    }
    for (; place + lanes <= count; place += lanes) {
        body(place, Whole<T>{});
    }
    if (place < count) {
        body(place, Part<T>{static_cast<int>(count - place)});
    }
}

// The same one vector at a time, for words that take many instructions.
template <class T, class Body>
CHAINRULE_INLINE void one_by_one(Count count, Body body) {
    constexpr Count lanes = Lanes<T>::N;
    Count place = 0;
    for (; place + lanes <= count; place += lanes) {
        body(place, Whole<T>{});
    }
    if (place < count) {
        body(place, Part<T>{static_cast<int>(count - place)});
    }
}

// A number as a word takes it: a word of truth values asks whether it is not 0.
template <class Word, class X>
CHAINRULE_INLINE auto operand_of(X number) {
    if constexpr (Word::of_truths) {
        return number != X{};
    } else {
        return number;
    }
}
// What a word makes of numbers, as numbers.
template <class Word, class X, class... More>
CHAINRULE_INLINE X on_numbers(X number, More... more) {
    return as_number<X>(Word::apply(operand_of<Word>(number), operand_of<Word>(more)...));
}

template <class T, class Word>
void unary(const T* a, const T*, const T*, unsigned splats, T* out, Count count) {
    if (splats & 1u) {
        const V<T> value = on_numbers<Word>(splat(*a));
        along<T>(count, [=](Count place, auto moving)
                            CHAINRULE_INLINE_BODY { moving.to(out + place, value); });
        return;
    }
    one_by_one<T>(count, [=](Count place, auto moving) CHAINRULE_INLINE_BODY {
        moving.to(out + place, on_numbers<Word>(moving.from(a + place)));
    });
}

template <class T, class Word, bool SplatA, bool SplatB>
CHAINRULE_INLINE void binary_loop(const T* a, const T* b, T* out, Count count) {
    const V<T> one_a = splat(*a);
    const V<T> one_b = splat(*b);
    const auto body = [=](Count place, auto moving) CHAINRULE_INLINE_BODY {
        const V<T> left = SplatA ? one_a : moving.from(a + place);
        const V<T> right = SplatB ? one_b : moving.from(b + place);
        moving.to(out + place, on_numbers<Word>(left, right));
    };
    if constexpr (std::is_same_v<Word, Power>) {
        one_by_one<T>(count, body);
    } else {
        along<T>(count, body);
    }
}

template <class T, class Word>
void binary(const T* a, const T* b, const T*, unsigned splats, T* out, Count count) {
    switch (splats & 3u) {
        case 0:
            return binary_loop<T, Word, false, false>(a, b, out, count);
        case 1:
            return binary_loop<T, Word, true, false>(a, b, out, count);
        case 2:
            return binary_loop<T, Word, false, true>(a, b, out, count);
        default:
            return binary_loop<T, Word, true, true>(a, b, out, count);
    }
}

template <class T, unsigned Splats>
void where_loop(const T* a, const T* b, const T* c, T* out, Count count) {
    const V<T> one_a = splat(*a);
    const V<T> one_b = splat(*b);
    const V<T> one_c = splat(*c);
    along<T>(count, [=](Count place, auto moving) CHAINRULE_INLINE_BODY {
        const V<T> condition = Splats & 1u ? one_a : moving.from(a + place);
        const V<T> if_true = Splats & 2u ? one_b : moving.from(b + place);
        const V<T> if_false = Splats & 4u ? one_c : moving.from(c + place);
        moving.to(out + place, Where::apply(condition != V<T>{}, if_true, if_false));
    });
}

template <class T>
void where(const T* a, const T* b, const T* c, unsigned splats, T* out, Count count) {
    switch (splats & 7u) {
        case 0:
            return where_loop<T, 0>(a, b, c, out, count);
        case 1:
            return where_loop<T, 1>(a, b, c, out, count);
        case 2:
            return where_loop<T, 2>(a, b, c, out, count);
        case 3:
            return where_loop<T, 3>(a, b, c, out, count);
        case 4:
            return where_loop<T, 4>(a, b, c, out, count);
        case 5:
            return where_loop<T, 5>(a, b, c, out, count);
        case 6:
            return where_loop<T, 6>(a, b, c, out, count);
        default:
            return where_loop<T, 7>(a, b, c, out, count);
    }
}

// ---- two words in one loop ----

// One number is read again and again from a vector of it, so that one loop serves for arrays and
// single numbers in every place.
template <class T>
struct Operand {
    const T* at;
    Count walking;  // every bit where it is an array, none where it stands still

    CHAINRULE_INLINE Operand(const T* given, bool is_splat, T* held)
        : at(is_splat ? held : given), walking(is_splat ? 0 : -1) {
        if (is_splat) {
            store(held, splat(*given));
        }
    }
    CHAINRULE_INLINE const T* operator+(Count place) const { return at + (place & walking); }
};

// A word of one operand passes by the other.
template <class Word, class X>
CHAINRULE_INLINE X applied(X a, X b) {
    if constexpr (std::is_same_v<Word, Sqrt>) {
        return Word::apply(a);
    } else {
        return Word::apply(a, b);
    }
}

template <class T, class First, class Second, bool Mirrored>
void pair(const T* a, const T* b, const T* c, unsigned splats, T* out, Count count) {
    constexpr bool one_first = std::is_same_v<First, Sqrt>;
    constexpr bool one_second = std::is_same_v<Second, Sqrt>;
    T held[3][Lanes<T>::N];
    const Operand<T> left(a, splats & 1u, held[0]);
    const Operand<T> right = one_first ? left : Operand<T>(b, splats & 2u, held[1]);
    const unsigned last = one_first ? 2u : 4u;
    const Operand<T> other =
        one_second ? left : Operand<T>(one_first ? b : c, splats & last, held[2]);
    along<T>(count, [=](Count place, auto moving) CHAINRULE_INLINE_BODY {
        const V<T> x = moving.from(left + place);
        const V<T> y = one_first ? x : moving.from(right + place);
        const V<T> z = one_second ? x : moving.from(other + place);
        const V<T> made = applied<First>(x, y);
        moving.to(out + place,
                  Mirrored && !one_second ? applied<Second>(z, made) : applied<Second>(made, z));
    });
}

template <class... Words>
struct WordList {};
// In the order of pair_place.
using PairWords = WordList<Add, Subtract, Multiply, Divide, Sqrt>;

// Enters the pairs of one first word, then those of all, in the order of `pair_loop`.
template <class T, class First, class... Second>
void add_pairs_of(WordKernel<T>*& to, WordList<Second...>) {
    ((*to++ = pair<T, First, Second, false>, *to++ = pair<T, First, Second, true>), ...);
}

template <class T, class... First>
void add_pairs(WordKernel<T>* to, WordList<First...> all) {
    static_assert(sizeof...(First) == pair_words);
    (add_pairs_of<T, First>(to, all), ...);
}

template <class T>
bool all_finite(const T* x, Count count) {
    constexpr Count lanes = Lanes<T>::N;
    for (Count place = 0; place < count; place += lanes) {
        const int part = static_cast<int>(count - place < lanes ? count - place : lanes);
        const V<T> value = load_part(x + place, part);
        if (!all(value - value == V<T>{})) {
            return false;
        }
    }
    return true;
}

template <class T>
void add_into(T* to, const T* from, Count count) {
    binary_loop<T, Add, false, false>(to, from, to, count);
}

template <class T>
void equal_integers(const std::int64_t* a, Count a_step, const std::int64_t* b, Count b_step,
                    T* out, Count count) {
    if (a_step == 1 && b_step == 0) {
        const std::int64_t other = *b;
        for (Count place = 0; place < count; ++place) {
            out[place] = a[place] == other ? T(1) : T(0);
        }
    } else if (a_step == 0 && b_step == 1) {
        equal_integers(b, 1, a, 0, out, count);
    } else {
        for (Count place = 0; place < count; ++place) {
            out[place] = a[place * a_step] == b[place * b_step] ? T(1) : T(0);
        }
    }
}

template <class T>
void gather_transposed(const T* x, const std::int64_t* order, Count first, Count count, Count width,
                       T* out, Count out_row) {
    if (order == nullptr) {
        transpose(x + first * width, width, count, width, out, out_row);
        return;
    }
    constexpr int side = transposed_block<T>;
    for (Count row = 0; row < count; row += side) {
        const int here = static_cast<int>(count - row < side ? count - row : side);
        const T* chosen[side];
        for (int one = 0; one < here; ++one) {
            chosen[one] = x + order[first + row + one] * width;
        }
        transpose_rows(chosen, here, width, out + row, out_row);
    }
}

template <class T>
Kernels<T> all_kernels() {
    constexpr int elementwise_words = static_cast<int>(Word::where) + 1;
    // In the order of Word.
    const WordKernel<T> words[] = {
        unary<T, Negative>,    unary<T, Absolute>,   unary<T, Sign>,
        unary<T, Floor>,       unary<T, Exp>,        unary<T, Expm1>,
        unary<T, Log>,         unary<T, Log1p>,      unary<T, Sqrt>,
        unary<T, Sin>,         unary<T, Cos>,        unary<T, Tanh>,
        unary<T, Sigmoid>,     unary<T, Erf>,        unary<T, LogicalNot>,
        unary<T, IsFinite>,    unary<T, Identity>,   binary<T, Add>,
        binary<T, Subtract>,   binary<T, Multiply>,  binary<T, Divide>,
        binary<T, Power>,      binary<T, Maximum>,   binary<T, Minimum>,
        binary<T, Less>,       binary<T, LessEqual>, binary<T, Equal>,
        binary<T, LogicalAnd>, binary<T, LogicalOr>, where<T>,
    };
    Kernels<T> made{};
    static_assert(sizeof(words) == elementwise_words * sizeof(*words));
    for (int word = 0; word < elementwise_words; ++word) {
        made.loops[word] = words[word];
    }
    add_pairs(made.loops + word_count, PairWords{});
    made.product = product<T>;
    made.dots = dots<T>;
    made.blocked_product = blocked_product<T>;
    made.pack = pack<T>;
    made.sum_down = reduce_down<T, Summing>;
    made.max_down = reduce_down<T, Maximising>;
    made.sum_along = reduce_along<T, Summing>;
    made.max_along = reduce_along<T, Maximising>;
    made.sum_wide = sum_wide<T>;
    made.all_finite = all_finite<T>;
    made.add_into = add_into<T>;
    made.row_products = row_products<T>;
    made.equal_integers = equal_integers<T>;
    made.gather_transposed = gather_transposed<T>;
    made.random_bits = random_bits;
    made.uniform = uniform<T>;
    made.sliding = &sliding_kernels(T{});
    const FusedLoops<T> fused = fused_loops<T>();
    made.chain_signatures = fused.signatures;
    made.chain_kernels = fused.kernels;
    made.chain_count = fused.count;
    return made;
}

template <class T>
const Kernels<T>& kernels() {
    static const Kernels<T> table = all_kernels<T>();
    return table;
}

const Kernels<float>& narrow_kernels() {
    return kernels<float>();
}
const Kernels<double>& wide_kernels() {
    return kernels<double>();
}

}  // namespace CHAINRULE_SET
}  // namespace chainrule
