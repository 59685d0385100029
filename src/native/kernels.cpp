// The kernels, compiled once for each instruction set (CHAINRULE_SET names it).

#include "kernels.hpp"

#include "fusing.hpp"
#include "products.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace chainrule {
namespace CHAINRULE_SET {

// ---- elementwise words: one functor each ----

#define CHAINRULE_UNARY(name, expression)                     \
    struct name {                                             \
        template <class X>                                    \
        CHAINRULE_INLINE static X apply(X x) { return expression; } \
    };
#define CHAINRULE_BINARY(name, expression)                         \
    struct name {                                                  \
        template <class X>                                         \
        CHAINRULE_INLINE static X apply(X a, X b) { return expression; } \
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

// ---- reductions: their lanes are explicit, so that a compiler cannot choose the order ----

struct Summing {
    template <class X>
    CHAINRULE_INLINE static X apply(X a, X b) { return a + b; }
    template <class T>
    CHAINRULE_INLINE static T of_lanes(V<T> v) { return sum_lanes(v); }
    template <class T>
    CHAINRULE_INLINE static T scalar(T a, T b) { return a + b; }
};

struct Maximising {
    template <class X>
    CHAINRULE_INLINE static X apply(X a, X b) { return maximum(a, b); }
    template <class T>
    CHAINRULE_INLINE static T of_lanes(V<T> v) { return max_lanes(v); }
    template <class T>
    CHAINRULE_INLINE static T scalar(T a, T b) { return a != a ? a : b != b || b > a ? b : a; }
};

template <class T, class Reducing, int Vectors>
CHAINRULE_INLINE void down_block(const T* x, Count outer, Count stride, T* out, bool add) {
    constexpr int lanes = Lanes<T>::N;
    V<T> made[Vectors];
    for (int vector = 0; vector < Vectors; ++vector) {
        made[vector] = load(x + vector * lanes);
    }
    for (Count place = 1; place < outer; ++place) {
        for (int vector = 0; vector < Vectors; ++vector) {
            made[vector] =
                Reducing::apply(made[vector], load(x + place * stride + vector * lanes));
        }
    }
    for (int vector = 0; vector < Vectors; ++vector) {
        T* to = out + vector * lanes;
        store(to, add ? Reducing::apply(load(to), made[vector]) : made[vector]);
    }
}

template <class T, class Reducing>
void reduce_down(const T* x, Count outer, Count stride, Count inner, T* out, bool add) {
    constexpr Count lanes = Lanes<T>::N;
    Count column = 0;
    for (; column + 4 * lanes <= inner; column += 4 * lanes) {
        down_block<T, Reducing, 4>(x + column, outer, stride, out + column, add);
    }
    for (; column + lanes <= inner; column += lanes) {
        down_block<T, Reducing, 1>(x + column, outer, stride, out + column, add);
    }
    if (column < inner) {
        const int part = static_cast<int>(inner - column);
        V<T> made = load_part(x + column, part);
        for (Count place = 1; place < outer; ++place) {
            made = Reducing::apply(made, load_part(x + place * stride + column, part));
        }
        if (add) {
            made = Reducing::apply(load_part(out + column, part), made);
        }
        store_part(out + column, made, part);
    }
}

template <class T, class Reducing>
CHAINRULE_INLINE T reduce_row(const T* x, Count inner) {
    constexpr Count lanes = Lanes<T>::N;
    if (inner < lanes) {
        T made = x[0];
        for (Count place = 1; place < inner; ++place) {
            made = Reducing::scalar(made, x[place]);
        }
        return made;
    }
    Count place = lanes;
    V<T> made = load(x);
    if (inner >= 4 * lanes) {
        V<T> others[3] = {load(x + lanes), load(x + 2 * lanes), load(x + 3 * lanes)};
        for (place = 4 * lanes; place + 4 * lanes <= inner; place += 4 * lanes) {
            made = Reducing::apply(made, load(x + place));
            for (int other = 0; other < 3; ++other) {
                others[other] =
                    Reducing::apply(others[other], load(x + place + (other + 1) * lanes));
            }
        }
        made = Reducing::apply(Reducing::apply(made, others[0]),
                               Reducing::apply(others[1], others[2]));
    }
    for (; place + lanes <= inner; place += lanes) {
        made = Reducing::apply(made, load(x + place));
    }
    T result = Reducing::template of_lanes<T>(made);
    for (; place < inner; ++place) {
        result = Reducing::scalar(result, x[place]);
    }
    return result;
}

template <class T, class Reducing>
void reduce_along(const T* x, Count outer, Count stride, Count inner, T* out, Count out_stride,
                  bool add) {
    for (Count row = 0; row < outer; ++row) {
        const T made = reduce_row<T, Reducing>(x + row * stride, inner);
        T* to = out + row * out_stride;
        *to = add ? Reducing::scalar(*to, made) : made;
    }
}

template <class T>
double sum_wide(const T* x, Count inner) {
    double lanes[8] = {};
    Count place = 0;
    for (; place + 8 <= inner; place += 8) {
        for (int lane = 0; lane < 8; ++lane) {
            lanes[lane] += static_cast<double>(x[place + lane]);
        }
    }
    for (int lane = 0; place < inner; ++place, ++lane) {
        lanes[lane] += static_cast<double>(x[place]);
    }
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
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

// The products of 32-bit words that lie in 64 bits.
CHAINRULE_INLINE U<double> product_of_words(U<double> a, U<double> b) {
#if defined(__AVX512F__)
    return (U<double>)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (U<double>)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (U<double>)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return a * b;
#endif
}

// ---- random bits: Philox-4x32-10, several blocks side by side ----

void random_bits(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step, Count blocks,
                 std::uint64_t* bits) {
    constexpr int rounds = 10;
    constexpr std::uint64_t multiplier_0 = 0xD2511F53;
    constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t weyl_0 = 0x9E3779B9;
    constexpr std::uint32_t weyl_1 = 0xBB67AE85;
    using Words = U<double>;
    constexpr int lanes = Lanes<double>::N;
    const Words low = Words{} + 0xFFFFFFFFu;
    for (Count start = 0; start < blocks; start += lanes) {
        // 32-bit words, each in 64 bits, so that a product keeps all of its own.
        Words c0, c1;
        for (int lane = 0; lane < lanes; ++lane) {
            const std::uint64_t block = static_cast<std::uint64_t>(start + lane);
            c0[lane] = block & 0xFFFFFFFFu;
            c1[lane] = block >> 32;
        }
        Words c2 = Words{} + step;
        Words c3 = Words{} + purpose;
        std::uint32_t key_0 = static_cast<std::uint32_t>(seed);
        std::uint32_t key_1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < rounds; ++round) {
            const Words product_0 = product_of_words(c0, Words{} + multiplier_0);
            const Words product_1 = product_of_words(c2, Words{} + multiplier_1);
            c0 = (product_1 >> 32) ^ c1 ^ (Words{} + key_0);
            c1 = product_1 & low;
            c2 = (product_0 >> 32) ^ c3 ^ (Words{} + key_1);
            c3 = product_0 & low;
            key_0 += weyl_0;
            key_1 += weyl_1;
        }
        const Words first = (c0 << 32) | c1;
        const Words second = (c2 << 32) | c3;
        for (int lane = 0; lane < lanes; ++lane) {
            bits[2 * (start + lane)] = first[lane];
            bits[2 * (start + lane) + 1] = second[lane];
        }
    }
}

}  // namespace CHAINRULE_SET
}  // namespace chainrule

