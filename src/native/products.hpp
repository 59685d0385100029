// Matrix products whose operands are read as they lie: a block of c stays in registers while the
// depth goes by.
#pragma once

#include "kernels.hpp"
#include "transposing.hpp"

namespace chainrule::CHAINRULE_SET {

// A block of `Rows` rows and `Vectors` vectors of columns; with `Part`, the last vector holds only
// `part` columns.
template <class T, int Rows, int Vectors, bool Part>
CHAINRULE_INLINE void product_block(const ProductShape& shape, const T* a, const T* b, T* c,
                                    Count depth, bool add, int part) {
    constexpr int lanes = Lanes<T>::N;
    V<T> sums[Rows][Vectors];
#pragma GCC unroll 16
    for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 16
        for (int vector = 0; vector < Vectors; ++vector) {
            sums[row][vector] = V<T>{};
        }
    }
    for (Count place = 0; place < depth; ++place) {
        V<T> columns[Vectors];
#pragma GCC unroll 16
        for (int vector = 0; vector < Vectors; ++vector) {
            const T* from = b + place * shape.b_depth + vector * lanes;
            columns[vector] = Part && vector == Vectors - 1 ? load_part(from, part) : load(from);
        }
#pragma GCC unroll 16
        for (int row = 0; row < Rows; ++row) {
            const V<T> factor = splat(a[row * shape.a_row + place * shape.a_depth]);
#pragma GCC unroll 16
            for (int vector = 0; vector < Vectors; ++vector) {
                sums[row][vector] = fma(factor, columns[vector], sums[row][vector]);
            }
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 16
        for (int vector = 0; vector < Vectors; ++vector) {
            T* to = c + row * shape.c_row + vector * lanes;
            if (Part && vector == Vectors - 1) {
                const V<T> before = add ? load_part(to, part) : V<T>{};
                store_part(to, sums[row][vector] + before, part);
            } else {
                store(to, add ? sums[row][vector] + load(to) : sums[row][vector]);
            }
        }
    }
}

// All rows of one panel of columns; the rows that are left over go one size down.
template <class T, int Rows, int Vectors, bool Part>
void product_panel(const ProductShape& shape, const T* a, const T* b, T* c, Count rows, Count depth,
                   bool add, int part) {
    while (rows >= Rows) {
        product_block<T, Rows, Vectors, Part>(shape, a, b, c, depth, add, part);
        a += Rows * shape.a_row;
        c += Rows * shape.c_row;
        rows -= Rows;
    }
    if constexpr (Rows > 1) {
        if (rows > 0) {
            product_panel<T, Rows - 1, Vectors, Part>(shape, a, b, c, rows, depth, add, part);
        }
    }
}

// Panels of `Vectors` vectors, as many as fit; returns the column behind them.
template <class T, int Rows, int Vectors>
Count product_panels(const ProductShape& shape, const T* a, const T* b, T* c, Count column,
                     Count depth, bool add) {
    constexpr Count width = Vectors * Lanes<T>::N;
    for (; column + width <= shape.columns; column += width) {
        product_panel<T, Rows, Vectors, false>(shape, a, b + column, c + column, shape.rows, depth,
                                               add, 0);
    }
    return column;
}

template <class T>
void product_slab(const ProductShape& shape, const T* a, const T* b, T* c, Count depth, bool add) {
    constexpr int lanes = Lanes<T>::N;
    Count column = 0;
    // Few rows leave registers free for more columns, which keeps enough sums under way.
    if (shape.rows == 1) {
        column = product_panels<T, 1, 8>(shape, a, b, c, column, depth, add);
    }
    if (shape.rows <= 3) {
        column = product_panels<T, 3, 4>(shape, a, b, c, column, depth, add);
    }
    column = product_panels<T, 6, 2>(shape, a, b, c, column, depth, add);
    column = product_panels<T, 8, 1>(shape, a, b, c, column, depth, add);
    const int part = static_cast<int>(shape.columns - column);
    if (part > 0 && part < lanes) {
        product_panel<T, 8, 1, true>(shape, a, b + column, c + column, shape.rows, depth, add,
                                     part);
    }
}

template <class T>
void product(const ProductShape& shape, const T* a, const T* b, T* c, bool add) {
    // So much of the depth that a panel of b stays in the nearest cache.
    constexpr Count slab = 384;
    if (shape.depth == 0 && !add) {
        product_slab(shape, a, b, c, 0, false);
    }
    for (Count place = 0; place < shape.depth; place += slab) {
        const Count depth = shape.depth - place < slab ? shape.depth - place : slab;
        product_slab(shape, a + place * shape.a_depth, b + place * shape.b_depth, c, depth,
                     add || place > 0);
    }
}

// ---- both contiguous along the depth ----

#if defined(__AVX2__)
CHAINRULE_INLINE void store_four_sums(const V<float>* sums, float* to) {
#if defined(__AVX512F__)
    for (int one = 0; one < 4; ++one) {
        to[one] = sum_lanes(sums[one]);
    }
#else
    const __m256 pairs_0 = _mm256_hadd_ps(sums[0], sums[1]);
    const __m256 pairs_1 = _mm256_hadd_ps(sums[2], sums[3]);
    const __m256 fours = _mm256_hadd_ps(pairs_0, pairs_1);
    _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps(fours, 1)));
