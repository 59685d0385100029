// Sums and maxima. Their lanes are explicit, so that no compiler chooses the order.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

struct Summing {
    template <class X>
    CHAINRULE_INLINE static X apply(X a, X b) {
        return a + b;
    }
    template <class T>
    CHAINRULE_INLINE static T of_lanes(V<T> v) {
        return sum_lanes(v);
    }
    template <class T>
    CHAINRULE_INLINE static T scalar(T a, T b) {
        return a + b;
    }
};

struct Maximising {
    template <class X>
    CHAINRULE_INLINE static X apply(X a, X b) {
        return maximum(a, b);
    }
    template <class T>
    CHAINRULE_INLINE static T of_lanes(V<T> v) {
        return max_lanes(v);
    }
    template <class T>
    CHAINRULE_INLINE static T scalar(T a, T b) {
        return a != a ? a : b != b || b > a ? b : a;
    }
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
            made[vector] = Reducing::apply(made[vector], load(x + place * stride + vector * lanes));
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

}  // namespace chainrule::CHAINRULE_SET
