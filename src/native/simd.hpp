// Vectors as wide as the machine's registers, and the few operations on them that the kernels need.
//
// A kernel is written once. The file that holds it is compiled once for each instruction set, with
// that set's flags and with CHAINRULE_SET naming it (baseline, avx2, avx512). The compiler's own
// macros decide the width, and everything lives in a namespace named after the set, so the copies
// link side by side and a loader picks one at run time. For the same reason nothing here calls an
// inline function of the standard library: the linker keeps only one copy of such a function, and
// that might be the one which the machine cannot run.
//
// Arithmetic, comparisons and integer operations are those of the GCC and Clang vector extensions
// (`a * b`, `a < b`, `mask & other`). Intrinsics stand only where the generic code would be poor or
// impossible, each with a generic form beside it for the other machines.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef CHAINRULE_SET
#define CHAINRULE_SET baseline
#endif

// Vectors must stay in registers, so every function here vanishes into its caller.
#define CHAINRULE_INLINE [[gnu::always_inline]] inline

namespace chainrule::CHAINRULE_SET {

// ---------------------------------------------------------------------------------------- types

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

// What belongs to one element type: V the vector; I the signed integers of the same width, which
// is what a comparison gives (0 or -1 in each lane); U the unsigned ones, for logical shifts;
// Unaligned a V that may lie at any address where a T may; N the number of lanes.
template <class T>
struct Lanes;

template <>
struct Lanes<float> {
    typedef float V __attribute__((vector_size(vector_bytes)));
    typedef float Unaligned __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
    typedef std::uint32_t U __attribute__((vector_size(vector_bytes)));
    using I = std::remove_cv_t<decltype(V{} < V{})>;
    static constexpr int N = vector_bytes / 4;
};

template <>
struct Lanes<double> {
    typedef double V __attribute__((vector_size(vector_bytes)));
    typedef double Unaligned __attribute__((vector_size(vector_bytes), aligned(8), may_alias));
    typedef std::uint64_t U __attribute__((vector_size(vector_bytes)));
    using I = std::remove_cv_t<decltype(V{} < V{})>;
    static constexpr int N = vector_bytes / 8;
};

template <class T>
using V = typename Lanes<T>::V;
template <class T>
using I = typename Lanes<T>::I;
template <class T>
using U = typename Lanes<T>::U;

// The element type of a vector, for functions that are written for both vectors at once.
template <class Vector>
using Element = std::remove_cv_t<std::remove_reference_t<decltype(std::declval<Vector>()[0])>>;

// ------------------------------------------------------------------------------- load and store

template <class T>
CHAINRULE_INLINE V<T> splat(T value) {
    return value - V<T>{};  // not `+`: that would turn -0 into 0
}

template <class T>
CHAINRULE_INLINE V<T> load(const T* from) {
    return *reinterpret_cast<const typename Lanes<T>::Unaligned*>(from);
}

template <class T>
CHAINRULE_INLINE void store(T* to, V<T> value) {
    *reinterpret_cast<typename Lanes<T>::Unaligned*>(to) = value;
}

#if defined(__AVX512F__)

CHAINRULE_INLINE V<float> load_part(const float* from, int count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), from);
}
CHAINRULE_INLINE V<double> load_part(const double* from, int count) {
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1u), from);
}
CHAINRULE_INLINE void store_part(float* to, V<float> value, int count) {
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1u), value);
}
CHAINRULE_INLINE void store_part(double* to, V<double> value, int count) {
    _mm512_mask_storeu_pd(to, (__mmask8)((1u << count) - 1u), value);
}

#elif defined(__AVX2__)

