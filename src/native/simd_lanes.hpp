// Maxima and minima that keep NaN, and the ways from a vector to one number. Part of simd.hpp.
#pragma once

#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

// --------------------------------------------------------------------------- maximum and minimum

// NaN where either is NaN. The machine's own instruction gives its second operand then, so only a
// NaN in the first one needs help.
#if defined(__AVX2__) && !defined(__AVX512F__)
CHAINRULE_INLINE V<float> larger_or_b(V<float> a, V<float> b) {
    return _mm256_max_ps(a, b);
}
CHAINRULE_INLINE V<double> larger_or_b(V<double> a, V<double> b) {
    return _mm256_max_pd(a, b);
}
CHAINRULE_INLINE V<float> smaller_or_b(V<float> a, V<float> b) {
    return _mm256_min_ps(a, b);
}
CHAINRULE_INLINE V<double> smaller_or_b(V<double> a, V<double> b) {
    return _mm256_min_pd(a, b);
}
#elif defined(__SSE2__) && !defined(__AVX512F__)
CHAINRULE_INLINE V<float> larger_or_b(V<float> a, V<float> b) {
    return _mm_max_ps(a, b);
}
CHAINRULE_INLINE V<double> larger_or_b(V<double> a, V<double> b) {
    return _mm_max_pd(a, b);
}
CHAINRULE_INLINE V<float> smaller_or_b(V<float> a, V<float> b) {
    return _mm_min_ps(a, b);
}
CHAINRULE_INLINE V<double> smaller_or_b(V<double> a, V<double> b) {
    return _mm_min_pd(a, b);
}
#else
CHAINRULE_INLINE V<float> larger_or_b(V<float> a, V<float> b) {
    return select(a > b, a, b);
}
CHAINRULE_INLINE V<double> larger_or_b(V<double> a, V<double> b) {
    return select(a > b, a, b);
}
CHAINRULE_INLINE V<float> smaller_or_b(V<float> a, V<float> b) {
    return select(a < b, a, b);
}
CHAINRULE_INLINE V<double> smaller_or_b(V<double> a, V<double> b) {
    return select(a < b, a, b);
}
#endif

template <class Vector>
CHAINRULE_INLINE Vector maximum(Vector a, Vector b) {
    return select(a != a, a, larger_or_b(a, b));
}
template <class Vector>
CHAINRULE_INLINE Vector minimum(Vector a, Vector b) {
    return select(a != a, a, smaller_or_b(a, b));
}

// --------------------------------------------------------------------- from a vector to a number

// Lane i receives lane i ^ distance.
template <int distance, class Vector, int... lane>
CHAINRULE_INLINE Vector exchanged(Vector v, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(v, v, (lane ^ distance)...);
}

// Combines all lanes as a tree: halves with halves, then quarters, until one number is left.
template <int distance, class Vector, class Combine>
CHAINRULE_INLINE Element<Vector> fold_lanes_from(Vector v, Combine combine) {
    if constexpr (distance == 0) {
        return v[0];
    } else {
        constexpr int lanes = Lanes<Element<Vector>>::N;
        const Vector other = exchanged<distance>(v, std::make_integer_sequence<int, lanes>{});
        return fold_lanes_from<distance / 2>(combine(v, other), combine);
    }
}
template <class Vector, class Combine>
CHAINRULE_INLINE Element<Vector> fold_lanes(Vector v, Combine combine) {
    return fold_lanes_from<Lanes<Element<Vector>>::N / 2>(v, combine);
}

template <class Vector>
CHAINRULE_INLINE Element<Vector> sum_lanes(Vector v) {
    return fold_lanes(v, [](Vector a, Vector b) { return a + b; });
}

// NaN if one lane is NaN.
template <class Vector>
CHAINRULE_INLINE Element<Vector> max_lanes(Vector v) {
    return fold_lanes(v, [](Vector a, Vector b) { return maximum(a, b); });
}
}  // namespace chainrule::CHAINRULE_SET
