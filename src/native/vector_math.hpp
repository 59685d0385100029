// The elementary functions on vectors: exp, expm1, tanh and sigmoid from vector_exponentials.hpp,
// and here log, log1p, sin, cos, erf, pow and sign.
//
// Each means what NumPy's function of that name means, at every input: NaN stays NaN, infinities,
// signed zeros, denormal inputs and results, overflow where the true value overflows. Except in
// pow, a lane's result depends on that lane alone, never on its neighbours.
//
// Each function is a template over the vector, so that float and double share one text; only the
// numbers differ (vector_numbers.hpp). The largest errors found, in units of the last place:
// tanh 2.5, sigmoid 2.0, erf 1.3, expm1 1.3, the others 1.0. Every fusion of a product with a sum
// that pays is written out, so that nothing is lost where the compiler is told to make none.
#pragma once

#include <math.h>

#include "vector_exponentials.hpp"

namespace chainrule::CHAINRULE_SET {

// ---------------------------------------------------------------------------------- log and log1p

// x = 2^exponent (1 + fraction), sqrt(1/2) <= 1 + fraction < sqrt(2), for positive normal x.
template <class Vector>
struct Split {
    Vector exponent;
    Vector fraction;
};

template <class Vector>
CHAINRULE_INLINE Split<Vector> split(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const auto one = to_bits(splat(T(1)));
    // The exponent with its bias: measured from sqrt(1/2), and positive, so that a logical shift
    // serves (the other kind does not exist for 64 bits on most machines).
    const auto measured = to_bits(x) - to_bits(splat(Number::sqrt_half)) + one;
    const auto biased = (I<T>)((U<T>)measured >> Number::fraction_bits);
    const Vector scaled = from_bits(to_bits(x) - (biased << Number::fraction_bits) + one);
    // A small whole number in the lowest bits of 2^fraction_bits adds itself.
    const Vector sum = from_bits(biased | to_bits(splat(Number::whole_from)));
    return {sum - (Number::whole_from + Number::exponent_bias), scaled - T(1)};
}

// exponent * ln 2 + ln(1 + fraction) + extra. With s = fraction / (2 + fraction) the logarithm is
// that of (1 + s) / (1 - s), an odd series in s; the largest terms are added last.
template <class Vector>
CHAINRULE_INLINE Vector log_sum(Split<Vector> parts, Vector extra) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const Vector f = parts.fraction;
    const Vector s = f / (T(2) + f);
    const Vector squared = s * s;
    const Vector half_square = T(0.5) * f * f;
    const Vector series = fma(squared, polynomial(squared, Number::log_tail), half_square);
    const Vector small = fma(parts.exponent, splat(Number::ln2_low), extra);
    const Vector rest = half_square - fma(s, series, small);
    return fma(parts.exponent, splat(Number::ln2_high), f - rest);
}

// The lanes outside the positive normal numbers.
template <class Vector>
[[gnu::noinline]] Vector log_anywhere(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const auto denormal = x < Number::smallest_normal;
    const T up = T(std::uint64_t(1) << (Number::fraction_bits + 1));
    Split<Vector> parts = split(select(denormal, x * up, x));
    parts.exponent -= select(denormal, splat(T(Number::fraction_bits + 1)), Vector{});
    Vector result = log_sum(parts, Vector{});
    result = select(x > T(0), result, splat(Number::not_a_number));
    result = select(x == T(0), splat(-Number::infinity), result);
    return select(x == Number::infinity, x, result);
}

template <class Vector>
CHAINRULE_INLINE Vector vlog(Vector x) {
    using Number = Numbers<Element<Vector>>;
    const auto usual = (x >= Number::smallest_normal) & (x < Number::infinity);
    if (__builtin_expect(!all(usual), 0)) {
        return log_anywhere(x);
    }
    return log_sum(split(x), Vector{});
}

// Away from 0 the logarithm of the rounded sum 1 + x, plus what the rounding took; near 0 x itself
// is the fraction.
template <class Vector>
CHAINRULE_INLINE Vector log1p_usual(Vector x) {
    using T = Element<Vector>;
    const Vector sum = T(1) + x;
    const Vector lost = (x - (sum - T(1))) / sum;
    Split<Vector> parts = split(sum);
    const auto near = parts.exponent == T(0);
    parts.fraction = select(near, x, parts.fraction);
    return copysign(log_sum(parts, select(near, Vector{}, lost)), x);
}

template <class Vector>
[[gnu::noinline]] Vector log1p_anywhere(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    Vector result = log1p_usual(x);
    result = select(x > T(-1), result, splat(Number::not_a_number));
    result = select(x == T(-1), splat(-Number::infinity), result);
    return select(x == Number::infinity, x, result);
}

template <class Vector>
CHAINRULE_INLINE Vector vlog1p(Vector x) {
    using T = Element<Vector>;
    const auto usual = (x > T(-1)) & (x < Numbers<T>::infinity);
    if (__builtin_expect(!all(usual), 0)) {
        return log1p_anywhere(x);
    }
    return log1p_usual(x);
}

// ------------------------------------------------------------------------------------ sin and cos

// Calls a scalar function for the lanes in the mask and leaves the others alone.
template <class Vector, class Mask, class Function>
[[gnu::noinline]] Vector patched(Vector result, Mask mask, Vector x, Function function) {
    for (int lane = 0; lane < Lanes<Element<Vector>>::N; ++lane) {
        if (mask[lane]) {
            result[lane] = function(x[lane]);
        }
    }
    return result;
}