CHAINRULE_INLINE __m256i first_lanes(const float*, int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
CHAINRULE_INLINE __m256i first_lanes(const double*, int count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}
CHAINRULE_INLINE V<float> load_part(const float* from, int count) {
    return _mm256_maskload_ps(from, first_lanes(from, count));
}
CHAINRULE_INLINE V<double> load_part(const double* from, int count) {
    return _mm256_maskload_pd(from, first_lanes(from, count));
}
CHAINRULE_INLINE void store_part(float* to, V<float> value, int count) {
    _mm256_maskstore_ps(to, first_lanes(to, count), value);
}
CHAINRULE_INLINE void store_part(double* to, V<double> value, int count) {
    _mm256_maskstore_pd(to, first_lanes(to, count), value);
}

#else

template <class T>
CHAINRULE_INLINE V<T> load_part(const T* from, int count) {
    V<T> value{};
    for (int lane = 0; lane < Lanes<T>::N; ++lane) {
        if (lane < count) {
            value[lane] = from[lane];
        }
    }
    return value;
}

template <class T>
CHAINRULE_INLINE void store_part(T* to, V<T> value, int count) {
    for (int lane = 0; lane < Lanes<T>::N; ++lane) {
        if (lane < count) {
            to[lane] = value[lane];
        }
    }
}

#endif

// ------------------------------------------------------------------------------- bits and masks

// The casts below keep every bit. A C cast between vectors means just that.
CHAINRULE_INLINE I<float> to_bits(V<float> value) {
    return (I<float>)value;
}
CHAINRULE_INLINE I<double> to_bits(V<double> value) {
    return (I<double>)value;
}
CHAINRULE_INLINE V<float> from_bits(I<float> bits) {
    return (V<float>)bits;
}
CHAINRULE_INLINE V<double> from_bits(I<double> bits) {
    return (V<double>)bits;
}

#if defined(__AVX512F__)

// Here the compiler keeps a comparison in a mask register, if it is left to see it.
CHAINRULE_INLINE V<float> select(I<float> mask, V<float> a, V<float> b) {
    return mask ? a : b;
}
CHAINRULE_INLINE V<double> select(I<double> mask, V<double> a, V<double> b) {
    return mask ? a : b;
}

template <class Mask>
CHAINRULE_INLINE bool all(Mask mask) {
    return _mm512_movepi32_mask((__m512i)mask) == 0xFFFF;
}

#elif defined(__AVX2__)

CHAINRULE_INLINE V<float> select(I<float> mask, V<float> a, V<float> b) {
    return _mm256_blendv_ps(b, a, (__m256)mask);
}
CHAINRULE_INLINE V<double> select(I<double> mask, V<double> a, V<double> b) {
    return _mm256_blendv_pd(b, a, (__m256d)mask);
}

template <class Mask>
CHAINRULE_INLINE bool all(Mask mask) {
    return _mm256_movemask_epi8((__m256i)mask) == -1;
}

#else

CHAINRULE_INLINE V<float> select(I<float> mask, V<float> a, V<float> b) {
    return from_bits((mask & to_bits(a)) | (~mask & to_bits(b)));
}
CHAINRULE_INLINE V<double> select(I<double> mask, V<double> a, V<double> b) {
    return from_bits((mask & to_bits(a)) | (~mask & to_bits(b)));
}

#if defined(__SSE2__)

template <class Mask>
CHAINRULE_INLINE bool all(Mask mask) {
    return _mm_movemask_epi8((__m128i)mask) == 0xFFFF;
}

#else

template <class Mask>
CHAINRULE_INLINE bool any(Mask mask) {
    typedef std::uint64_t Halves __attribute__((vector_size(16)));
    const Halves halves = (Halves)mask;
    return (halves[0] | halves[1]) != 0;
}
template <class Mask>
CHAINRULE_INLINE bool all(Mask mask) {
    return !any(~mask);
}

#endif
#endif

// --------------------------------------------------------------------------- signs and absolutes

template <class Vector>
CHAINRULE_INLINE auto sign_bits() {
    return to_bits(splat(Element<Vector>(-0.0)));
}

template <class Vector>
CHAINRULE_INLINE Vector absolute(Vector x) {
    return from_bits(to_bits(x) & ~sign_bits<Vector>());
}

// `size` with its sign replaced by that of `sign`.
template <class Vector>
CHAINRULE_INLINE Vector copysign(Vector size, Vector sign) {
    return from_bits(to_bits(absolute(size)) | (to_bits(sign) & sign_bits<Vector>()));
}

// ------------------------------------------------------------------------- fma, roots, rounding

// a * b + c, rounded once where the machine can and twice elsewhere: no caller may need either.
#if defined(__AVX512F__)
CHAINRULE_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
    return _mm512_fmadd_ps(a, b, c);
}
CHAINRULE_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}
#elif defined(__AVX2__) && defined(__FMA__)
CHAINRULE_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
    return _mm256_fmadd_ps(a, b, c);
}
CHAINRULE_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}
#elif defined(__aarch64__)
CHAINRULE_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
    return (V<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
CHAINRULE_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
    return (V<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
CHAINRULE_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
    return a * b + c;
}
CHAINRULE_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
    return a * b + c;
}
#endif

