// How a matrix product runs: by own kernels, or by a BLAS where it is large.

#pragma once

#include "execution.hpp"
#include "walking.hpp"

namespace chainrule {

inline void call_library(const Library& library, char a_way, char b_way, int m, int n, int k,
                         const float* a, int a_row, const float* b, int b_row, float beta, float* c,
                         int c_row) {
    const float one = 1.0f;
    library.narrow(&a_way, &b_way, &m, &n, &k, &one, a, &a_row, b, &b_row, &beta, c, &c_row);
}

inline void call_library(const Library& library, char a_way, char b_way, int m, int n, int k,
                         const double* a, int a_row, const double* b, int b_row, double beta,
                         double* c, int c_row) {
    const double one = 1.0;
    library.wide(&a_way, &b_way, &m, &n, &k, &one, a, &a_row, b, &b_row, &beta, c, &c_row);
}

// Fortran stores columns, so c^T = b^T a^T is asked for.
template <class T>
void library_product(const Library& library, const ProductShape& shape, const T* a, const T* b,
                     T* c, bool add) {
    const bool b_plain = shape.b_column == 1;
    const bool a_plain = shape.a_depth == 1;
    const Count b_row = b_plain ? shape.b_depth : shape.b_column;
    const Count a_row = a_plain ? shape.a_row : shape.a_depth;
    call_library(library, b_plain ? 'N' : 'T', a_plain ? 'N' : 'T', static_cast<int>(shape.columns),
                 static_cast<int>(shape.rows), static_cast<int>(shape.depth), b,
                 static_cast<int>(b_row), a, static_cast<int>(a_row), add ? T(1) : T(0), c,
                 static_cast<int>(shape.c_row));
}

template <class T>
void run_product(const Product& product, const Kernels<T>& kernels, const Library& library,
                 Memory& memory, bool first, Share share) {
    ProductShape shape{product.rows,    product.columns, product.depth,    product.a_row,
                       product.a_depth, product.b_depth, product.b_column, product.c_row};
    // A share takes some of the columns where there are more of them than rows, else of the rows.
    // What is packed is packed once, so there the columns are shared out.
    const bool by_columns = shape.columns >= shape.rows || product.way == Product::Way::packed;
    const Range range(by_columns ? shape.columns : shape.rows, share, by_columns ? 16 : 12);
    const Count from_row = by_columns ? 0 : range.from;
    const Count from_column = by_columns ? range.from : 0;
    (by_columns ? shape.columns : shape.rows) = range.to - range.from;
    if (shape.rows <= 0 || shape.columns <= 0) {
        return;
    }
    const T* a = memory.at<T>(product.a) + from_row * shape.a_row;
    const T* b = memory.at<T>(product.b) + from_column * shape.b_column;
    T* c = memory.at<T>(product.c) + from_row * shape.c_row + from_column;
    const std::vector<Count>* const strides[3] = {&product.batch_a, &product.batch_b,
                                                  &product.batch_c};
    bool going_on = product.sums && !first;
    walk<3>(product.batch, product.batch.size(), strides, [&](const Count* offsets) {
        const bool add = going_on;
        going_on = going_on || product.adds_batches;
        const T* left = a + offsets[0];
        const T* right = b + offsets[1];
        T* to = c + offsets[2];
        switch (product.way) {
            case Product::Way::direct:
                return kernels.product(shape, left, right, to, add);
            case Product::Way::dots:
                return kernels.dots(shape, left, right, to, add);
            case Product::Way::blocked:
                return kernels.blocked_product(shape, left, right, to, add,
                                               reinterpret_cast<T*>(memory.scratch));
            case Product::Way::library:
                return library_product<T>(library, shape, left, right, to, add);
            case Product::Way::packed:
                break;
        }
        T* packed = memory.at<T>(product.packed) + from_column;
        kernels.pack(shape, right, packed, product.packed_row);
        ProductShape turned = shape;
        turned.b_depth = product.packed_row;
        turned.b_column = 1;
        kernels.product(turned, left, packed, to, add);
    });
}

}  // namespace chainrule
