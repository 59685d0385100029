// exp, expm1, tanh and sigmoid on vectors; vector_math.hpp says what all such functions promise.
#pragma once

#include "simd.hpp"
#include "vector_numbers.hpp"

namespace chainrule::CHAINRULE_SET {

// --------------------------------------------------------------------------------- small helpers

// Every second term of a polynomial, as a polynomial of x^2.
template <int from, class Vector, int count>
CHAINRULE_INLINE Vector every_second(Vector square, const Element<Vector> (&coefficients)[count]) {
    if constexpr (from + 2 >= count) {
        return splat(coefficients[from]);
    } else {
        return fma(every_second<from + 2>(square, coefficients), square, splat(coefficients[from]));
    }
}

// The polynomial with these coefficients, the constant one first. The even and the odd terms make
// two chains that the machine computes side by side.
template <class Vector, int count>
CHAINRULE_INLINE Vector polynomial(Vector x, const Element<Vector> (&coefficients)[count]) {
    const Vector square = x * x;
    return fma(every_second<1>(square, coefficients), x, every_second<0>(square, coefficients));
}

// Within the bounds; NaN stays NaN, because the machine's minimum and maximum give their second
// operand then.
template <class Vector>
CHAINRULE_INLINE Vector at_most(Vector x, Element<Vector> bound) {
    return smaller_or_b(splat(bound), x);
}
template <class Vector>
CHAINRULE_INLINE Vector at_least(Vector x, Element<Vector> bound) {
    return larger_or_b(splat(bound), x);
}

// ------------------------------------------------------------------------------- powers of two

// The whole number next to a vector's lanes: as a number, and as a sum whose lowest bits hold it.
template <class Vector>
struct Nearest {
    Vector number;
    Vector sum;
};

// Adding 1.5 * 2^fraction_bits pushes the fraction out, rounding to nearest.
template <class Vector>
CHAINRULE_INLINE Nearest<Vector> nearest(Vector x, Element<Vector> factor) {
    using Number = Numbers<Element<Vector>>;
    const Vector sum = fma(x, splat(factor), splat(Number::round_by_adding));
    return {sum - Number::round_by_adding, sum};
}

// 2^n and 2^-n, where n stands in the lowest bits of `n_bits`, for normal results only.
template <class Vector, class Bits>
CHAINRULE_INLINE Vector power_of_two(Bits n_bits) {
    using T = Element<Vector>;
    return from_bits((n_bits << Numbers<T>::fraction_bits) + to_bits(splat(T(1))));
}
template <class Vector, class Bits>
CHAINRULE_INLINE Vector negative_power_of_two(Bits n_bits) {
    using T = Element<Vector>;
    return from_bits(to_bits(splat(T(1))) - (n_bits << Numbers<T>::fraction_bits));
}

// x * 2^n in two halves, each a normal number, so that the only rounding is the last one: that
// gives denormal results and overflow as they should be.
template <class Vector>
CHAINRULE_INLINE Vector times_power_of_two(Vector x, Nearest<Vector> n) {
    const auto half = to_bits(nearest(n.number, Element<Vector>(0.5)).sum);
    const auto other = to_bits(n.sum) - half;
    return x * power_of_two<Vector>(half) * power_of_two<Vector>(other);
}

// ------------------------------------------------------------------------------------------ exp

// x = n * ln 2 + rest + rest_low, |rest| <= ln(2) / 2; `rest_low` is what rounding took from rest.
template <class Vector>
struct Reduced {
    Nearest<Vector> n;
    Vector rest;
    Vector rest_low;
};

template <class Vector>
CHAINRULE_INLINE Reduced<Vector> reduced(Vector x) {
    using Number = Numbers<Element<Vector>>;
    const Nearest<Vector> n = nearest(x, Number::log2_e);
    const Vector high = fma(n.number, splat(-Number::ln2_high), x);
    const Vector rest = fma(n.number, splat(-Number::ln2_low), high);
    const Vector rest_low = fma(n.number, splat(-Number::ln2_low), high - rest);
    return {n, rest, rest_low};
}

// exp(rest) - 1 - rest + addend; alone the difference would be rounded once more.
template <class Vector>
CHAINRULE_INLINE Vector exp_tail_plus(Vector addend, Vector rest) {
    return fma(rest * rest, polynomial(rest, Numbers<Element<Vector>>::exp_tail), addend);
}

template <class Vector>
CHAINRULE_INLINE Vector exp_within_bounds(Vector x) {
    const Reduced<Vector> parts = reduced(x);
    const Vector value = Element<Vector>(1) + exp_tail_plus(parts.rest, parts.rest);
    return times_power_of_two(value, parts.n);
}

template <class Vector>
CHAINRULE_INLINE Vector vexp(Vector x) {
    using Number = Numbers<Element<Vector>>;
    return exp_within_bounds(at_least(at_most(x, Number::exp_highest), Number::exp_lowest));
}

// exp(x) - 1 = 2^n ((1 - 2^-n) + rest + tail), the two large terms added first, exactly.
template <class Vector>
CHAINRULE_INLINE Vector vexpm1(Vector x) {
    using T = Element<Vector>;
    using Number = Numbers<T>;
    const Vector bounded = at_least(at_most(x, Number::exp_highest), Number::expm1_lowest);
    const Reduced<Vector> parts = reduced(bounded);
    // Far beyond the fraction's bits the power 2^-n is too small to matter, and it would underflow.
    const T enough = Number::round_by_adding + T(2 * Number::fraction_bits);
    const Vector power = negative_power_of_two<Vector>(to_bits(at_most(parts.n.sum, enough)));
    const Vector one_less = T(1) - power;
    const Vector high = one_less + parts.rest;
    const Vector low = (parts.rest - (high - one_less)) + parts.rest_low;
    const Vector value = high + exp_tail_plus(low, parts.rest);
    return copysign(times_power_of_two(value, parts.n), x);
}

// -------------------------------------------------------------------------- tanh and sigmoid

// With y = 2|x| = n ln 2 + rest, tanh |x| = (exp(y) - 1) / (exp(y) + 1), both divided by 2^n.
// Nothing cancels: near 0 the power is 1 and the numerator is expm1(y).
template <class Vector>
CHAINRULE_INLINE Vector vtanh(Vector x) {
    using T = Element<Vector>;
    const Vector size = at_most(absolute(x), Numbers<T>::tanh_highest);
    const Reduced<Vector> parts = reduced(size + size);
    const Vector power = negative_power_of_two<Vector>(to_bits(parts.n.sum));
    const Vector above = exp_tail_plus((T(1) - power) + parts.rest, parts.rest);
    const Vector below = above + (power + power);
    return copysign(above / below, x);
}

// The exponential of a number that is never positive cannot overflow, so both tails are right.
// What the sum 1 + decay loses by rounding is given back to the ratio.
template <class Vector>
CHAINRULE_INLINE Vector vsigmoid(Vector x) {
    using T = Element<Vector>;
    const Vector decay = exp_within_bounds(at_least(-absolute(x), Numbers<T>::exp_lowest));
    const Vector sum = T(1) + decay;
    const Vector lost = decay - (sum - T(1));
    const Vector ratio = select(x < T(0), decay, splat(T(1))) / sum;
    return fma(-ratio, lost, ratio);
}

}  // namespace chainrule::CHAINRULE_SET
