#include "order.hpp"

#include "kernels.hpp"

namespace chainrule {

// The bits are spread evenly, so their leading ones say about where each row belongs. Rows that
// belong behind the first `needed` ones are left out.
void RowOrder::sort_by_bits(Count count, Count needed) {
    int leading = 1;
    while ((Count(1) << leading) < count) {
        ++leading;
    }
    const int shift = 64 - leading;
    starts_.assign((std::size_t(1) << leading) + 1, 0);
    for (Count row = 0; row < count; ++row) {
        ++starts_[(bits_[static_cast<std::size_t>(row)] >> shift) + 1];
    }
    std::size_t buckets = 0;
    while (buckets + 1 < starts_.size() && starts_[buckets] < static_cast<std::size_t>(needed)) {
        ++buckets;
        starts_[buckets] += starts_[buckets - 1];
    }
    keyed_.resize(starts_[buckets]);
    for (Count row = 0; row < count; ++row) {
        const std::uint64_t bits = bits_[static_cast<std::size_t>(row)];
        const std::size_t bucket = static_cast<std::size_t>(bits >> shift);
        if (bucket < buckets) {
            keyed_[starts_[bucket]++] = {bits, row};
        }
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
                                   std::uint32_t step, Count count, Count needed) {
    const Count blocks = (count + 1) / 2;
    bits_.resize(static_cast<std::size_t>(2 * blocks + 16));
    kernels_of<double>(set).random_bits(seed, purpose, step, 0, blocks, bits_.data());
    sort_by_bits(count, needed);
    order_.resize(keyed_.size());
    for (std::size_t place = 0; place < keyed_.size(); ++place) {
        order_[place] = keyed_[place].row;
    }
    return order_.data();
}

}  // namespace chainrule
