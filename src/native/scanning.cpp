// Lowering of a scan: its step becomes a plan of its own, over places in the memory around it.

#include <algorithm>

#include "lowering.hpp"

namespace chainrule {

namespace {

constexpr std::size_t time_axis = 1;

View without_time(View view) {
    view.axes.erase(view.axes.begin() + time_axis);
    return view;
}

bool walked_alike(const View& one, const View& other) {
    for (std::size_t axis = 0; axis < one.axes.size(); ++axis) {
        if (one.axes[axis].size > 1 && one.axes[axis].stride != other.axes[axis].stride) {
            return false;
        }
    }
    return true;
}

Count bytes_of_slots(const Plan& step) {
    return aligned(static_cast<Count>(step.slots.size() * sizeof(std::uint64_t)));
}

}  // namespace

Plan make_step(const Program& step, const Choices& choices, const StepPlaces& places) {
    return Lowering(step, choices, &places).run();
}

Count room_of(const Plan& step) {
    return aligned(step.arena_bytes[shared]) + aligned(step.arena_bytes[tile]) +
           bytes_of_slots(step) + alignment;
}

// Each input of a step has an arena of its own, which is moved from step to step.
void Lowering::place_step() {
    for (int value = 0; value < program_.input_count(); ++value) {
        InputPlace input;
        made_[value] = true;
        input.single = single(value);
        if (input.single) {
            input.slot = slot_of(value);
        } else {
            views_[value] = step_places_->inputs[static_cast<std::size_t>(value)];
            views_[value].place = {first_rows + value, 0};
        }
        plan_.inputs.push_back(input);
    }
    const int made = program_.outputs[0];
    if (maker_[made] >= 0 && root_[made] == made &&
        is_written_along(made, step_places_->made.axes)) {
        made_[made] = true;
        views_[made] = step_places_->made;
        views_[made].place = {first_rows + program_.input_count(), 0};
    }
}

// What a step makes is put where it is due, if it was not made there; the number of rows is known.
void Lowering::finish_step() {
    const int made = program_.outputs[0];
    View due = step_places_->made;
    due.place = {first_rows + program_.input_count(), 0};
    if (views_[made].place.arena != due.place.arena) {
        stage_now_ = 2;
        copy(views_[made], due, item_of(made));
    }
    const double rows = static_cast<double>(choices_.all_rows);
    for (int number : plan_.count_slots) {
        __builtin_memcpy(&plan_.slots[static_cast<std::size_t>(number)], &rows, sizeof rows);
    }
}

// The first state, walked as those are that the steps make.
View Lowering::start_of(int value, const View& state, std::size_t item) {
    const View given = real_view(value);
    if (walked_alike(given, state)) {
        return given;
    }
    const View start = temporary_like(state.axes, working_arena(), item);
    copy(given, start, item);
    return start;
}

void Lowering::lower_scan(const Equation& equation) {
    const Program& body = *equation.body;
    const std::size_t sequences = static_cast<std::size_t>(equation.numbers[0]);
    const bool backwards = equation.numbers[1] != 0;
    const std::size_t item = item_of(equation.output);
    const View made = make(equation.output);
    Scan scan;
    scan.times = made.axes[time_axis].size;
    const auto along = [&scan, backwards](const View& view, std::size_t size) {
        const Count stride = view.axes[time_axis].stride * static_cast<Count>(size);
        Scan::Along one{view.place, backwards ? -stride : stride};
        one.first.offset += backwards ? (scan.times - 1) * stride : 0;
        return one;
    };
    StepPlaces places;
    places.made = without_time(made);
    for (std::size_t place = 0; place < equation.inputs.size(); ++place) {
        const int value = equation.inputs[place];
        View view;
        Scan::Along one;
        if (place == 0) {
            view = start_of(value, places.made, item);
            one = {view.place, 0};
            view.axes = places.made.axes;
        } else if (place <= sequences) {
            one = along(views_[value], item_of(value));
            view = without_time(views_[value]);
        } else if (!single(value)) {
            view = views_[value];
            one = {view.place, 0};
        }
        places.inputs.push_back(view);
        scan.along.push_back(one);
    }
    scan.along.push_back(along(made, item));
    auto step = std::make_shared<Plan>(make_step(body, choices_, places));
    for (std::size_t place = sequences + 1; place < equation.inputs.size(); ++place) {
        if (step->inputs[place].single) {
            scan.numbers.emplace_back(slot_of(equation.inputs[place]), step->inputs[place].slot);
        }
    }
    const std::vector<Axis> room{{room_of(*step), 1}};
    scan.room = temporary_like(room, working_arena(), 1).place;
    plan_.scratch_bytes = std::max(plan_.scratch_bytes, step->scratch_bytes);
    plan_.library = plan_.library || step->library;
    const double work = static_cast<double>(scan.times) * (step->tile_work + step->other_work);
    scan.step = std::move(step);
    plan_.scans.push_back(std::move(scan));
    add(Action::scan, plan_.scans.size() - 1, work);
}

}  // namespace chainrule
