// Lowering of convolutions: a window of numbers at each of its places, its taps worked out here.
//
// Rows are the lanes. Where they do not lie side by side, they are brought together first and put
// where they belong after. What a window sees outside of an array is left out, so that no product
// is made with the zeros there.

#include <algorithm>
#include <map>
#include <numeric>

#include "lowering.hpp"
#include "sliding_kernels.hpp"

namespace chainrule {

namespace {

// The settings of a convolution, axis by axis.
struct Sliding {
    std::size_t axes;
    const Count* strides;
    const Count* gaps;
    const Count* pads;
    Count groups;

    explicit Sliding(const Equation& equation)
        : axes((equation.numbers.size() - 1) / 4),
          strides(equation.numbers.data()),
          gaps(equation.numbers.data() + axes),
          pads(equation.numbers.data() + 2 * axes),
          groups(equation.numbers.back()) {}

    Count before(std::size_t axis) const { return pads[2 * axis]; }
    Count after(std::size_t axis) const { return pads[2 * axis + 1]; }
};

// A place of the kernel along one axis, and what it meets there.
struct Meeting {
    Count number, from;
};
using Meetings = std::vector<Meeting>;

// What each of the places along one axis meets. A convolution at `place` reads number k at place
// stride + k gap - before; its adjoint reads there what had read this place.
std::vector<Meetings> meetings_of(const Sliding& sliding, std::size_t axis, bool turned,
                                  Count places, Count kernel, Count sizes) {
    std::vector<Meetings> made(static_cast<std::size_t>(places));
    const Count stride = sliding.strides[axis];
    for (Count place = 0; place < places; ++place) {
        for (Count number = 0; number < kernel; ++number) {
            const Count offset = number * sliding.gaps[axis] - sliding.before(axis);
            Count from = turned ? place - offset : place * stride + offset;
            if (turned) {
                if (from < 0 || from % stride != 0) {
                    continue;
                }
                from /= stride;
            }
            if (from >= 0 && from < sizes) {
                made[static_cast<std::size_t>(place)].push_back({number, from});
            }
        }
    }
    return made;
}

// All places of an array, the last axis going fastest.
template <class Visit>
void each_place(const std::vector<Count>& sizes, Visit visit) {
    std::vector<Count> at(sizes.size(), 0);
    if (std::count(sizes.begin(), sizes.end(), 0) > 0) {
        return;
    }
    while (true) {
        visit(at);
        std::size_t axis = sizes.size();
        while (axis-- > 0) {
            if (++at[axis] < sizes[axis]) {
                break;
            }
            at[axis] = 0;
            if (axis == 0) {
                return;
            }
        }
    }
}

std::vector<Count> sliding_sizes(const View& view) {
    std::vector<Count> sizes;
    for (std::size_t axis = 2; axis < view.axes.size(); ++axis) {
        sizes.push_back(view.axes[axis].size);
    }
    return sizes;
}

// From one place to another of an array's sliding axes, in elements.
Count offset_of(const View& view, const std::vector<Count>& at) {
    Count offset = 0;
    for (std::size_t axis = 0; axis < at.size(); ++axis) {
        offset += at[axis] * view.axes[axis + 2].stride;
    }
    return offset;
}

std::vector<Count> offsets_of(const View& view, const std::vector<Count>& sizes) {
    std::vector<Count> offsets;
    each_place(sizes,
               [&](const std::vector<Count>& at) { offsets.push_back(offset_of(view, at)); });
    return offsets;
}

// Where a window's numbers meet an array, from where it stands: channel by channel.
std::vector<Count> taps_of(const Sliding& sliding, const View& x, const View& numbers) {
    View window = x;
    for (std::size_t axis = 0; axis < sliding.axes; ++axis) {
        window.axes[axis + 2].stride *= sliding.gaps[axis];
    }
    const std::vector<Count> of_channel = offsets_of(window, sliding_sizes(numbers));
    std::vector<Count> taps;
    for (Count channel = 0; channel < numbers.axes[1].size; ++channel) {
        for (Count offset : of_channel) {
            taps.push_back(channel * x.axes[1].stride + offset);
        }
    }
    return taps;
}

// The taps of each place. Places that see the same pattern share its taps.
class Tapping {
public:
    Tapping(Slide& made, const View& from, const View& to, const std::vector<Count>& kernel)
        : made_(made), from_(from), to_(to), kernel_(kernel) {}

    void run(const std::vector<std::vector<Meetings>>& along) {
        along_ = &along;
        each_place(sliding_sizes(to_), [this](const std::vector<Count>& at) { add_place(at); });
    }

private:
    const Meetings& meetings(const std::vector<Count>& at, std::size_t axis) const {
        return (*along_)[axis][static_cast<std::size_t>(at[axis])];
    }

