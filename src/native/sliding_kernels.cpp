// The kernels of windows that slide, compiled once for each instruction set (CHAINRULE_SET names
// it).

#include "sliding_kernels.hpp"

#include "kernels.hpp"
#include "reductions.hpp"
#include "simd.hpp"

namespace chainrule {
namespace CHAINRULE_SET {

#define CHAINRULE_INLINE_BODY __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int most_outs = 10;
#else
constexpr int most_outs = 6;
#endif

// ---- a window at each of its places ----

// One place, `Outs` of what is made there and `Vectors` vectors of rows: all of it in registers.
template <class T, int Outs, int Vectors>
CHAINRULE_INLINE void slide_block(const SlideShape& shape, const Seen& seen, const T* from,
                                  const T* numbers, T* to) {
    constexpr int lanes = Lanes<T>::N;
    V<T> sums[Outs][Vectors];
#pragma GCC unroll 16
    for (int out = 0; out < Outs; ++out) {
#pragma GCC unroll 16
        for (int vector = 0; vector < Vectors; ++vector) {
            sums[out][vector] = V<T>{};
        }
    }
    const Tap* const first = shape.taps + seen.first_tap;
    const Tap* const last = first + seen.taps;
    from += seen.from;
    for (Count mid = 0; mid < shape.mids; ++mid) {
        for (const Tap* tap = first; tap != last; ++tap) {
            const T* const here = from + tap->from;
            const T* const factors = numbers + tap->number;
            V<T> read[Vectors];
#pragma GCC unroll 16
            for (int vector = 0; vector < Vectors; ++vector) {
                read[vector] = load(here + vector * lanes);
            }
#pragma GCC unroll 16
            for (int out = 0; out < Outs; ++out) {
                const V<T> factor = splat(factors[out]);
#pragma GCC unroll 16
                for (int vector = 0; vector < Vectors; ++vector) {
                    sums[out][vector] = fma(factor, read[vector], sums[out][vector]);
                }
            }
        }
        from += shape.from_mid;
        numbers += shape.number_mid;
    }
    to += seen.to;
#pragma GCC unroll 16
    for (int out = 0; out < Outs; ++out) {
#pragma GCC unroll 16
        for (int vector = 0; vector < Vectors; ++vector) {
            store(to + out * shape.to_out + vector * lanes, sums[out][vector]);
        }
    }
}

// Some places, `outs` of what is made there.
template <class T, int Outs, int Vectors>
void slide_outs(int outs, const SlideShape& shape, const T* from, const T* numbers, T* to,
                Count first, Count last) {
    if constexpr (Outs > 1) {
        if (outs < Outs) {
            return slide_outs<T, Outs - 1, Vectors>(outs, shape, from, numbers, to, first, last);
        }
    }
    for (Count place = first; place < last; ++place) {
        slide_block<T, Outs, Vectors>(shape, shape.seen[place], from, numbers, to);
    }
}

template <class T>
void slide(const SlideShape& shape, const T* from, const T* numbers, T* to, Count first,
           Count last) {
    constexpr Count lanes = Lanes<T>::N;
    constexpr Count together = 16;  // places that read much of the same memory
    // Blocks of about the same size keep about the same number of sums under way.
    const Count blocks = (shape.outs + most_outs - 1) / most_outs;
    for (Count start = first; start < last; start += together) {
        const Count end = start + together < last ? start + together : last;
        for (Count lane = 0; lane < shape.lanes;) {
            const bool two = lane + 2 * lanes <= shape.lanes;
            for (Count block = 0; block < blocks; ++block) {
                const Count out = shape.outs * block / blocks;
                const int outs = static_cast<int>(shape.outs * (block + 1) / blocks - out);
                const auto run = two ? slide_outs<T, most_outs, 2> : slide_outs<T, most_outs, 1>;
                run(outs, shape, from + lane, numbers + out, to + out * shape.to_out + lane, start,
                    end);
            }
            lane += two ? 2 * lanes : lanes;
        }
    }
}

// ---- sums over all places ----

template <class T, int Outs, int Taps>
struct Sums {
    V<T> made[Outs][Taps];

