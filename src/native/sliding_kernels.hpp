// The kernels of windows that slide: one number for each place of a window, met by as many lanes as
// there are rows, which lie side by side.

#pragma once

#include "program.hpp"

namespace chainrule {

// One place of a window: where it reads, from the first place that is read, and the number that it
// meets there.
struct Tap {
    Count from, number;
};

// What a window sees where it stands: some of the taps, and where it reads and writes.
struct Seen {
    Count first_tap, taps, from, to;
};

// to[o, place] = sum over m and taps of numbers[m, tap, o] from[m, place + tap], for `lanes` rows.
struct SlideShape {
    Count outs, mids, lanes;
    Count from_mid, number_mid, to_out;
    const Tap* taps;
    const Seen* seen;
};

// to[o, d] (+)= sum over places and rows of y[o, place] x[place + taps[d]]
struct SlideSumShape {
    Count outs, rows, places;
    Count y_out, to_out;
    const Count* taps;
    const Count* x_places;
    const Count* y_places;
};

// A few numbers that lie at `offsets` from each of `steps` places, for lanes side by side.
struct FewShape {
    const Count* offsets;
    Count few, lanes, steps;
};

// Of each of a few numbers, its share in the largest: what is equal to it shares it evenly.
struct LargestShape {
    FewShape x;
    const Count* to_offsets;
    Count x_step, largest_step, factor_step, to_step;
};

template <class T>
struct SlidingKernels {
    void (*slide)(const SlideShape& shape, const T* from, const T* numbers, T* to, Count first,
                  Count last);
    // For d from `first` to before `last`.
    void (*slide_sum)(const SlideSumShape& shape, const T* x, const T* y, T* to, Count first,
                      Count last, bool add);
    // to[step] = the reduction of a few numbers
    void (*sum_few)(const FewShape& shape, const T* x, Count x_step, T* to, Count to_step);
    void (*max_few)(const FewShape& shape, const T* x, Count x_step, T* to, Count to_step);
    // to[k] = (x[k] is the largest ? 1 : 0) / (how many are) factor
    void (*share_largest)(const LargestShape& shape, const T* x, const T* largest, const T* factor,
                          T* to);
};

}  // namespace chainrule
