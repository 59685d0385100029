#include "order.hpp"

#include "kernels.hpp"

namespace chainrule {

// The bits are spread evenly, so their leading ones say about where each row belongs.
void RowOrder::sort_by_bits(Count count) {
    int leading = 1;
    while ((Count(1) << leading) < count) {
        ++leading;
    }
    const int shift = 64 - leading;
    starts_.assign((std::size_t(1) << leading) + 1, 0);
    for (Count row = 0; row < count; ++row) {
        ++starts_[(bits_[static_cast<std::size_t>(row)] >> shift) + 1];
    }
    for (std::size_t bucket = 1; bucket < starts_.size(); ++bucket) {
        starts_[bucket] += starts_[bucket - 1];
    }
    keyed_.resize(static_cast<std::size_t>(count));
    for (Count row = 0; row < count; ++row) {
        const std::uint64_t bits = bits_[static_cast<std::size_t>(row)];
        keyed_[starts_[bits >> shift]++] = {bits, row};
    }
    for (std::size_t place = 1; place < keyed_.size(); ++place) {
        const Keyed one = keyed_[place];
        std::size_t gap = place;
        while (gap > 0 && keyed_[gap - 1].bits > one.bits) {
            keyed_[gap] = keyed_[gap - 1];
            --gap;
        }
        keyed_[gap] = one;
    }
}

const std::int64_t* RowOrder::draw(int set, std::uint64_t seed, std::uint32_t purpose,
                                   std::uint32_t step, Count count) {
    const Count blocks = (count + 1) / 2;
    bits_.resize(static_cast<std::size_t>(2 * blocks + 16));
    kernels_of<double>(set).random_bits(seed, purpose, step, blocks, bits_.data());
    sort_by_bits(count);
    order_.resize(static_cast<std::size_t>(count));
    for (Count place = 0; place < count; ++place) {
        order_[static_cast<std::size_t>(place)] = keyed_[static_cast<std::size_t>(place)].row;
    }
    return order_.data();
}

}  // namespace chainrule
