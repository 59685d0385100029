// The order of rows: the same as chainrule.randomness.permutation gives.

#pragma once

#include <vector>

#include "program.hpp"

namespace chainrule {

// The rank of 64 random bits for each of `count` rows, drawn by Philox-4x32-10 (Salmon, Moraes,
// Dror, Shaw, SC 2011) for (seed, purpose, step); of them the first `needed`, or more.
class RowOrder {
public:
    const std::int64_t* draw(int set, std::uint64_t seed, std::uint32_t purpose, std::uint32_t step,
                             Count count, Count needed);

private:
    struct Keyed {
        std::uint64_t bits;
        std::int64_t row;
    };
    void sort_by_bits(Count count, Count needed);

    std::vector<std::uint64_t> bits_;
    std::vector<std::uint32_t> starts_;
    std::vector<Keyed> keyed_;
    std::vector<std::int64_t> order_;
};

}  // namespace chainrule
