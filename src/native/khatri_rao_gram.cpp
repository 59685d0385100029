#include "khatri_rao_gram.hpp"

#include <algorithm>
#include <utility>

#include "crew.hpp"

namespace chainrule {

namespace {

// With so few pairs of d the x are weighed by each of them instead of paired.
constexpr Count few_pairs = 3;
// Rows whose factors and pairs stay in a cache; where the sum itself is larger than the caches,
// more of them for each time that it is gone through.
constexpr Count few_rows = 64, many_rows = 256;
constexpr Count large_sum = 200'000;
// A part is worth its while from so many rows on.
constexpr Count rows_of_a_part = 128;
// A number that is written takes as long as so many that are multiplied and added (measured).
constexpr double products_of_a_write = 8.0;
// Columns of a product that are done at a time where half of it is enough.
constexpr Count panel_columns = 16, large_panel_columns = 240;
// Numbers of a product from which it is worth its while to pack both sides.
constexpr Count large_product = 10'000;
// The numbers of the widest vector: rooms have whole ones, so that a product has no last few
// columns.
constexpr Count lanes = 8;

Count padded(Count width) {
    return (width + lanes - 1) / lanes * lanes;
}

Count pairs_in(Count first, Count second, bool same) {
    return same ? first * (first + 1) / 2 : first * second;
}

// The place of the pair (one, other) among those of `size` lines with themselves, each two once.
Count pair_place(Count one, Count other, Count size) {
    const Count low = std::min(one, other);
    const Count high = std::max(one, other);
    return low * size - low * (low - 1) / 2 + (high - low);
}

// From one row of a room to the next: whole vectors, and one to spare.
Count room_row(Count width) {
    return padded(width) + lanes;
}

// Copies what is above the diagonal to below it, in squares that stay in a cache.
void mirror(double* matrix, Count size) {
    constexpr Count side = 32;
    for (Count top = 0; top < size; top += side) {
        for (Count left = 0; left <= top; left += side) {
            for (Count row = top; row < std::min(top + side, size); ++row) {
                for (Count column = left; column < std::min(left + side, row); ++column) {
                    matrix[row * size + column] = matrix[column * size + row];
                }
            }
        }
    }
}

}  // namespace

KhatriRaoGram::KhatriRaoGram(std::vector<FactorBlock> blocks, Count roots, int set)
    : blocks_(std::move(blocks)), roots_(roots), kernels_(kernels_of<double>(set)) {
    for (FactorBlock& block : blocks_) {
        block.start = columns_;
        columns_ += block.columns();
    }
    for (std::size_t first = 0; first < blocks_.size(); ++first) {
        for (std::size_t second = first; second < blocks_.size(); ++second) {
            BlockPair pair = pair_of(first, second);
            pair.start = pairs_.empty() ? 0 : pairs_.back().start + pairs_.back().size;
            pairs_.push_back(pair);
        }
    }
    by_pairs_ = cost_of_pairs() < cost_of_lines();
    Count sum = columns_ * columns_;
    left_width_ = room_row(columns_);
    if (by_pairs_) {
        sum = left_width_ = 0;
        for (const BlockPair& pair : pairs_) {
            sum = std::max(sum, pair.size);
            // Weighed x stand behind the pairs of d that weigh them.
            const Count weighed = pair.few ? blocks_[pair.first].lines() : 0;
            left_width_ = std::max(left_width_, room_row(pair.of_d) + room_row(weighed));
            right_width_ = std::max(right_width_, pair.few ? 0 : room_row(pair.of_x));
        }
    }
    is_large_ = sum >= large_sum;
    rows_at_once_ = is_large_ ? many_rows : few_rows;
}

KhatriRaoGram::BlockPair KhatriRaoGram::pair_of(std::size_t first, std::size_t second) const {
    const FactorBlock& a = blocks_[first];
    const FactorBlock& b = blocks_[second];
    BlockPair pair;
    pair.first = first;
    pair.second = second;
    pair.of_d = pairs_in(a.outputs, b.outputs, first == second);
    pair.of_x = pairs_in(a.lines(), b.lines(), first == second);
    pair.few = pair.of_d <= few_pairs;
    // The wider side is gone through once, while the other one stays in the nearest cache.
    pair.turned = !pair.few && pair.of_d > pair.of_x;
    pair.size = pair.few      ? pair.of_d * a.lines() * padded(b.lines())
                : pair.turned ? pair.of_x * padded(pair.of_d)
                              : pair.of_d * padded(pair.of_x);
    return pair;
}

double KhatriRaoGram::cost_of_lines() const {
    const double width = static_cast<double>(padded(columns_));
    const double products = width * (width + static_cast<double>(panel_columns)) / 2.0;
    return static_cast<double>(roots_) * (products + products_of_a_write * width);
}

double KhatriRaoGram::cost_of_pairs() const {
    double cost = 0.0;
    for (const BlockPair& pair : pairs_) {
        const Count lines = blocks_[pair.first].lines();
        const Count written = roots_ * pair.of_d + (pair.few ? pair.of_d * lines : pair.of_x);
        cost += static_cast<double>(pair.size);
        cost += products_of_a_write * static_cast<double>(written);
    }
    return cost;
}

KhatriRaoGram::Part KhatriRaoGram::new_part() const {
    const auto room = [this](Count row) {
        return std::vector<double>(static_cast<std::size_t>(rows_at_once_ * row));
    };
    Part part;
    const Count sums =
        by_pairs_ ? pairs_.back().start + pairs_.back().size : columns_ * padded(columns_);
    part.totals.resize(static_cast<std::size_t>(sums));
    for (const FactorBlock& block : blocks_) {
        part.x.push_back(room(room_row(block.lines())));
    }
    for (Count root = 0; root < roots_; ++root) {
        for (const FactorBlock& block : blocks_) {
            part.d.push_back(room(room_row(block.outputs)));
        }
    }
    part.left = room(left_width_);
    part.right = room(right_width_);
    part.scratch.resize(is_large_ ? blocks_bytes<double> / sizeof(double) : 0);
    return part;
}

void KhatriRaoGram::add(const std::vector<const double*>& xs, const std::vector<const double*>& ds,
                        Count rows, int threads) {
    const Count most = std::max<Count>(1, rows / rows_of_a_part);
    const int count = static_cast<int>(std::min<Count>(threads, most));
    while (parts_.size() < static_cast<std::size_t>(count)) {
        parts_.push_back(new_part());
    }
    struct Work {
        KhatriRaoGram& gram;
        const std::vector<const double*>& xs;
        const std::vector<const double*>& ds;
        Count rows;
        int count;
    } work{*this, xs, ds, rows, count};
    const auto task = [](void* given, int number) {
        const Work& one = *static_cast<Work*>(given);
        const Count first = one.rows * number / one.count;
        const Count last = one.rows * (number + 1) / one.count;
        one.gram.add_part(one.gram.parts_[static_cast<std::size_t>(number)],
                          Portion{one.xs, one.ds, first, last});
    };
    const Crew::Lent crew = Crew::lend(count);
    if (crew != nullptr) {
        crew->run(task, &work, count);
        return;
    }
    for (int number = 0; number < count; ++number) {
        task(&work, number);
    }
}

void KhatriRaoGram::add_part(Part& part, const Portion& portion) const {
    for (Count first = portion.first; first < portion.last; first += rows_at_once_) {
        const Count rows = std::min(rows_at_once_, portion.last - first);
        const Portion here{portion.xs, portion.ds, first, first + rows};
        take_factors(part, here, rows);
        if (by_pairs_) {
            for (const BlockPair& pair : pairs_) {
                add_pair(part, pair, rows);
            }
        } else {
            add_lines(part, rows);
        }
        part.begun = true;
    }
}

// Brings factors into rooms of their own, behind whose rows there is room for a vector.
void KhatriRaoGram::take_factors(Part& part, const Portion& portion, Count rows) const {
    const auto take = [rows](const double* from, Count width, bool one_behind, double* to,
                             Count to_row) {
        for (Count row = 0; row < rows; ++row) {
            std::copy(from, from + width, to);
            if (one_behind) {
                to[width] = 1.0;
            }
            from += width;
            to += to_row;
        }
    };
    for (std::size_t place = 0; place < portion.ds.size(); ++place) {
        const FactorBlock& block = blocks_[place % blocks_.size()];
        if (place < blocks_.size()) {
            take(portion.xs[place] + portion.first * block.inputs, block.inputs, block.one_behind,
                 part.x[place].data(), room_row(block.lines()));
        }
        take(portion.ds[place] + portion.first * block.outputs, block.outputs, false,
             part.d[place].data(), room_row(block.outputs));
    }
}

// Rows of A are written down for a while, and the upper half of their product is added.
void KhatriRaoGram::add_lines(Part& part, Count rows) const {
    const Count width = padded(columns_);
    const Count row = room_row(columns_);
    for (Count root = 0; root < roots_; ++root) {
        for (std::size_t place = 0; place < blocks_.size(); ++place) {
            const FactorBlock& block = blocks_[place];
            const RowPairs pairs{rows,
                                 block.lines(),
                                 room_row(block.lines()),
                                 block.outputs,
                                 room_row(block.outputs),
                                 row,
                                 false,
                                 false};
            kernels_.row_products(pairs, part.x[place].data(), of_root(part, root, place),
                                  part.left.data() + block.start);
        }
        const Count most = is_large_ ? large_panel_columns : panel_columns;
        for (Count column = 0; column < width; column += most) {
            const Count columns = std::min(most, width - column);
            const Count above = std::min(columns_, column + columns);
            multiply(part, {part.left.data(), above, row},
                     {part.left.data() + column, columns, row}, rows, part.totals.data() + column,
                     width, part.begun || root > 0);
        }
    }
}

const double* KhatriRaoGram::of_root(const Part& part, Count root, std::size_t block) const {
    return part.d[static_cast<std::size_t>(root) * blocks_.size() + block].data();
}

void KhatriRaoGram::add_pair(Part& part, const BlockPair& pair, Count rows) const {
    const FactorBlock& a = blocks_[pair.first];
    const FactorBlock& b = blocks_[pair.second];
    const bool same = pair.first == pair.second;
    const Count left = room_row(pair.of_d);
    const double* x_a = part.x[pair.first].data();
    const double* x_b = part.x[pair.second].data();
    const Count of_a = room_row(a.lines());
    const Count of_b = room_row(b.lines());
    for (Count root = 0; root < roots_; ++root) {
        const RowPairs pairs{
            rows, a.outputs, room_row(a.outputs), b.outputs, room_row(b.outputs), left,
            same, root > 0};
        kernels_.row_products(pairs, of_root(part, root, pair.first),
                              of_root(part, root, pair.second), part.left.data());
    }
    double* totals = part.totals.data() + pair.start;
    if (pair.few) {
        double* weighed = part.left.data() + rows_at_once_ * left;
        const Count columns = padded(b.lines());
        for (Count factor = 0; factor < pair.of_d; ++factor) {
            const RowPairs one{rows, 1, left, a.lines(), of_a, of_a, false, false};
            kernels_.row_products(one, part.left.data() + factor, x_a, weighed);
            multiply(part, {weighed, a.lines(), of_a}, {x_b, columns, of_b}, rows, totals, columns,
                     part.begun);
            totals += a.lines() * columns;
        }
        return;
    }
    const Count right = room_row(pair.of_x);
    const RowPairs pairs{rows, a.lines(), of_a, b.lines(), of_b, right, same, false};
    kernels_.row_products(pairs, x_a, x_b, part.right.data());
    const auto add = [&](const double* narrow, Count count, Count narrow_row, const double* wide,
                         Count width, Count wide_row) {
        multiply(part, {narrow, count, narrow_row}, {wide, padded(width), wide_row}, rows, totals,
                 padded(width), part.begun);
    };
    if (pair.turned) {
        add(part.right.data(), pair.of_x, right, part.left.data(), pair.of_d, left);
    } else {
        add(part.left.data(), pair.of_d, left, part.right.data(), pair.of_x, right);
    }
}

// c (+)= a' b over so many rows.
void KhatriRaoGram::multiply(Part& part, const Columns& a, const Columns& b, Count rows, double* c,
                             Count c_row, bool add) const {
    const ProductShape shape{a.count, b.count, rows, 1, a.row, b.row, 1, c_row};
    if (is_large_ && a.count * b.count >= large_product) {
        kernels_.blocked_product(shape, a.at, b.at, c, add, part.scratch.data());
    } else {
        kernels_.product(shape, a.at, b.at, c, add);
    }
}

void KhatriRaoGram::matrix(double* to) {
    std::vector<double>* totals = nullptr;
    for (Part& part : parts_) {
        if (!part.begun) {
            continue;
        }
        part.begun = false;
        if (totals == nullptr) {
            totals = &part.totals;
        } else {
            kernels_.add_into(totals->data(), part.totals.data(),
                              static_cast<Count>(totals->size()));
        }
    }
    if (totals == nullptr) {
        std::fill(to, to + columns_ * columns_, 0.0);
        return;
    }
    if (by_pairs_) {
        for (const BlockPair& pair : pairs_) {
            unfold(pair, totals->data() + pair.start, to);
        }
    } else {
        for (Count row = 0; row < columns_; ++row) {
            const double* from = totals->data() + row * padded(columns_);
            std::copy(from + row, from + columns_, to + row * columns_ + row);
        }
    }
    mirror(to, columns_);
}

// Writes what is summed for two blocks to where it stands in the matrix, at least above its
// diagonal.
void KhatriRaoGram::unfold(const BlockPair& pair, const double* totals, double* to) const {
    const FactorBlock& a = blocks_[pair.first];
    const FactorBlock& b = blocks_[pair.second];
    const bool same = pair.first == pair.second;
    const Count x_row = padded(b.lines());
    // From one pair of d, and of x, to the next in the totals.
    const Count d_step = pair.few ? a.lines() * x_row : pair.turned ? 1 : padded(pair.of_x);
    const Count x_step = pair.turned ? padded(pair.of_d) : 1;
    for (Count line = 0; line < a.lines(); ++line) {
        for (Count other_line = same ? line : 0; other_line < b.lines(); ++other_line) {
            const Count of_x = pair.few ? line * x_row + other_line
                               : same   ? pair_place(line, other_line, a.lines())
                                        : line * b.lines() + other_line;
            for (Count out = 0; out < a.outputs; ++out) {
                double* row = to + (a.start + line * a.outputs + out) * columns_;
                row += b.start + other_line * b.outputs;
                for (Count other = 0; other < b.outputs; ++other) {
                    const Count of_d =
                        same ? pair_place(out, other, a.outputs) : out * b.outputs + other;
                    row[other] = totals[of_d * d_step + of_x * x_step];
                }
            }
        }
    }
}

}  // namespace chainrule
