#include "lowering.hpp"

#include "rewriting.hpp"
#include "walking.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace chainrule {

namespace {

constexpr int for_ever = std::numeric_limits<int>::max();

bool is_rearranging(Word word) {
    return word == Word::reshape || word == Word::transpose || word == Word::slice ||
           word == Word::windows;
}

}  // namespace

Plan make_plan(const Program& program, const Choices& choices) {
    return Lowering(program, choices).run();
}

std::vector<Count> offsets_over(const std::vector<Count>& sizes,
                                const std::vector<Count>& strides) {
    std::vector<Count> made;
    const std::vector<Count>* const walked[1] = {&strides};
    walk<1>(sizes, sizes.size(), walked,
            [&made](const Count* offsets) { made.push_back(offsets[0]); });
    return made;
}

std::vector<Axis> side_by_side(std::vector<Axis> axes) {
    Count stride = 1;
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
        axis->stride = stride;
        stride *= axis->size;
    }
    return axes;
}

void join_axes(std::vector<Count>& sizes, std::vector<std::vector<Count>*> strides) {
    for (std::size_t axis = 0; axis < sizes.size();) {
        bool joined = sizes[axis] == 1;
        std::size_t dropped = axis;
        if (!joined && axis > 0) {
            joined = true;
            for (const std::vector<Count>* one : strides) {
                joined = joined && (*one)[axis - 1] == (*one)[axis] * sizes[axis];
            }
            if (joined) {
                sizes[axis] *= sizes[axis - 1];
                dropped = axis - 1;
            }
        }
        if (!joined) {
            ++axis;
            continue;
        }
        sizes.erase(sizes.begin() + dropped);
        for (std::vector<Count>* one : strides) {
            one->erase(one->begin() + dropped);
        }
    }
    if (sizes.empty()) {
        sizes.push_back(1);
        for (std::vector<Count>* one : strides) {
            one->push_back(0);
        }
    }
}

Lowering::Lowering(const Program& program, const Choices& choices, const StepPlaces* places)
    : program_(program),
      choices_(choices),
      step_places_(places),
      schedule_(make_schedule(program)) {
    padded_rows_ = whole_lines(choices.rows, program.item());
    const std::size_t count = program.values.size();
    views_.resize(count);
    slots_.resize(count);
    made_.assign(count, false);
    maker_.assign(count, -1);
    stage_.assign(count, -1);
    part_of_.resize(count);
    carried_target_.assign(count, -1);
    put_back_.assign(count, -1);
    bytes_taken_.assign(count, 0);
    for (std::size_t place = 0; place < program.equations.size(); ++place) {
        const int output = program.equations[place].output;
        maker_[output] = static_cast<int>(place);
        stage_[output] = schedule_.stage_of[place];
    }
}

Plan Lowering::run() {
    plan_.rows = choices_.rows;
    plan_.rows_fast = choices_.rows_fast;
    find_roots();
    find_lives();
    if (step_places_ == nullptr) {
        place_inputs();
    } else {
        place_step();
    }
    place_constants();
    place_parts_of_joins();
    place_carried();
    find_put_back();
    position_now_ = 0;
    for (int stage = 0; stage < 3; ++stage) {
        stage_now_ = stage;
        for (const Group& group : schedule_.stages[stage]) {
            emit(group);
            for (const Temporary& one : temporaries_) {
                memory_of(one.arena).give(one.start, one.bytes);
            }
            temporaries_.clear();
            free_spent(position_now_);
            ++position_now_;
        }
    }
    if (step_places_ == nullptr) {
        finish_outputs();
    } else {
        finish_step();
    }
    plan_.arena_bytes[shared] = shared_memory_.size();
    plan_.arena_bytes[tile] = tile_memory_.size();
    plan_.arena_bytes[sums] = sums_memory_.size();
    plan_.arena_bytes[constants] = static_cast<Count>(plan_.constant_bytes.size());
    return std::move(plan_);
}

// A rearranged value lies in the memory of the value that it is made of.
void Lowering::find_roots() {
    root_.resize(program_.values.size());
    std::iota(root_.begin(), root_.end(), 0);
    for (const Equation& equation : program_.equations) {
        if (is_rearranging(equation.word)) {
            root_[equation.output] = root_[equation.inputs[0]];
        }
    }
}

