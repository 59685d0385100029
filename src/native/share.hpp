// Parts of an instruction, for threads that share it.

#pragma once

#include <algorithm>

#include "program.hpp"

namespace chainrule {

// A part of an instruction: the `number`-th of `shares` of about equal size.
struct Share {
    int number = 0;
    int shares = 1;
};

// The part of `count` that a share does, cut at multiples of `grain`.
struct Range {
    Count from, to;
    Range(Count count, Share share, Count grain) {
        const Count grains = (count + grain - 1) / grain;
        from = std::min(count, grains * share.number / share.shares * grain);
        to = std::min(count, grains * (share.number + 1) / share.shares * grain);
    }
};

}  // namespace chainrule