// x = n * pi/2 + rest + rest_low, |rest| <= pi/4, for |x| below the limit.
template <class Vector>
CHAINRULE_INLINE Reduced<Vector> reduced_by_half_pi(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    constexpr int parts = sizeof(Number::half_pi) / sizeof(T);
    const Nearest<Vector> n = nearest(x, Number::two_over_pi);
    Vector high = fma(n.number, splat(-Number::half_pi[0]), x);
    for (int part = 1; part < parts - 2; ++part) {
        high = fma(n.number, splat(-Number::half_pi[part]), high);
    }
    // The last but one part may leave a difference that needs more bits: keep what rounding takes.
    const Vector away = n.number * Number::half_pi[parts - 2];
    const Vector difference = high - away;
    const Vector taken = high - difference;
    const Vector lost = (high - (difference + taken)) + (taken - away);
    const Vector low = fma(n.number, splat(-Number::half_pi[parts - 1]), lost);
    const Vector rest = difference + low;
    return {n, rest, (difference - rest) + low};
}

// sin of n quarter turns more than x: 0 gives sin, 1 gives cos.
template <int quarters, class Vector>
CHAINRULE_INLINE Vector circular(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const Reduced<Vector> parts = reduced_by_half_pi(x);
    const Vector r = parts.rest;
    const Vector square = r * r;
    const Vector half_square = T(0.5) * square;
    // sin(r + low) = r + (r^3 S + low (1 - r^2 / 2)), cos(r + low) = 1 - r^2 / 2 + (r^4 C - r low)
    const Vector sin_small = fma(r * square, polynomial(square, Number::sin_tail),
                                 parts.rest_low * (T(1) - half_square));
    const Vector sine = r + sin_small;
    const Vector near_one = T(1) - half_square;
    const Vector cos_small = fma(square * square, polynomial(square, Number::cos_tail),
                                 fma(-r, parts.rest_low, (T(1) - near_one) - half_square));
    const Vector cosine = near_one + cos_small;
    const auto turn = to_bits(parts.n.sum) + quarters;
    const Vector value = select((turn & 1) != 0, cosine, sine);
    return from_bits(to_bits(value) ^ ((turn >> 1) << (8 * int(sizeof(T)) - 1)));
}

template <class Vector>
CHAINRULE_INLINE Vector vsin(Vector x) {
    using T = Element<Vector>;
    const Vector result = select(x == T(0), x, circular<0>(x));
    const auto usual = absolute(x) < Numbers<T>::circle_limit;
    if (__builtin_expect(!all(usual), 0)) {
        return patched(result, ~usual, x, [](T lane) { return T(::sin(double(lane))); });
    }
    return result;
}

template <class Vector>
CHAINRULE_INLINE Vector vcos(Vector x) {
    using T = Element<Vector>;
    const Vector result = circular<1>(x);
    const auto usual = absolute(x) < Numbers<T>::circle_limit;
    if (__builtin_expect(!all(usual), 0)) {
        return patched(result, ~usual, x, [](T lane) { return T(::cos(double(lane))); });
    }
    return result;
}

// ------------------------------------------------------------------------------------------ erf

// Up to 1 a polynomial of x^2, as a small correction to x; above 1 - exp(a polynomial).
template <class Vector>
CHAINRULE_INLINE Vector verf(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const Vector size = at_most(absolute(x), Number::erf_highest);
    const Vector small = fma(size, polynomial(size * size, Number::erf_small), size);
    const Reduced<Vector> parts = reduced(-polynomial(size - T(1), Number::erf_large));
    const Vector power = power_of_two<Vector>(to_bits(parts.n.sum));
    const Vector large = T(1) - fma(power, exp_tail_plus(parts.rest, parts.rest), power);
    return copysign(select(size < T(1), small, large), x);
}

// ------------------------------------------------------------------------------------ pow and sign

CHAINRULE_INLINE float power_of(float a, float b) {
    return ::powf(a, b);
}
CHAINRULE_INLINE double power_of(double a, double b) {
    return ::pow(a, b);
}

template <class Vector>
[[gnu::noinline]] Vector pow_by_lanes(Vector a, Vector b) {
    Vector result{};
    for (int lane = 0; lane < Lanes<Element<Vector>>::N; ++lane) {
        result[lane] = power_of(a[lane], b[lane]);
    }
    return result;
}

// The usual exponents, which have exact ways, and the C library for the rest.
template <class Vector>
CHAINRULE_INLINE Vector vpow(Vector a, Vector b) {
    using T = Element<Vector>;
    if (all(b == T(2))) {
        return a * a;
    }
    if (all(b == T(0.5))) {
        // Unlike the square root, pow(-0, 1/2) is +0 and pow(-inf, 1/2) is inf.
        const T infinity = Numbers<T>::infinity;
        return select(a == -infinity, splat(infinity), sqrt(a + T(0)));
    }
    if (all(b == T(-1))) {
        return T(1) / a;
    }
    if (all(b == T(1))) {
        return a;
    }
    return pow_by_lanes(a, b);
}

// -1, 0 or 1; NaN for NaN.
template <class Vector>
CHAINRULE_INLINE Vector vsign(Vector x) {
    using T = Element<Vector>;
    const auto one = to_bits(splat(T(1)));
    const auto minus_one = to_bits(splat(T(-1)));
    const auto size = ((x > T(0)) & one) | ((x < T(0)) & minus_one);
    return select(x != x, x, from_bits(size));
}

}  // namespace chainrule::CHAINRULE_SET
