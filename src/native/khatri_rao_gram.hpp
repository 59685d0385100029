// A'A for a matrix A whose rows are never written down: each is given by factors, block by block,
// as the outer product of a short row x and a short row d. (Row by row such a matrix is called a
// Khatri-Rao product, and A'A its Gram matrix.) The rows come in portions, in float64.

#pragma once

#include <vector>

#include "kernels.hpp"

namespace chainrule {

// A block of the columns of A: `outputs` columns for each number of x, and for the one behind them.
struct FactorBlock {
    Count inputs = 0;
    bool one_behind = false;
    Count outputs = 0;
    Count start = 0;  // its first column

    Count lines() const { return inputs + (one_behind ? 1 : 0); }
    Count columns() const { return lines() * outputs; }
};

class KhatriRaoGram {
public:
    // Each row of the factors stands for so many rows of A, which share x: `roots` of them.
    KhatriRaoGram(std::vector<FactorBlock> blocks, Count roots, int set);

    Count columns() const { return columns_; }
    const std::vector<FactorBlock>& blocks() const { return blocks_; }
    Count roots() const { return roots_; }
    bool by_pairs() const { return by_pairs_; }

    // Adds rows: xs[block] is (rows, inputs), ds[root * blocks + block] is (rows, outputs). Each of
    // `threads` takes a part of them: the bits follow from that number alone.
    void add(const std::vector<const double*>& xs, const std::vector<const double*>& ds, Count rows,
             int threads);

    // Writes the sum (columns, columns) since the last call of this, and begins anew.
    void matrix(double* to);

private:
    // Two blocks and what is summed for them: pairs of their d times pairs of their x; where there
    // are few pairs of d, the x of the first, weighed by each of those, times the x of the second.
    struct BlockPair {
        std::size_t first = 0, second = 0;
        Count of_d = 0, of_x = 0;
        bool few = false;
        bool turned = false;        // whether what is summed is pairs of x times pairs of d
        Count start = 0, size = 0;  // in the totals
    };
    // What one thread sums, and the room that it writes in.
    struct Part {
        std::vector<double> totals;
        bool begun = false;                     // whether something is in the totals
        std::vector<std::vector<double>> x, d;  // the factors, with the ones behind
        std::vector<double> left, right, scratch;
    };
    // Columns of a room whose rows are `row` numbers apart.
    struct Columns {
        const double* at;
        Count count, row;
    };
    struct Portion {
        const std::vector<const double*>& xs;
        const std::vector<const double*>& ds;
        Count first, last;
    };

    BlockPair pair_of(std::size_t first, std::size_t second) const;
    double cost_of_lines() const;
    double cost_of_pairs() const;
    Part new_part() const;
    void add_part(Part& part, const Portion& portion) const;
    void take_factors(Part& part, const Portion& portion, Count rows) const;
    const double* of_root(const Part& part, Count root, std::size_t block) const;
    void add_lines(Part& part, Count rows) const;
    void add_pair(Part& part, const BlockPair& pair, Count rows) const;
    void multiply(Part& part, const Columns& a, const Columns& b, Count rows, double* c,
                  Count c_row, bool add) const;
    void unfold(const BlockPair& pair, const double* totals, double* to) const;

    std::vector<FactorBlock> blocks_;
    Count roots_ = 1;
    const Kernels<double>& kernels_;
    Count columns_ = 0;
    std::vector<BlockPair> pairs_;
    bool by_pairs_ = false;
    Count left_width_ = 0, right_width_ = 0;
    bool is_large_ = false;
    Count rows_at_once_ = 0;
    std::vector<Part> parts_;
};

}  // namespace chainrule