#endif
}
CHAINRULE_INLINE void store_four_sums(const V<double>* sums, double* to) {
#if defined(__AVX512F__)
    for (int one = 0; one < 4; ++one) {
        to[one] = sum_lanes(sums[one]);
    }
#else
    const __m256d low = _mm256_hadd_pd(sums[0], sums[1]);
    const __m256d high = _mm256_hadd_pd(sums[2], sums[3]);
    const __m256d crossed = _mm256_permute2f128_pd(low, high, 0x21);
    _mm256_storeu_pd(to, _mm256_add_pd(_mm256_blend_pd(low, high, 0xC), crossed));
#endif
}
#else
template <class T>
CHAINRULE_INLINE void store_four_sums(const V<T>* sums, T* to) {
    for (int one = 0; one < 4; ++one) {
        to[one] = sum_lanes(sums[one]);
    }
}
#endif

template <class T, int Rows, int Columns>
CHAINRULE_INLINE void dots_block(const ProductShape& shape, const T* a, const T* b, T* c,
                                 bool add) {
    constexpr Count lanes = Lanes<T>::N;
    V<T> sums[Rows][Columns] = {};
    Count place = 0;
    for (; place + lanes <= shape.depth; place += lanes) {
        V<T> columns[Columns];
#pragma GCC unroll 8
        for (int column = 0; column < Columns; ++column) {
            columns[column] = load(b + column * shape.b_column + place);
        }
#pragma GCC unroll 8
        for (int row = 0; row < Rows; ++row) {
            const V<T> factors = load(a + row * shape.a_row + place);
#pragma GCC unroll 8
            for (int column = 0; column < Columns; ++column) {
                sums[row][column] = fma(factors, columns[column], sums[row][column]);
            }
        }
    }
    const int part = static_cast<int>(shape.depth - place);
    if (part > 0) {
        for (int row = 0; row < Rows; ++row) {
            const V<T> factors = load_part(a + row * shape.a_row + place, part);
            for (int column = 0; column < Columns; ++column) {
                const V<T> others = load_part(b + column * shape.b_column + place, part);
                sums[row][column] = fma(factors, others, sums[row][column]);
            }
        }
    }
    for (int row = 0; row < Rows; ++row) {
        T made[Columns];
        if constexpr (Columns == 4) {
            store_four_sums(sums[row], made);
        } else {
            made[0] = sum_lanes(sums[row][0]);
        }
        T* to = c + row * shape.c_row;
        for (int column = 0; column < Columns; ++column) {
            to[column] = add ? to[column] + made[column] : made[column];
        }
    }
}

template <class T>
void dots(const ProductShape& shape, const T* a, const T* b, T* c, bool add) {
    Count column = 0;
    for (; column + 4 <= shape.columns; column += 4) {
        const T* other = b + column * shape.b_column;
        Count row = 0;
        for (; row + 2 <= shape.rows; row += 2) {
            dots_block<T, 2, 4>(shape, a + row * shape.a_row, other, c + row * shape.c_row + column,
                                add);
        }
        if (row < shape.rows) {
            dots_block<T, 1, 4>(shape, a + row * shape.a_row, other, c + row * shape.c_row + column,
                                add);
        }
    }
    for (; column < shape.columns; ++column) {
        for (Count row = 0; row < shape.rows; ++row) {
            dots_block<T, 1, 1>(shape, a + row * shape.a_row, b + column * shape.b_column,
                                c + row * shape.c_row + column, add);
        }
    }
}

template <class T>
void pack(const ProductShape& shape, const T* b, T* packed, Count packed_row) {
    if (shape.b_depth == 1) {
        transpose(b, shape.b_column, shape.columns, shape.depth, packed, packed_row);
        return;
    }
    for (Count place = 0; place < shape.depth; ++place) {
        for (Count column = 0; column < shape.columns; ++column) {
            packed[place * packed_row + column] =
                b[place * shape.b_depth + column * shape.b_column];
        }
    }
}

}  // namespace chainrule::CHAINRULE_SET
