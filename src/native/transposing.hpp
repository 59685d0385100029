// Square blocks turned over in registers: what makes rows the fast axis of a tile.
#pragma once

#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

// The side of a block: so many rows fill the lanes of a 32-byte vector.
template <class T>
inline constexpr int transposed_block = sizeof(T) == 4 ? 8 : 4;

// to[j][i] = rows[i][j]: the rows of a block may lie anywhere. The rows of `to` are written in
// their order, and each from its start, so that one may reach into the next.
#if defined(__AVX2__)

CHAINRULE_INLINE void transpose_block(const float* const* rows, std::ptrdiff_t column, float* to,
                                      std::ptrdiff_t to_row) {
    __m256 whole[8];
    for (int row = 0; row < 8; ++row) {
        whole[row] = _mm256_loadu_ps(rows[row] + column);
    }
    __m256 pairs[8];
    for (int row = 0; row < 8; row += 2) {
        pairs[row] = _mm256_unpacklo_ps(whole[row], whole[row + 1]);
        pairs[row + 1] = _mm256_unpackhi_ps(whole[row], whole[row + 1]);
    }
    __m256 fours[8];
    for (int half = 0; half < 8; half += 4) {
        fours[half] = _mm256_shuffle_ps(pairs[half], pairs[half + 2], 0x44);
        fours[half + 1] = _mm256_shuffle_ps(pairs[half], pairs[half + 2], 0xEE);
        fours[half + 2] = _mm256_shuffle_ps(pairs[half + 1], pairs[half + 3], 0x44);
        fours[half + 3] = _mm256_shuffle_ps(pairs[half + 1], pairs[half + 3], 0xEE);
    }
    for (int one = 0; one < 4; ++one) {
        _mm256_storeu_ps(to + one * to_row,
                         _mm256_permute2f128_ps(fours[one], fours[one + 4], 0x20));
    }
    for (int one = 0; one < 4; ++one) {
        _mm256_storeu_ps(to + (one + 4) * to_row,
                         _mm256_permute2f128_ps(fours[one], fours[one + 4], 0x31));
    }
}

CHAINRULE_INLINE void transpose_block(const double* const* rows, std::ptrdiff_t column, double* to,
                                      std::ptrdiff_t to_row) {
    __m256d whole[4];
    for (int row = 0; row < 4; ++row) {
        whole[row] = _mm256_loadu_pd(rows[row] + column);
    }
    const __m256d low_0 = _mm256_unpacklo_pd(whole[0], whole[1]);
    const __m256d high_0 = _mm256_unpackhi_pd(whole[0], whole[1]);
    const __m256d low_1 = _mm256_unpacklo_pd(whole[2], whole[3]);
    const __m256d high_1 = _mm256_unpackhi_pd(whole[2], whole[3]);
    _mm256_storeu_pd(to, _mm256_permute2f128_pd(low_0, low_1, 0x20));
    _mm256_storeu_pd(to + to_row, _mm256_permute2f128_pd(high_0, high_1, 0x20));
    _mm256_storeu_pd(to + 2 * to_row, _mm256_permute2f128_pd(low_0, low_1, 0x31));
    _mm256_storeu_pd(to + 3 * to_row, _mm256_permute2f128_pd(high_0, high_1, 0x31));
}

#else

template <class T>
CHAINRULE_INLINE void transpose_block(const T* const* rows, std::ptrdiff_t column, T* to,
                                      std::ptrdiff_t to_row) {
    for (int one = 0; one < transposed_block<T>; ++one) {
        for (int row = 0; row < transposed_block<T>; ++row) {
            to[one * to_row + row] = rows[row][column + one];
        }
    }
}

#endif

// Rows that may lie anywhere, as many as fill a block or fewer.
template <class T>
CHAINRULE_INLINE void transpose_rows(const T* const* rows, int count, std::ptrdiff_t columns, T* to,
                                     std::ptrdiff_t to_row) {
    constexpr int side = transposed_block<T>;
    std::ptrdiff_t column = 0;
    if (count == side) {
        for (; column + side <= columns; column += side) {
            transpose_block(rows, column, to + column * to_row, to_row);
        }
    }
    for (; column < columns; ++column) {
        for (int row = 0; row < count; ++row) {
            to[column * to_row + row] = rows[row][column];
        }
    }
}

// to[j][i] = from[i][j] for any number of rows and columns.
template <class T>
inline void transpose(const T* from, std::ptrdiff_t from_row, std::ptrdiff_t rows,
                      std::ptrdiff_t columns, T* to, std::ptrdiff_t to_row) {
    constexpr int side = transposed_block<T>;
    for (std::ptrdiff_t row = 0; row < rows; row += side) {
        const int count = static_cast<int>(rows - row < side ? rows - row : side);
        const T* here[side];
        for (int one = 0; one < count; ++one) {
            here[one] = from + (row + one) * from_row;
        }
        transpose_rows(here, count, columns, to + row, to_row);
    }
}

}  // namespace chainrule::CHAINRULE_SET
