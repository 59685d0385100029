// In each row the products of some numbers with some others.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

template <class T>
CHAINRULE_INLINE void add_multiple(const T* others, Count count, T factor, T* to) {
    constexpr Count lanes = Lanes<T>::N;
    const V<T> factors = splat(factor);
    Count place = 0;
    for (; place + lanes <= count; place += lanes) {
        store(to + place, fma(factors, load(others + place), load(to + place)));
    }
    for (; place < count; ++place) {
        to[place] += factor * others[place];
    }
}

// What stands behind is written over, up to a vector.
template <class T>
CHAINRULE_INLINE void write_multiple(const T* others, Count count, T factor, T* to) {
    constexpr Count lanes = Lanes<T>::N;
    const V<T> factors = splat(factor);
    for (Count place = 0; place < count; place += lanes) {
        store(to + place, factors * load(others + place));
    }
}

template <class T>
void row_products(const RowPairs& pairs, const T* a, const T* b, T* to) {
    for (Count row = 0; row < pairs.rows; ++row) {
        T* next = to;
        for (Count place = 0; place < pairs.a_count; ++place) {
            const Count from = pairs.once ? place : 0;
            const Count count = pairs.b_count - from;
            if (pairs.add) {
                add_multiple(b + from, count, a[place], next);
            } else {
                write_multiple(b + from, count, a[place], next);
            }
            next += count;
        }
        a += pairs.a_row;
        b += pairs.b_row;
        to += pairs.to_row;
    }
}

}  // namespace chainrule::CHAINRULE_SET