// After which group, counted over all stages, the memory of a root is free again.
void Lowering::find_lives() {
    last_use_.assign(program_.values.size(), -1);
    int position = 0;
    for (int stage = 0; stage < 3; ++stage) {
        for (const Group& group : schedule_.stages[stage]) {
            for (int place : group.equations) {
                const Equation& equation = program_.equations[place];
                for (int value : equation.inputs) {
                    const int root = root_[value];
                    const bool crosses = stage_[root] != stage;
                    last_use_[root] = crosses ? for_ever : std::max(last_use_[root], position);
                }
                // What nothing reads is needed while it is made.
                const int made = root_[equation.output];
                last_use_[made] = std::max(last_use_[made], position);
            }
            ++position;
        }
    }
    for (int value : program_.outputs) {
        last_use_[root_[value]] = for_ever;
    }
    for (const Equation& equation : program_.equations) {
        if (equation.word == Word::concatenate) {
            last_use_[equation.output] = for_ever;
        }
    }
}

void Lowering::free_spent(int position) {
    for (std::size_t value = 0; value < program_.values.size(); ++value) {
        if (last_use_[value] == position && bytes_taken_[value] > 0) {
            const Place& place = views_[value].place;
            if (place.arena == shared || place.arena == tile) {
                memory_of(place.arena).give(place.offset, bytes_taken_[value]);
                bytes_taken_[value] = 0;
            }
        }
    }
}

Slot Lowering::slot_of(int value) {
    if (slots_[value].number < 0) {
        slots_[value] = {static_cast<int>(plan_.slots.size()), program_.values[value].kind};
        plan_.slots.push_back(0);
    }
    return slots_[value];
}

void Lowering::add(Action action, std::size_t index, double work) {
    plan_.stages[stage_now_].push_back({action, static_cast<int>(index), work});
    (stage_now_ == 1 ? plan_.tile_work : plan_.other_work) += work;
}

void Lowering::emit(const Group& group) {
    if (group.chain) {
        lower_chain(group.equations);
        return;
    }
    emit_other(program_.equations[group.equations[0]]);
}

void Lowering::emit_other(const Equation& equation) {
    const bool single_inputs = std::all_of(equation.inputs.begin(), equation.inputs.end(),
                                           [this](int value) { return single(value); });
    if (equation.word == share_of_largest) {
        return lower_largest(equation);
    }
    switch (equation.word) {
        case Word::count:
            plan_.count_slots.push_back(slot_of(equation.output).number);
            return;
        case Word::reshape:
            return lower_reshape(equation);
        case Word::transpose:
            return lower_transpose(equation);
        case Word::slice:
            return lower_slice(equation);
        case Word::pad:
            return lower_pad(equation);
        case Word::concatenate:
            return lower_concatenate(equation);
        case Word::take:
            return lower_indexing(equation, Action::take);
        case Word::add_at:
            return lower_indexing(equation, Action::add_at);
        case Word::matmul:
            return lower_product(equation);
        case Word::contract:
            return lower_contract(equation);
        case Word::windows:
            return lower_windows(equation);
        case Word::overlap_add:
            return lower_overlap_add(equation);
        case Word::convolve:
        case Word::convolve_transposed:
            return lower_convolve(equation);
        case Word::convolve_weights:
            return lower_convolve_weights(equation);
        case Word::random:
            return lower_random(equation);
        case Word::scan:
            return lower_scan(equation);
        case Word::sum_over:
        case Word::max_over:
            if (single_inputs) {
                slots_[equation.output] = slot_of(equation.inputs[0]);
                slots_[equation.output].kind = program_.values[equation.output].kind;
                return;
            }
            return lower_reduction(equation);
        default:
            if (single(equation.output)) {
                return lower_single(equation);
            }
            return lower_integers(equation);
    }
}

void Lowering::finish_outputs() {
    for (std::size_t place = 0; place < program_.outputs.size(); ++place) {
        const int value = program_.outputs[place];
        Output output;
        output.kind = program_.values[value].kind;
        output.single = single(value);
        if (output.single) {
            output.slot = slot_of(value);
        } else {
            output.view = views_[value];
            output.rows = rows_axis_of(value) != -1;
            const bool is_carried = static_cast<int>(place) < program_.input_count() &&
                                    program_.roles[place] == Role::carried;
            output.in_place = is_carried && carried_target_[value] == static_cast<int>(place);
        }
        plan_.outputs.push_back(output);
    }
}

}  // namespace chainrule
