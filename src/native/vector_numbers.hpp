// The numbers behind vector_math.hpp, for float and for double.
//
// The polynomials, constant term first, are minimax fits: the Remez exchange in 200-bit arithmetic,
// for the relative error of the function that the polynomial ends up in, which stands beside each.
// ln 2 and pi/2 are cut into parts so short that a part times a small whole number is exact.
#pragma once

#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

template <class T>
struct Numbers;

template <>
struct Numbers<float> {
    static constexpr int fraction_bits = 23;
    static constexpr int exponent_bias = 127;
    static constexpr float infinity = __builtin_huge_valf();
    static constexpr float not_a_number = __builtin_nanf("");
    static constexpr float smallest_normal = 0x1p-126f;
    static constexpr float whole_from = 0x1p23f;         // from here on every number is whole
    static constexpr float round_by_adding = 0x1.8p23f;  // and here negative ones fit in as well

    static constexpr float log2_e = 0x1.715476p0f;
    static constexpr float ln2_high = 0x1.62e4p-1f;
    static constexpr float ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float exp_lowest = -104.0f;  // exp rounds to 0 below
    static constexpr float exp_highest = 89.0f;   // exp overflows above
    static constexpr float expm1_lowest = -18.0f;
    static constexpr float tanh_highest = 10.0f;
    // (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2; error of expm1 2^-31.9
    static constexpr float exp_tail[] = {0.5f,           0.166666657f,   0.0416663587f,
                                         0.00833338965f, 0.00139406673f, 0.000198458307f};

    static constexpr float sqrt_half = 0x1.6a09e6p-1f;
    // (ln((1 + s) / (1 - s)) / s - 2) / s^2 in s^2, |s| <= 0.1716; error 2^-30.2
    static constexpr float log_tail[] = {0.666667759f, 0.399774939f, 0.29873082f};

    static constexpr float circle_limit = 1000.0f;  // the parts of pi/2 serve up to here
    static constexpr float two_over_pi = 0x1.45f306p-1f;
    static constexpr float half_pi[] = {0x1.921p0f, 0x1.f6ap-13f, 0x1.11p-26f, 0x1.68c234p-39f};
    // (sin(r) / r - 1) / r^2 in r^2, |r| <= pi/4; error 2^-28.0
    static constexpr float sin_tail[] = {-0.166666552f, 0.00833215844f, -0.000195149638f};
    // (cos(r) - 1 + r^2 / 2) / r^4 in r^2, |r| <= pi/4; error 2^-33.0
    static constexpr float cos_tail[] = {0.0416666456f, -0.0013887313f, 2.44327948e-05f};

    static constexpr float erf_highest = 3.95f;  // erf rounds to 1 from here on
    // erf(x) / x - 1 in x^2, |x| <= 1; error 2^-29.6
    static constexpr float erf_small[] = {0.128379166f,   -0.37612626f,   0.112835854f,
                                          -0.0268538129f, 0.00518832821f, -0.000801019778f,
                                          7.85387747e-05f};
    // -ln(1 - erf(x)) in x - 1, 1 <= x <= 3.95; error of erf 2^-29.9
    static constexpr float erf_large[] = {1.84960556f,    2.6389668f,     0.84311837f,
                                          0.0415006727f,  -0.0098908674f, 0.00182614615f,
                                          -0.00018556985f};
};

template <>
struct Numbers<double> {
    static constexpr int fraction_bits = 52;
    static constexpr int exponent_bias = 1023;
    static constexpr double infinity = __builtin_huge_val();
    static constexpr double not_a_number = __builtin_nan("");
    static constexpr double smallest_normal = 0x1p-1022;
    static constexpr double whole_from = 0x1p52;
    static constexpr double round_by_adding = 0x1.8p52;

    static constexpr double log2_e = 0x1.71547652b82fep0;
    static constexpr double ln2_high = 0x1.62e42fefa38p-1;
    static constexpr double ln2_low = 0x1.ef35793c7673p-45;
    static constexpr double exp_lowest = -746.0;
    static constexpr double exp_highest = 710.0;
    static constexpr double expm1_lowest = -38.0;
    static constexpr double tanh_highest = 20.0;
    // error of expm1 2^-61.7
    static constexpr double exp_tail[] = {
        0.5,
        0.16666666666666677,
        0.041666666666666505,
        0.0083333333333216551,
        0.0013888888888962622,
        0.00019841269886072146,
        2.4801587172235189e-05,
        2.7557244255438694e-06,
        2.7557402755684419e-07,
        2.5109024029081101e-08,
        2.0875337515038918e-09,
    };

    static constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1;
    // error 2^-59.5
    static constexpr double log_tail[] = {
        0.66666666666667351, 0.39999999999411123, 0.28571428743255411, 0.22222198476790969,
        0.18183569695332663, 0.15313904447998355, 0.14797495086486534,
    };

    static constexpr double circle_limit = 1e5;
    static constexpr double two_over_pi = 0x1.45f306dc9c883p-1;
    static constexpr double half_pi[] = {0x1.921fb54440000p0, 0x1.68c234c4c0000p-39,
                                         0x1.98a2e03707345p-77};
    // error 2^-57.9
    static constexpr double sin_tail[] = {
        -0.1666666666666663,    0.0083333333333220627,   -0.00019841269829542932,
        2.7557313604670882e-06, -2.5050745063754309e-08, 1.5896069137465083e-10,
    };
    // error 2^-64.0
    static constexpr double cos_tail[] = {
        0.041666666666666595,    -0.0013888888888872978, 2.4801587288800468e-05,
        -2.7557314164097681e-07, 2.0875698724625776e-09, -1.1358424348338067e-11,
    };

    static constexpr double erf_highest = 6.0;
    // error 2^-62.7
    static constexpr double erf_small[] = {
        0.12837916709551259,     -0.37612638903183748,    0.11283791670954857,
        -0.026866170645072896,   0.0052239776247808793,   -0.00085483269787428704,
        0.00012055331036920497,  -1.4925593507286361e-05, 1.6460972821544072e-06,
        -1.6350025251153494e-07, 1.46578799096851e-08,    -1.1365665778784778e-09,
        5.9452607590328661e-11,
    };
    // 1 <= x <= 6; error of erf 2^-59.5
    static constexpr double erf_large[] = {
        1.8496055099332482,      2.6389675142347881,      0.84310725635867689,
        0.041561098041807659,    -0.010033825374402046,   0.0019779025678800227,
        -0.00023732248134692807, -2.6277875431796898e-05, 2.7159113164758233e-05,
        -9.6089022943588342e-06, 2.0597748170503195e-06,  -1.4287807609921395e-07,
        -9.7545543092685272e-08, 5.203698598418481e-08,   -1.4911142152963436e-08,
        2.8639660962914118e-09,  -3.6823642432850906e-10, 2.8814486786816377e-11,
        -1.0390555699239552e-12,
    };
};

}  // namespace chainrule::CHAINRULE_SET