#if defined(__AVX512F__)
// The masked forms with every lane on: GCC 12 warns of its own header in the plain ones.
CHAINRULE_INLINE V<float> sqrt(V<float> x) {
    return _mm512_maskz_sqrt_ps(0xFFFF, x);
}
CHAINRULE_INLINE V<double> sqrt(V<double> x) {
    return _mm512_maskz_sqrt_pd(0xFF, x);
}
CHAINRULE_INLINE V<float> floor(V<float> x) {
    return _mm512_maskz_roundscale_ps(0xFFFF, x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
CHAINRULE_INLINE V<double> floor(V<double> x) {
    return _mm512_maskz_roundscale_pd(0xFF, x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
#elif defined(__AVX2__)
CHAINRULE_INLINE V<float> sqrt(V<float> x) {
    return _mm256_sqrt_ps(x);
}
CHAINRULE_INLINE V<double> sqrt(V<double> x) {
    return _mm256_sqrt_pd(x);
}
CHAINRULE_INLINE V<float> floor(V<float> x) {
    return _mm256_floor_ps(x);
}
CHAINRULE_INLINE V<double> floor(V<double> x) {
    return _mm256_floor_pd(x);
}
#elif defined(__aarch64__)
CHAINRULE_INLINE V<float> sqrt(V<float> x) {
    return (V<float>)vsqrtq_f32((float32x4_t)x);
}
CHAINRULE_INLINE V<double> sqrt(V<double> x) {
    return (V<double>)vsqrtq_f64((float64x2_t)x);
}
CHAINRULE_INLINE V<float> floor(V<float> x) {
    return (V<float>)vrndmq_f32((float32x4_t)x);
}
CHAINRULE_INLINE V<double> floor(V<double> x) {
    return (V<double>)vrndmq_f64((float64x2_t)x);
}
#else

#if defined(__SSE2__)
CHAINRULE_INLINE V<float> sqrt(V<float> x) {
    return _mm_sqrt_ps(x);
}
CHAINRULE_INLINE V<double> sqrt(V<double> x) {
    return _mm_sqrt_pd(x);
}
#else
template <class Vector>
CHAINRULE_INLINE Vector sqrt(Vector x) {
    for (int lane = 0; lane < Lanes<Element<Vector>>::N; ++lane) {
        x[lane] = Element<Vector>(__builtin_sqrt(x[lane]));
    }
    return x;
}
#endif

// Adding and taking away 2^23 (2^52) rounds to a whole number; above that every number is whole.
template <class T>
CHAINRULE_INLINE V<T> floor_by_adding(V<T> x, T whole_from) {
    const V<T> size = absolute(x);
    const V<T> nearest = copysign((size + whole_from) - whole_from, x);
    const V<T> floored = nearest - select(nearest > x, splat(T(1)), V<T>{});
    return select(size < whole_from, copysign(floored, x), x);
}
CHAINRULE_INLINE V<float> floor(V<float> x) {
    return floor_by_adding(x, 0x1p23f);
}
CHAINRULE_INLINE V<double> floor(V<double> x) {
    return floor_by_adding(x, 0x1p52);
}

#endif

}  // namespace chainrule::CHAINRULE_SET

#include "simd_lanes.hpp"
