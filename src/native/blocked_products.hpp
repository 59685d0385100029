// Matrix products whose operands are larger than the caches: both are brought into the order in
// which they are read, block by block. After Goto and van de Geijn, "Anatomy of high-performance
// matrix multiplication", ACM TOMS 34 (3), 2008.
#pragma once

#include "products.hpp"

namespace chainrule::CHAINRULE_SET {

inline Count smaller_of(Count one, Count other) {
    return one < other ? one : other;
}

// A strip of rows and a panel of columns make the block of c that stays in registers.
inline constexpr Count strip = 6;
template <class T>
inline constexpr Count panel = 2 * Lanes<T>::N;

// A panel of b stays in the nearest cache; the blocks of a and of b together in the second.
inline constexpr Count block_rows = 16 * strip;
template <class T>
inline constexpr Count block_columns = 1024 / static_cast<Count>(sizeof(T));
static_assert((block_rows + block_columns<float>)*block_depth * sizeof(float) <=
                  blocks_bytes<float> &&
              (block_rows + block_columns<double>)*block_depth * sizeof(double) <=
                  blocks_bytes<double>);

// to[p, i] = from[i across + p] for `width` lines.
template <class T, Count width>
void turn_lines(const T* from, Count across, Count depth, T* to) {
    constexpr Count side = transposed_block<T>;
    constexpr Count last_block = (width - 1) / side * side;
    const T* lines[last_block + side];
    for (Count line = 0; line < last_block + side; ++line) {
        lines[line] = from + smaller_of(line, width - 1) * across;
    }
    Count place = 0;
    // A block of fewer lines reaches into the next line of `to`, which is written after it; so the
    // end is written number by number.
    for (; place + side < depth; place += side) {
        for (Count line = last_block; line >= 0; line -= side) {
            transpose_block(lines + line, place, to + place * width + line, width);
        }
    }
    for (; place < depth; ++place) {
        for (Count line = 0; line < width; ++line) {
            to[place * width + line] = lines[line][place];
        }
    }
}

// to[p, i] = from[i across + p along] for so many lines, at most `width`.
template <class T, Count width>
void pack_few(const T* from, Count across, Count along, Count lines, Count depth, T* to) {
    for (Count place = 0; place < depth; ++place) {
        for (Count line = 0; line < lines; ++line) {
            to[place * width + line] = from[place * along + line * across];
        }
    }
}

// The same for `width` lines after `width` lines, each with a place of its own; the last may be
// fewer.
template <class T, Count width>
void pack_lines(const T* from, Count across, Count along, Count lines, Count depth, T* to) {
    for (Count line = 0; line < lines; line += width) {
        const Count here = smaller_of(lines - line, width);
        const T* first = from + line * across;
        if (here == width && across == 1) {
            for (Count place = 0; place < depth; ++place) {
                __builtin_memcpy(to + place * width, first + place * along, width * sizeof(T));
            }
        } else if (here == width && along == 1) {
            turn_lines<T, width>(first, across, depth, to);
        } else {
            pack_few<T, width>(first, across, along, here, depth, to);
        }
        to += depth * width;
    }
}

// c (+)= a b of two packed blocks.
template <class T>
void multiply_blocks(const T* packed_a, const T* packed_b, Count rows, Count columns, Count depth,
                     T* c, Count c_row, bool add) {
    constexpr Count width = panel<T>;
    ProductShape shape{};
    shape.depth = depth;
    shape.a_row = 1;
    shape.a_depth = strip;
    shape.b_depth = width;
    shape.b_column = 1;
    shape.c_row = c_row;
    const T* right = packed_b;
    for (Count column = 0; column < columns; column += width) {
        shape.columns = smaller_of(columns - column, width);
        const T* left = packed_a;
        for (Count row = 0; row < rows; row += strip) {
            shape.rows = smaller_of(rows - row, strip);
            T* to = c + row * c_row + column;
            if (shape.columns == width) {
                product_panel<T, strip, 2, false>(shape, left, right, to, shape.rows, depth, add,
                                                  0);
            } else {
                product_slab(shape, left, right, to, depth, add);
            }
            left += depth * strip;
        }
        right += depth * width;
    }
}

// c (+)= a b, however a and b lie; `scratch` has room for blocks_bytes.
template <class T>
void blocked_product(const ProductShape& shape, const T* a, const T* b, T* c, bool add,
                     T* scratch) {
    T* const packed_a = scratch;
    T* const packed_b = scratch + block_depth * block_rows;
    for (Count column = 0; column < shape.columns; column += block_columns<T>) {
        const Count columns = smaller_of(block_columns<T>, shape.columns - column);
        for (Count place = 0; place < shape.depth; place += block_depth) {
            const Count depth = smaller_of(block_depth, shape.depth - place);
            pack_lines<T, panel<T>>(b + place * shape.b_depth + column * shape.b_column,
                                    shape.b_column, shape.b_depth, columns, depth, packed_b);
            for (Count row = 0; row < shape.rows; row += block_rows) {
                const Count rows = smaller_of(block_rows, shape.rows - row);
                pack_lines<T, strip>(a + row * shape.a_row + place * shape.a_depth, shape.a_row,
                                     shape.a_depth, rows, depth, packed_a);
                multiply_blocks(packed_a, packed_b, rows, columns, depth,
                                c + row * shape.c_row + column, shape.c_row, add || place > 0);
            }
        }
    }
}

}  // namespace chainrule::CHAINRULE_SET