#include "fused_chains.inc"

namespace chainrule {
namespace CHAINRULE_SET {

template <class T>
const Kernels<T>& kernels() {
    static const Kernels<T> table = {
        {
            unary<T, Negative>, unary<T, Absolute>, unary<T, Sign>, unary<T, Floor>, unary<T, Exp>,
            unary<T, Expm1>, unary<T, Log>, unary<T, Log1p>, unary<T, Sqrt>, unary<T, Sin>,
            unary<T, Cos>, unary<T, Tanh>, unary<T, Sigmoid>, unary<T, Erf>, unary<T, LogicalNot>,
            unary<T, IsFinite>, unary<T, Identity>, binary<T, Add>, binary<T, Subtract>,
            binary<T, Multiply>, binary<T, Divide>, binary<T, Power>, binary<T, Maximum>,
            binary<T, Minimum>, binary<T, Less>, binary<T, LessEqual>, binary<T, Equal>,
            binary<T, LogicalAnd>, binary<T, LogicalOr>, where<T>,
        },
        product<T>,
        dots<T>,
        pack<T>,
        reduce_down<T, Summing>,
        reduce_down<T, Maximising>,
        reduce_along<T, Summing>,
        reduce_along<T, Maximising>,
        sum_wide<T>,
        all_finite<T>,
        add_into<T>,
        gather_transposed<T>,
        random_bits,
        fused_signatures,
        FusedKernels<T>::table,
        fused_count,
    };
    return table;
}

const Kernels<float>& narrow_kernels() { return kernels<float>(); }
const Kernels<double>& wide_kernels() { return kernels<double>(); }

}  // namespace CHAINRULE_SET
}  // namespace chainrule
