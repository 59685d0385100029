// The factors of a Gram matrix as Python hands them over: plain lists, numbers and arrays.

#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "khatri_rao_gram.hpp"

namespace chainrule {

namespace nb = nanobind;

// (inputs, whether a one stands behind them, outputs) of each block.
inline void make_gram(KhatriRaoGram* gram, nb::list blocks_given, Count roots, int set) {
    std::vector<FactorBlock> blocks;
    for (nb::handle given : blocks_given) {
        const nb::tuple one = nb::cast<nb::tuple>(given);
        FactorBlock block;
        block.inputs = nb::cast<Count>(one[0]);
        block.one_behind = nb::cast<bool>(one[1]);
        block.outputs = nb::cast<Count>(one[2]);
        blocks.push_back(block);
    }
    if (blocks.empty() || roots < 1) {
        throw std::invalid_argument("a Gram matrix needs blocks and roots");
    }
    new (gram) KhatriRaoGram(std::move(blocks), roots, set);
}

using Factor = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// What an array holds, if it has so many rows and columns.
inline const double* factor_of(const Factor& given, Count rows, Count columns) {
    if (static_cast<Count>(given.shape(0)) != rows ||
        static_cast<Count>(given.shape(1)) != columns) {
        throw std::invalid_argument("a factor has other rows or columns than its block");
    }
    return given.data();
}

inline void add_to_gram(KhatriRaoGram& gram, const std::vector<Factor>& xs,
                        const std::vector<Factor>& ds, int threads) {
    const std::size_t count = gram.blocks().size();
    if (xs.size() != count || ds.size() != count * static_cast<std::size_t>(gram.roots())) {
        throw std::invalid_argument("there are factors for another number of blocks");
    }
    const Count rows = static_cast<Count>(xs[0].shape(0));
    std::vector<const double*> of_x;
    std::vector<const double*> of_d;
    for (std::size_t place = 0; place < count; ++place) {
        of_x.push_back(factor_of(xs[place], rows, gram.blocks()[place].inputs));
    }
    for (std::size_t place = 0; place < ds.size(); ++place) {
        of_d.push_back(factor_of(ds[place], rows, gram.blocks()[place % count].outputs));
    }
    nb::gil_scoped_release free;
    gram.add(of_x, of_d, rows, threads);
}

}  // namespace chainrule
