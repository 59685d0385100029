// Places in a stretch of memory: taken when a value is made, given back after its last use.

#pragma once

#include <algorithm>
#include <vector>

#include "program.hpp"

namespace chainrule {

constexpr Count alignment = 64;  // bytes: a line of the cache, the widest vector

inline Count aligned(Count bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

// The numbers of `item` bytes in the fewest whole lines that hold so many.
inline Count whole_lines(Count numbers, std::size_t item) {
    return aligned(numbers * static_cast<Count>(item)) / static_cast<Count>(item);
}

class MemoryPlan {
public:
    // Returns where so many bytes are free: in the smallest gap that holds them, else at the end.
    Count take(Count bytes) {
        bytes = std::max(aligned(bytes), alignment);
        auto best = gaps_.end();
        for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
            if (gap->bytes >= bytes && (best == gaps_.end() || gap->bytes < best->bytes)) {
                best = gap;
            }
        }
        if (best == gaps_.end()) {
            const Count start = size_;
            size_ += bytes;
            return start;
        }
        const Count start = best->start;
        best->start += bytes;
        best->bytes -= bytes;
        if (best->bytes == 0) {
            gaps_.erase(best);
        }
        return start;
    }

    void give(Count start, Count bytes) {
        bytes = std::max(aligned(bytes), alignment);
        auto after = std::find_if(gaps_.begin(), gaps_.end(),
                                  [start](const Gap& gap) { return gap.start > start; });
        after = gaps_.insert(after, {start, bytes});
        auto next = after + 1;
        if (next != gaps_.end() && after->start + after->bytes == next->start) {
            after->bytes += next->bytes;
            gaps_.erase(next);
        }
        if (after != gaps_.begin()) {
            auto before = after - 1;
            if (before->start + before->bytes == after->start) {
                before->bytes += after->bytes;
                gaps_.erase(after);
            }
        }
    }

    Count size() const { return size_; }

private:
    struct Gap {
        Count start, bytes;
    };
    std::vector<Gap> gaps_;
    Count size_ = 0;
};

}  // namespace chainrule