    CHAINRULE_INLINE void clear() {
#pragma GCC unroll 16
        for (int out = 0; out < Outs; ++out) {
#pragma GCC unroll 16
            for (int tap = 0; tap < Taps; ++tap) {
                made[out][tap] = V<T>{};
            }
        }
    }
    // The side that has fewer vectors stays in registers, the other comes one by one.
    template <class LoadX, class LoadY>
    CHAINRULE_INLINE void add(LoadX x, LoadY y) {
        if constexpr (Outs <= Taps) {
            V<T> held[Outs];
#pragma GCC unroll 16
            for (int out = 0; out < Outs; ++out) {
                held[out] = y(out);
            }
#pragma GCC unroll 16
            for (int tap = 0; tap < Taps; ++tap) {
                const V<T> other = x(tap);
#pragma GCC unroll 16
                for (int out = 0; out < Outs; ++out) {
                    made[out][tap] = fma(held[out], other, made[out][tap]);
                }
            }
        } else {
            V<T> held[Taps];
#pragma GCC unroll 16
            for (int tap = 0; tap < Taps; ++tap) {
                held[tap] = x(tap);
            }
#pragma GCC unroll 16
            for (int out = 0; out < Outs; ++out) {
                const V<T> other = y(out);
#pragma GCC unroll 16
                for (int tap = 0; tap < Taps; ++tap) {
                    made[out][tap] = fma(other, held[tap], made[out][tap]);
                }
            }
        }
    }
};

// `taps` of the `Taps` are written; the others repeat the last one.
template <class T, int Outs, int Taps>
CHAINRULE_INLINE void sum_block(const SlideSumShape& shape, const T* x, const T* y, T* to,
                                Count first_tap, int taps, Count from_place, Count to_place,
                                bool add) {
    constexpr Count lanes = Lanes<T>::N;
    const Count whole = shape.rows / lanes * lanes;
    const int part = static_cast<int>(shape.rows - whole);
    Count offsets[Taps];
    for (int tap = 0; tap < Taps; ++tap) {
        offsets[tap] = shape.taps[first_tap + (tap < taps ? tap : taps - 1)];
    }
    Sums<T, Outs, Taps> sums;
    sums.clear();
    for (Count place = from_place; place < to_place; ++place) {
        const T* const xs = x + shape.x_places[place];
        const T* const ys = y + shape.y_places[place];
        for (Count row = 0; row < whole; row += lanes) {
            sums.add([&](int tap) { return load(xs + offsets[tap] + row); },
                     [&](int out) { return load(ys + out * shape.y_out + row); });
        }
        if (part > 0) {
            sums.add([&](int tap) { return load_part(xs + offsets[tap] + whole, part); },
                     [&](int out) { return load_part(ys + out * shape.y_out + whole, part); });
        }
    }
    for (int out = 0; out < Outs; ++out) {
        T* const row = to + out * shape.to_out + first_tap;
        for (int tap = 0; tap < taps; ++tap) {
            const T made = sum_lanes(sums.made[out][tap]);
            row[tap] = add ? row[tap] + made : made;
        }
    }
}

template <class T, int Outs, int Taps>
void sum_taps(const SlideSumShape& shape, const T* x, const T* y, T* to, Count first, Count last,
              bool add) {
    constexpr Count together = 48;  // places whose rows stay in the nearest cache
    for (Count start = 0; start < shape.places; start += together) {
        const Count end = start + together < shape.places ? start + together : shape.places;
        for (Count tap = first; tap < last; tap += Taps) {
            const int taps = static_cast<int>(last - tap < Taps ? last - tap : Taps);
            sum_block<T, Outs, Taps>(shape, x, y, to, tap, taps, start, end, add || start > 0);
        }
    }
}

template <class T>
void slide_sum(const SlideSumShape& shape, const T* x, const T* y, T* to, Count first, Count last,
               bool add) {
    constexpr Count most = 4;
    const Count blocks = (shape.outs + most - 1) / most;
    for (Count block = 0; block < blocks; ++block) {
        const Count out = shape.outs * block / blocks;
        const Count outs = shape.outs * (block + 1) / blocks - out;
        const T* const from = y + out * shape.y_out;
        T* const into = to + out * shape.to_out;
        switch (outs) {
            case 1:
                sum_taps<T, 1, 8>(shape, x, from, into, first, last, add);
                break;
            case 2:
                sum_taps<T, 2, 6>(shape, x, from, into, first, last, add);
                break;
            case 3:
                sum_taps<T, 3, 4>(shape, x, from, into, first, last, add);
                break;
            default:
                sum_taps<T, 4, 3>(shape, x, from, into, first, last, add);
        }
    }
}

// ---- a few numbers at each place ----

// Calls `body(lane, moving)` for every vector of a place, the last of which may be short.
template <class T, class Body>
CHAINRULE_INLINE void each_vector(Count count, Body body) {
    constexpr Count lanes = Lanes<T>::N;
    Count lane = 0;
    for (; lane + lanes <= count; lane += lanes) {
        body(
            lane, [](const T* from) CHAINRULE_INLINE_BODY { return load(from); },
            [](T* to, V<T> value) CHAINRULE_INLINE_BODY { store(to, value); });
    }
    if (lane < count) {
        const int part = static_cast<int>(count - lane);
        body(
            lane, [=](const T* from) CHAINRULE_INLINE_BODY { return load_part(from, part); },
            [=](T* to, V<T> value) CHAINRULE_INLINE_BODY { store_part(to, value, part); });
    }
}

template <class T, class Reducing>
void reduce_few(const FewShape& shape, const T* x, Count x_step, T* to, Count to_step) {
    for (Count step = 0; step < shape.steps; ++step) {
        each_vector<T>(shape.lanes, [=](Count lane, auto from, auto put) CHAINRULE_INLINE_BODY {
            V<T> made = from(x + shape.offsets[0] + lane);
            for (Count one = 1; one < shape.few; ++one) {
                made = Reducing::apply(made, from(x + shape.offsets[one] + lane));
            }
            put(to + lane, made);
        });
        x += x_step;
        to += to_step;
    }
}

template <class T>
void share_largest(const LargestShape& shape, const T* x, const T* largest, const T* factor,
                   T* to) {
    const V<T> one = splat(T(1));
    for (Count step = 0; step < shape.x.steps; ++step) {
        each_vector<T>(shape.x.lanes, [=](Count lane, auto from, auto put) CHAINRULE_INLINE_BODY {
            const V<T> top = from(largest + lane);
            V<T> count{};
            for (Count place = 0; place < shape.x.few; ++place) {
                count += select(from(x + shape.x.offsets[place] + lane) == top, one, V<T>{});
            }
            const V<T> by = from(factor + lane);
            const V<T> hit = one / count * by;
            const V<T> missed = V<T>{} / count * by;
            for (Count place = 0; place < shape.x.few; ++place) {
                const V<T> here = from(x + shape.x.offsets[place] + lane);
                put(to + shape.to_offsets[place] + lane, select(here == top, hit, missed));
            }
        });
        x += shape.x_step;
        largest += shape.largest_step;
        factor += shape.factor_step;
        to += shape.to_step;
    }
}

template <class T>
constexpr SlidingKernels<T> sliding{slide<T>, slide_sum<T>, reduce_few<T, Summing>,
                                    reduce_few<T, Maximising>, share_largest<T>};

const SlidingKernels<float>& sliding_kernels(float) {
    return sliding<float>;
}
const SlidingKernels<double>& sliding_kernels(double) {
    return sliding<double>;
}

}  // namespace CHAINRULE_SET
}  // namespace chainrule
