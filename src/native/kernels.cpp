// The kernels, compiled once for each instruction set (CHAINRULE_SET names it).

#include "kernels.hpp"

#include "blocked_products.hpp"
#include "fusing.hpp"
#include "random_bits.hpp"
#include "reductions.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace chainrule {
namespace CHAINRULE_SET {

// ---- elementwise words: one functor each ----

#define CHAINRULE_UNARY(name, expression)      \
    struct name {                              \
        template <class X>                     \
        CHAINRULE_INLINE static X apply(X x) { \
            return expression;                 \
        }                                      \
    };
#define CHAINRULE_BINARY(name, expression)          \
    struct name {                                   \
        template <class X>                          \
        CHAINRULE_INLINE static X apply(X a, X b) { \
            return expression;                      \
        }                                           \
    };

CHAINRULE_UNARY(Negative, -x)
CHAINRULE_UNARY(Absolute, absolute(x))
CHAINRULE_UNARY(Sign, vsign(x))
CHAINRULE_UNARY(Floor, floor(x))
CHAINRULE_UNARY(Exp, vexp(x))
CHAINRULE_UNARY(Expm1, vexpm1(x))
CHAINRULE_UNARY(Log, vlog(x))
CHAINRULE_UNARY(Log1p, vlog1p(x))
CHAINRULE_UNARY(Sqrt, sqrt(x))
CHAINRULE_UNARY(Sin, vsin(x))
CHAINRULE_UNARY(Cos, vcos(x))
CHAINRULE_UNARY(Tanh, vtanh(x))
CHAINRULE_UNARY(Sigmoid, vsigmoid(x))
CHAINRULE_UNARY(Erf, verf(x))
CHAINRULE_UNARY(LogicalNot, as_number<X>(x == X{}))
CHAINRULE_UNARY(IsFinite, as_number<X>(x - x == X{}))
CHAINRULE_UNARY(Identity, x)
CHAINRULE_BINARY(Add, a + b)
CHAINRULE_BINARY(Subtract, a - b)
CHAINRULE_BINARY(Multiply, a* b)
CHAINRULE_BINARY(Divide, a / b)
CHAINRULE_BINARY(Power, vpow(a, b))
CHAINRULE_BINARY(Maximum, maximum(a, b))
CHAINRULE_BINARY(Minimum, minimum(a, b))
CHAINRULE_BINARY(Less, as_number<X>(a < b))
CHAINRULE_BINARY(LessEqual, as_number<X>(a <= b))
CHAINRULE_BINARY(Equal, as_number<X>(a == b))
CHAINRULE_BINARY(LogicalAnd, as_number<X>((a != X{}) & (b != X{})))
CHAINRULE_BINARY(LogicalOr, as_number<X>((a != X{}) | (b != X{})))

template <class T, class Word>
void unary(const T* a, const T*, const T*, unsigned splats, T* out, Count count) {
    constexpr Count lanes = Lanes<T>::N;
    if (splats & 1u) {
        const V<T> value = Word::apply(splat(*a));
        Count place = 0;
        for (; place + lanes <= count; place += lanes) {
            store(out + place, value);
        }
        store_part(out + place, value, static_cast<int>(count - place));
        return;
    }
    Count place = 0;
    for (; place + lanes <= count; place += lanes) {
        store(out + place, Word::apply(load(a + place)));
    }
    if (place < count) {
        const int part = static_cast<int>(count - place);
        store_part(out + place, Word::apply(load_part(a + place, part)), part);
    }
}

template <class T, class Word, bool SplatA, bool SplatB>
CHAINRULE_INLINE void binary_loop(const T* a, const T* b, T* out, Count count) {
    constexpr Count lanes = Lanes<T>::N;
    const V<T> one_a = splat(*a);
    const V<T> one_b = splat(*b);
    Count place = 0;
    for (; place + lanes <= count; place += lanes) {
        const V<T> left = SplatA ? one_a : load(a + place);
        const V<T> right = SplatB ? one_b : load(b + place);
        store(out + place, Word::apply(left, right));
    }
    if (place < count) {
        const int part = static_cast<int>(count - place);
        const V<T> left = SplatA ? one_a : load_part(a + place, part);
        const V<T> right = SplatB ? one_b : load_part(b + place, part);
        store_part(out + place, Word::apply(left, right), part);
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
    constexpr Count lanes = Lanes<T>::N;
    const V<T> one_a = splat(*a);
    const V<T> one_b = splat(*b);
    const V<T> one_c = splat(*c);
    Count place = 0;
    for (; place + lanes <= count; place += lanes) {
        const V<T> condition = Splats & 1u ? one_a : load(a + place);
        const V<T> if_true = Splats & 2u ? one_b : load(b + place);
        const V<T> if_false = Splats & 4u ? one_c : load(c + place);
        store(out + place, select(condition != V<T>{}, if_true, if_false));
    }
    for (; place < count; ++place) {
        const T condition = Splats & 1u ? *a : a[place];
        const T if_true = Splats & 2u ? *b : b[place];
        const T if_false = Splats & 4u ? *c : c[place];
        out[place] = condition != T(0) ? if_true : if_false;
    }
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
const Kernels<T>& kernels() {
    static const FusedLoops<T> fused = fused_loops<T>();
    static const Kernels<T> table = {
        {
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
        },
        product<T>,
        dots<T>,
        blocked_product<T>,
        pack<T>,
        reduce_down<T, Summing>,
        reduce_down<T, Maximising>,
        reduce_along<T, Summing>,
        reduce_along<T, Maximising>,
        sum_wide<T>,
        all_finite<T>,
        add_into<T>,
        equal_integers<T>,
        gather_transposed<T>,
        random_bits,
        fused.signatures,
        fused.kernels,
        fused.count,
    };
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