    void add_place(const std::vector<Count>& at) {
        Seen seen{0, 0, 0, offset_of(to_, at)};
        std::vector<Count> pattern;
        bool sees = true;
        for (std::size_t axis = 0; axis < at.size(); ++axis) {
            const Meetings& here = meetings(at, axis);
            sees = sees && !here.empty();
            if (!sees) {
                break;
            }
            seen.from += here[0].from * from_.axes[axis + 2].stride;
            pattern.push_back(static_cast<Count>(here.size()));
            for (const Meeting& one : here) {
                pattern.push_back(one.number);
                pattern.push_back(one.from - here[0].from);
            }
        }
        if (sees) {
            const auto found = patterns_.find(pattern);
            const std::pair<Count, Count> taps =
                found != patterns_.end() ? found->second : add_taps(at);
            patterns_.emplace(std::move(pattern), taps);
            seen.first_tap = taps.first;
            seen.taps = taps.second;
        }
        made_.seen.push_back(seen);
    }

    std::pair<Count, Count> add_taps(const std::vector<Count>& at) {
        std::vector<Count> sizes;
        for (std::size_t axis = 0; axis < at.size(); ++axis) {
            sizes.push_back(static_cast<Count>(meetings(at, axis).size()));
        }
        const Count first = static_cast<Count>(made_.taps.size());
        each_place(sizes, [&](const std::vector<Count>& chosen) {
            Tap tap{0, 0};
            for (std::size_t axis = 0; axis < at.size(); ++axis) {
                const Meetings& here = meetings(at, axis);
                const Meeting& one = here[static_cast<std::size_t>(chosen[axis])];
                tap.from += (one.from - here[0].from) * from_.axes[axis + 2].stride;
                tap.number = tap.number * kernel_[axis] + one.number;
            }
            tap.number *= made_.shape.outs;
            made_.taps.push_back(tap);
        });
        return {first, static_cast<Count>(made_.taps.size()) - first};
    }

    Slide& made_;
    const View& from_;
    const View& to_;
    const std::vector<Count>& kernel_;
    const std::vector<std::vector<Meetings>>* along_ = nullptr;
    std::map<std::vector<Count>, std::pair<Count, Count>> patterns_;
};

}  // namespace

// A value with its rows side by side, and so many zeros before and after its sliding axes.
View Lowering::rows_last(int value, const std::vector<Count>& before,
                         const std::vector<Count>& after) {
    const View given = real_view(value);
    const bool padded = std::accumulate(before.begin(), before.end(), Count(0)) +
                            std::accumulate(after.begin(), after.end(), Count(0)) >
                        0;
    const bool ready = choices_.rows_fast && program_.values[value].shape[0] == rows_size &&
                       given.axes[0].stride == 1;
    if (ready && !padded) {
        return given;
    }
    View inside;
    std::vector<Axis> axes = given.axes;
    Count stride = whole_lines(axes[0].size, program_.item());
    axes[0].stride = 1;
    for (std::size_t axis = axes.size(); axis-- > 1;) {
        axes[axis].size += axis > 1 ? before[axis - 2] + after[axis - 2] : 0;
        axes[axis].stride = stride;
        stride *= axes[axis].size;
    }
    const View whole = temporary_like(axes, working_arena(), program_.item());
    inside = whole;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        inside.axes[axis].size = given.axes[axis].size;
        if (axis > 1) {
            inside.place.offset +=
                before[axis - 2] * axes[axis].stride * static_cast<Count>(program_.item());
        }
    }
    if (padded) {
        clear(whole.place, stride * static_cast<Count>(program_.item()));
    }
    copy(given, inside, program_.item());
    return whole;
}

// Where what is made is written, its rows side by side: at its own place if they lie so there.
View Lowering::made_rows_last(int output) {
    const View& view = make(output);
    if (choices_.rows_fast && program_.values[output].shape[0] == rows_size) {
        return view;
    }
    std::vector<Axis> axes = view.axes;
    Count stride = whole_lines(axes[0].size, program_.item());
    axes[0].stride = 1;
    for (std::size_t axis = axes.size(); axis-- > 1;) {
        axes[axis].stride = stride;
        stride *= axes[axis].size;
    }
    return temporary_like(axes, working_arena(), program_.item());
}

