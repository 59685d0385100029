// How sums and maxima over axes run.

#pragma once

#include <algorithm>

#include "execution.hpp"
#include "sliding_kernels.hpp"
#include "walking.hpp"

namespace chainrule {

template <class T>
void reduce_reals(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory, bool add) {
    const T* from = memory.at<T>(reduction.from);
    T* to = memory.at<T>(reduction.to);
    const std::vector<Count>& kept = reduction.kept;
    const std::vector<Count>& kept_strides = reduction.kept_strides;
    const std::vector<Count>& to_strides = reduction.to_strides;
    const std::vector<Count>& gone = reduction.gone;
    const std::vector<Count>& gone_strides = reduction.gone_strides;
    if (!reduction.few.empty()) {
        const auto reduce = reduction.maximum ? kernels.sliding->max_few : kernels.sliding->sum_few;
        const std::size_t inner = kept.size() - 2;
        const std::vector<Count>* const around[2] = {&kept_strides, &to_strides};
        const FewShape shape{reduction.few.data(), static_cast<Count>(reduction.few.size()),
                             kept.back(), kept[inner]};
        walk<2>(kept, inner, around, [&](const Count* offsets) {
            reduce(shape, from + offsets[0], kept_strides[inner], to + offsets[1],
                   to_strides[inner]);
        });
        return;
    }
    const bool down = kept_strides.back() == 1 && to_strides.back() == 1;
    const std::vector<Count>* const outside[2] = {&kept_strides, &to_strides};
    const std::vector<Count>* const inside[1] = {&gone_strides};
    if (down) {
        const auto reduce = reduction.maximum ? kernels.max_down : kernels.sum_down;
        walk<2>(kept, kept.size() - 1, outside, [&](const Count* offsets) {
            bool going_on = add;
            walk<1>(gone, gone.size() - 1, inside, [&](const Count* place) {
                reduce(from + offsets[0] + place[0], gone.back(), gone_strides.back(), kept.back(),
                       to + offsets[1], going_on);
                going_on = true;
            });
        });
        return;
    }
    const auto reduce = reduction.maximum ? kernels.max_along : kernels.sum_along;
    if (gone_strides.back() == 1 || gone.back() == 1) {
        walk<2>(kept, kept.size() - 1, outside, [&](const Count* offsets) {
            bool going_on = add;
            walk<1>(gone, gone.size() - 1, inside, [&](const Count* place) {
                reduce(from + offsets[0] + place[0], kept.back(), kept_strides.back(), gone.back(),
                       to + offsets[1], to_strides.back(), going_on);
                going_on = true;
            });
        });
        return;
    }
    walk<2>(kept, kept.size(), outside, [&](const Count* offsets) {
        bool going_on = add;
        walk<1>(gone, gone.size(), inside, [&](const Count* place) {
            reduce(from + offsets[0] + place[0], 1, 0, 1, to + offsets[1], 0, going_on);
            going_on = true;
        });
    });
}

// To one number, which is carried in float64.
template <class T>
void reduce_to_single(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory,
                      bool add) {
    const T* from = memory.at<T>(reduction.from);
    const std::vector<Count>& sizes = reduction.gone;
    const std::vector<Count>& strides = reduction.gone_strides;
    const std::vector<Count>* const walked[1] = {&strides};
    const bool straight = strides.back() == 1;
    double total = 0.0;
    bool first = true;
    walk<1>(sizes, sizes.size() - (straight ? 1 : 0), walked, [&](const Count* offsets) {
        const T* row = from + offsets[0];
        const Count inner = straight ? sizes.back() : 1;
        if (!reduction.maximum) {
            total += kernels.sum_wide(row, inner);
            return;
        }
        T largest;
        kernels.max_along(row, 1, 0, inner, &largest, 0, false);
        const double here = static_cast<double>(largest);
        total = first || here != here || here > total ? (total != total ? total : here) : total;
        first = false;
    });
    set_slot(memory, reduction.slot, add ? slot_number(memory, reduction.slot) + total : total);
}

template <class T>
void reduce_integers(const Reduction& reduction, Memory& memory, bool add) {
    const std::vector<Count>& kept = reduction.kept;
    const std::vector<Count>& kept_strides = reduction.kept_strides;
    const std::vector<Count>& to_strides = reduction.to_strides;
    const std::vector<Count>& gone = reduction.gone;
    const std::vector<Count>& gone_strides = reduction.gone_strides;
    const bool single = reduction.slot.number >= 0;
    const std::vector<Count>* const outside[2] = {&kept_strides, &to_strides};
    const std::vector<Count>* const inside[1] = {&gone_strides};
    walk<2>(kept, kept.size(), outside, [&](const Count* offsets) {
        std::int64_t made = 0;
        bool first = true;
        walk<1>(gone, gone.size(), inside, [&](const Count* place) {
            const Count at = offsets[0] + place[0];
            const std::int64_t here =
                reduction.kind == Kind::integer
                    ? memory.at<std::int64_t>(reduction.from)[at]
                    : static_cast<std::int64_t>(memory.at<T>(reduction.from)[at]);
            made = reduction.maximum ? (first ? here : std::max(made, here)) : made + here;
            first = false;
        });
        if (single) {
            const std::int64_t before = add ? slot_integer(memory, reduction.slot) : 0;
            set_slot(memory, reduction.slot, before + made);
        } else {
            std::int64_t* to = memory.at<std::int64_t>(reduction.to) + offsets[1];
            *to = add ? *to + made : made;
        }
    });
}

template <class T>
void run_reduction(const Reduction& reduction, const Kernels<T>& kernels, Memory& memory,
                   bool first) {
    const bool add = reduction.sums && !first;
    if (reduction.kind != Kind::real) {
        reduce_integers<T>(reduction, memory, add);
    } else if (reduction.slot.number >= 0) {
        reduce_to_single<T>(reduction, kernels, memory, add);
    } else {
        reduce_reals<T>(reduction, kernels, memory, add);
    }
}

}  // namespace chainrule
