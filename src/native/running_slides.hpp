// How windows that slide run, what is put back from them, and how random numbers are drawn.

#pragma once

#include <stdexcept>

#include "execution.hpp"
#include "sliding_kernels.hpp"
#include "walking.hpp"

namespace chainrule {

// Puts the numbers of a group as the kernels read them.
template <class T>
void pack_numbers(const Slide& slide, const T* numbers, T* packed) {
    for (Count mid = 0; mid < slide.shape.mids; ++mid) {
        for (Count place : slide.number_places) {
            const T* from = numbers + mid * slide.number_mid + place;
            for (Count out = 0; out < slide.shape.outs; ++out) {
                packed[out] = from[out * slide.number_out];
            }
            packed += slide.shape.outs;
        }
    }
}

template <class T>
void run_slide(const Slide& slide, const SlidingKernels<T>& kernels, Memory& memory, Share share) {
    const Range range(static_cast<Count>(slide.seen.size()), share, 1);
    SlideShape shape = slide.shape;
    shape.taps = slide.taps.data();
    shape.seen = slide.seen.data();
    T* const packed = reinterpret_cast<T*>(memory.scratch);
    for (Count group = 0; group < slide.groups; ++group) {
        pack_numbers(slide, memory.at<T>(slide.numbers) + group * slide.number_group, packed);
        kernels.slide(shape, memory.at<T>(slide.from) + group * slide.from_group, packed,
                      memory.at<T>(slide.to) + group * slide.to_group, range.from, range.to);
    }
}

template <class T>
void run_slide_sum(const SlideSum& sum, const SlidingKernels<T>& kernels, Memory& memory,
                   bool first, Share share) {
    SlideSumShape shape = sum.shape;
    shape.taps = sum.taps.data();
    shape.x_places = sum.x_places.data();
    shape.y_places = sum.y_places.data();
    const Range range(static_cast<Count>(sum.taps.size()), share, 12);
    for (Count group = 0; group < sum.groups; ++group) {
        kernels.slide_sum(shape, memory.at<T>(sum.x) + group * sum.x_group,
                          memory.at<T>(sum.y) + group * sum.y_group,
                          memory.at<T>(sum.to) + group * sum.to_group, range.from, range.to,
                          sum.sums && !first);
    }
}

template <class T>
void run_largest(const Largest& one, const SlidingKernels<T>& kernels, Memory& memory) {
    const std::size_t inner = one.sizes.size() - 1;
    const LargestShape shape{
        {one.offsets.data(), static_cast<Count>(one.offsets.size()), one.lanes, one.sizes[inner]},
        one.to_offsets.data(),
        one.strides[0][inner],
        one.strides[1][inner],
        one.strides[2][inner],
        one.strides[3][inner]};
    const std::vector<Count>* const strides[4] = {&one.strides[0], &one.strides[1], &one.strides[2],
                                                  &one.strides[3]};
    walk<4>(one.sizes, inner, strides, [&](const Count* offsets) {
        kernels.share_largest(shape, memory.at<T>(one.places[0]) + offsets[0],
                              memory.at<T>(one.places[1]) + offsets[1],
                              memory.at<T>(one.places[2]) + offsets[2],
                              memory.at<T>(one.places[3]) + offsets[3]);
    });
}

template <class Item, class Add>
void put_back_items(const PuttingBack& back, const Memory& memory, Add add_row) {
    const Item* const from = memory.at<Item>(back.from);
    Item* const to = memory.at<Item>(back.to);
    const std::vector<Count>* const strides[2] = {&back.from_strides, &back.to_strides};
    walk<2>(back.sizes, back.sizes.size() - 1, strides,
            [&](const Count* offsets) { add_row(to + offsets[1], from + offsets[0]); });
}

template <class T>
void run_putting_back(const PuttingBack& back, const Kernels<T>& kernels, Memory& memory) {
    const Count count = back.sizes.back();
    const Count from_step = back.from_strides.back();
    const Count to_step = back.to_strides.back();
    if (back.kind == Kind::integer) {
        put_back_items<std::int64_t>(back, memory, [&](std::int64_t* to, const std::int64_t* from) {
            for (Count place = 0; place < count; ++place) {
                to[place * to_step] += from[place * from_step];
            }
        });
        return;
    }
    const Word word = back.kind == Kind::truth ? Word::logical_or : Word::add;
    const WordKernel<T> loop = kernels.loops[static_cast<int>(word)];
    const bool straight = from_step == 1 && to_step == 1;
    put_back_items<T>(back, memory, [&](T* to, const T* from) {
        if (straight) {
            loop(to, from, from, 0, to, count);
            return;
        }
        for (Count place = 0; place < count; ++place) {
            const T sum = to[place * to_step] + from[place * from_step];
            to[place * to_step] = back.kind == Kind::truth ? static_cast<T>(sum != T(0)) : sum;
        }
    });
}

template <class T>
void run_drawing(const Drawing& drawing, const Kernels<T>& kernels, Memory& memory) {
    const std::uint64_t seed = static_cast<std::uint64_t>(slot_integer(memory, drawing.seed));
    const std::int64_t at = slot_integer(memory, drawing.step);
    if (at < 0 || at >= std::int64_t(1) << 32) {
        throw std::invalid_argument("random numbers have steps from 0 to 2**32 - 1");
    }
    const std::uint32_t step = static_cast<std::uint32_t>(at);
    if (drawing.slot.number >= 0) {
        std::uint64_t bits[16];
        kernels.random_bits(seed, drawing.purpose, step, 0, 1, bits);
        const double whole = static_cast<double>(static_cast<std::int64_t>(bits[0] >> 12));
        set_slot(memory, drawing.slot, (whole + 0.5) * 0x1p-52);
        return;
    }
    T* const to = memory.at<T>(drawing.to);
    const Count first = memory.first_row * drawing.row_elements;
    const std::vector<Count>* const strides[2] = {&drawing.element_strides, &drawing.to_strides};
    walk<2>(drawing.sizes, drawing.sizes.size() - 1, strides, [&](const Count* offsets) {
        kernels.uniform(seed, drawing.purpose, step, first + offsets[0], drawing.sizes.back(),
                        to + offsets[1], drawing.to_strides.back());
    });
}

}  // namespace chainrule