void Lowering::lower_convolve(const Equation& equation) {
    const bool turned = equation.word == Word::convolve_transposed;
    const Sliding sliding(equation);
    const std::vector<Count> none(sliding.axes, 0);
    const View from = rows_last(equation.inputs[0], none, none);
    const View numbers = real_view(equation.inputs[1]);
    const View to = made_rows_last(equation.output);
    const Axis& outputs = numbers.axes[0];
    const Axis& channels = numbers.axes[1];
    const Axis& outs = turned ? channels : outputs;
    const Axis& mids = turned ? outputs : channels;
    Slide made;
    made.groups = sliding.groups;
    made.numbers = numbers.place;
    made.number_group = outputs.size / sliding.groups * outputs.stride;
    made.number_out = outs.stride;
    made.number_mid = mids.stride;
    made.number_places = offsets_of(numbers, sliding_sizes(numbers));
    made.shape.outs = turned ? channels.size : outputs.size / sliding.groups;
    made.shape.mids = turned ? outputs.size / sliding.groups : channels.size;
    add_slide(equation, made, from, to);
    const View& target = views_[equation.output];
    if (target.place.arena != to.place.arena || target.place.offset != to.place.offset) {
        copy(to, target, program_.item());
    }
}

void Lowering::add_slide(const Equation& equation, Slide& made, const View& from, const View& to) {
    const Sliding sliding(equation);
    const View& numbers = views_[equation.inputs[1]];
    made.from = from.place;
    made.to = to.place;
    made.shape.from_mid = from.axes[1].stride;
    made.shape.to_out = to.axes[1].stride;
    made.from_group = made.shape.mids * from.axes[1].stride;
    made.to_group = made.shape.outs * to.axes[1].stride;
    made.shape.number_mid = made.shape.outs * static_cast<Count>(made.number_places.size());
    made.shape.lanes = whole_lines(from.axes[0].size, program_.item());
    const std::vector<Count> kernel = sliding_sizes(numbers);
    std::vector<std::vector<Meetings>> along;
    for (std::size_t axis = 0; axis < sliding.axes; ++axis) {
        along.push_back(meetings_of(sliding, axis, equation.word == Word::convolve_transposed,
                                    to.axes[axis + 2].size, kernel[axis],
                                    from.axes[axis + 2].size));
    }
    Tapping(made, from, to, kernel).run(along);
    double products = 0.0;
    for (const Seen& seen : made.seen) {
        products += static_cast<double>(seen.taps);
    }
    products *=
        static_cast<double>(made.groups * made.shape.outs * made.shape.mids * made.shape.lanes);
    plan_.scratch_bytes =
        std::max(plan_.scratch_bytes, made.packed() * static_cast<Count>(program_.item()));
    plan_.slides.push_back(std::move(made));
    add(Action::slide, plan_.slides.size() - 1, 20.0 + products / (program_.wide ? 15.0 : 30.0));
}

void Lowering::lower_convolve_weights(const Equation& equation) {
    const Sliding sliding(equation);
    std::vector<Count> before, after;
    const std::vector<Count> none(sliding.axes, 0);
    for (std::size_t axis = 0; axis < sliding.axes; ++axis) {
        before.push_back(sliding.before(axis));
        after.push_back(sliding.after(axis));
    }
    const View x = rows_last(equation.inputs[0], before, after);
    const View y = rows_last(equation.inputs[1], none, none);
    const View& to = make(equation.output);
    const std::vector<Count> steps = sliding_sizes(y);
    if (y.axes[0].size == 0) {
        clear(to.place, bytes_of(equation.output));
        return;
    }
    SlideSum made;
    made.taps = taps_of(sliding, x, to);
    View moved = x;  // the places that a window slides to
    for (std::size_t axis = 0; axis < sliding.axes; ++axis) {
        moved.axes[axis + 2].stride *= sliding.strides[axis];
    }
    made.x_places = offsets_of(moved, steps);
    made.y_places = offsets_of(y, steps);
    made.x = x.place;
    made.y = y.place;
    made.to = to.place;
    made.groups = sliding.groups;
    const Count depth = static_cast<Count>(made.taps.size());
    made.shape = {to.axes[0].size / sliding.groups,
                  y.axes[0].size,
                  static_cast<Count>(made.y_places.size()),
                  y.axes[1].stride,
                  depth,
                  nullptr,
                  nullptr,
                  nullptr};
    made.x_group = to.axes[1].size * x.axes[1].stride;
    made.y_group = made.shape.outs * y.axes[1].stride;
    made.to_group = made.shape.outs * depth;
    made.sums = arena_of(equation.output) == sums;
    const double products = static_cast<double>(to.axes[0].size * depth * made.shape.rows) *
                            static_cast<double>(made.shape.places);
    plan_.slide_sums.push_back(std::move(made));
    add(Action::slide_sum, plan_.slide_sums.size() - 1,
        20.0 + products / (program_.wide ? 15.0 : 30.0));
}

}  // namespace chainrule
