// What leaves a run: records of every step, and carried values.

#include "step_run.hpp"

namespace chainrule {

namespace {

// Truth values leave the machine as bytes.
std::size_t outside_item(Kind kind, std::size_t item) {
    return kind == Kind::truth ? 1 : kind == Kind::integer ? 8 : item;
}

// Rows of numbers that lie as columns, one line of memory for each number of a row.
bool is_turned(const View& view) {
    return view.axes.size() == 2 && view.axes[0].stride == 1 &&
           view.axes[1].stride >= view.axes[0].size;
}

template <class T>
void write_view(const View& view, const Memory& memory, Kind kind, const Kernels<T>& kernels,
                char* to) {
    constexpr std::size_t item = sizeof(T);
    if (kind == Kind::real && is_turned(view)) {
        ProductShape shape{};
        shape.columns = view.axes[1].size;
        shape.depth = view.axes[0].size;
        shape.b_depth = 1;
        shape.b_column = view.axes[1].stride;
        kernels.pack(shape, memory.at<T>(view.place), reinterpret_cast<T*>(to), shape.columns);
        return;
    }
    std::vector<Count> sizes, strides, to_strides(view.axes.size());
    Count stride = 1;
    for (std::size_t axis = view.axes.size(); axis-- > 0;) {
        to_strides[axis] = stride;
        stride *= view.axes[axis].size;
    }
    for (const Axis& axis : view.axes) {
        sizes.push_back(axis.size);
        strides.push_back(axis.stride);
    }
    if (stride == 0) {
        return;
    }
    const char* from = memory.at<char>(view.place);
    const std::size_t inside = kind == Kind::integer ? 8 : item;
    if (kind != Kind::truth) {
        copy_strided(sizes, from, strides, to, to_strides, inside);
        return;
    }
    std::vector<char> plain(static_cast<std::size_t>(stride) * inside);
    copy_strided(sizes, from, strides, plain.data(), to_strides, inside);
    for (Count place = 0; place < stride; ++place) {
        const char* number = plain.data() + static_cast<std::size_t>(place) * inside;
        float narrow = 0.0f;
        double wide = 0.0;
        std::memcpy(inside == 4 ? static_cast<void*>(&narrow) : static_cast<void*>(&wide), number,
                    inside);
        to[place] = (inside == 4 ? narrow != 0.0f : wide != 0.0) ? 1 : 0;
    }
}

}  // namespace

template <class T>
void StepRun<T>::make_room_for_rows(const StepPlan& plan) {
    row_records_.resize(program_.outputs.size());
    for (std::size_t place = 0; place < program_.outputs.size(); ++place) {
        const Output& output = plan.main.outputs[place];
        if (output.rows && !output.single) {
            // Where there are several tiles, rows are the first axis.
            Count elements = plan.tiles == 1 ? 1 : plan.rows;
            for (std::size_t axis = 0; axis < output.view.axes.size(); ++axis) {
                elements *= plan.tiles > 1 && axis == 0 ? 1 : output.view.axes[axis].size;
            }
            row_records_[place].resize(static_cast<std::size_t>(elements) *
                                       outside_item(output.kind, sizeof(T)));
        }
    }
}

template <class T>
void StepRun<T>::keep_row_records(const Plan& plan, const Worker& worker, Count first) {
    for (std::size_t place = 0; place < plan.outputs.size(); ++place) {
        const Output& output = plan.outputs[place];
        if (!output.rows || output.single) {
            continue;
        }
        // Where there are several tiles, rows are the first axis.
        Count row = 1;
        for (std::size_t axis = 1; axis < output.view.axes.size(); ++axis) {
            row *= output.view.axes[axis].size;
        }
        const std::size_t item = outside_item(output.kind, sizeof(T));
        char* to = row_records_[place].data() + static_cast<std::size_t>(first * row) * item;
        write_view<T>(output.view, worker.memory, output.kind, kernels_, to);
    }
}

template <class T>
void StepRun<T>::carry_over(const StepPlan& plan) {
    const Memory& memory = workers_[0]->memory;
    // All are read before one is written: a value may take the place of another.
    for (std::size_t place = 0; place < staged_.size(); ++place) {
        const Output& output = plan.main.outputs[place];
        if (output.single) {
            if (output.kind == Kind::real) {
                inputs_[place].number = slot_number(memory, output.slot);
            } else {
                inputs_[place].integer = slot_integer(memory, output.slot);
                inputs_[place].number = static_cast<double>(inputs_[place].integer);
            }
        } else if (!output.in_place) {
            const std::size_t item = program_.item_of(output.kind);
            const Count elements = elements_of(program_.values[place].shape);
            staged_[place].resize(static_cast<std::size_t>(elements) * item);
            const Kind kind = output.kind == Kind::truth ? Kind::real : output.kind;
            write_view<T>(output.view, memory, kind, kernels_, staged_[place].data());
        }
    }
    for (std::size_t place = 0; place < staged_.size(); ++place) {
        const Output& output = plan.main.outputs[place];
        if (!output.single && !output.in_place && !staged_[place].empty()) {
            std::memcpy(carried_memory_ + layout_.offsets[place], staged_[place].data(),
                        staged_[place].size());
        }
    }
}

template <class T>
void StepRun<T>::start_records(std::vector<Record>& records) const {
    for (std::size_t place = staged_.size(); place < program_.outputs.size(); ++place) {
        const Value& value = program_.values[static_cast<std::size_t>(program_.outputs[place])];
        Record record;
        record.single = value.single();
        record.rows = value.has_rows();
        record.kind = value.kind;
        record.shape = value.shape;
        records.push_back(std::move(record));
    }
}

template <class T>
void StepRun<T>::add_records(const StepPlan& plan, std::vector<Record>& records) {
    const Memory& memory = workers_[0]->memory;
    for (std::size_t one = 0; one < records.size(); ++one) {
        const std::size_t place = staged_.size() + one;
        const Output& output = plan.main.outputs[place];
        std::vector<char>& bytes = records[one].bytes;
        const std::size_t before = bytes.size();
        if (output.single) {
            bytes.resize(before + 8);
            if (output.kind == Kind::real) {
                const double number = slot_number(memory, output.slot);
                std::memcpy(bytes.data() + before, &number, 8);
            } else {
                const std::int64_t number = slot_integer(memory, output.slot);
                std::memcpy(bytes.data() + before, &number, 8);
            }
        } else if (output.rows) {
            std::vector<char>& made = row_records_[place];
            if (bytes.empty()) {
                // Of one step alone they need no copy.
                bytes.swap(made);
            } else {
                bytes.insert(bytes.end(), made.begin(), made.end());
            }
        } else {
            const Count elements = elements_of(records[one].shape);
            bytes.resize(before +
                         static_cast<std::size_t>(elements) * outside_item(output.kind, sizeof(T)));
            write_view<T>(output.view, memory, output.kind, kernels_, bytes.data() + before);
        }
    }
}

template <class T>
void StepRun<T>::store_carried(Outcome& outcome) const {
    for (std::size_t place = 0; place < staged_.size(); ++place) {
        const Value& value = program_.values[place];
        outcome.numbers.push_back(inputs_[place].number);
        outcome.integers.push_back(inputs_[place].integer);
        outcome.carried.emplace_back();
        if (!value.single()) {
            const std::size_t item = program_.item_of(value.kind);
            const char* from = carried_memory_ + layout_.offsets[place];
            const std::size_t bytes = static_cast<std::size_t>(elements_of(value.shape)) * item;
            std::vector<char>& made = outcome.carried.back();
            if (value.kind != Kind::truth) {
                made.assign(from, from + bytes);
                continue;
            }
            for (std::size_t at = 0; at < bytes; at += sizeof(T)) {
                made.push_back(*reinterpret_cast<const T*>(from + at) != T(0) ? 1 : 0);
            }
        }
    }
}

template <class T>
Count StepRun<T>::first_carried_size() const {
    return program_.roles.empty() || program_.roles[0] != Role::carried ||
                   program_.values[0].single()
               ? 0
               : elements_of(program_.values[0].shape);
}

template <class T>
double StepRun<T>::first_record(const StepPlan& plan) const {
    if (staged_.size() >= plan.main.outputs.size()) {
        return 0.0;
    }
    const Output& output = plan.main.outputs[staged_.size()];
    return output.single ? slot_number(workers_[0]->memory, output.slot) : 0.0;
}

template void StepRun<float>::make_room_for_rows(const StepPlan&);
template void StepRun<float>::keep_row_records(const Plan&, const Worker&, Count);
template void StepRun<float>::carry_over(const StepPlan&);
template void StepRun<float>::start_records(std::vector<Record>&) const;
template void StepRun<float>::add_records(const StepPlan&, std::vector<Record>&);
template void StepRun<float>::store_carried(Outcome&) const;
template Count StepRun<float>::first_carried_size() const;
template double StepRun<float>::first_record(const StepPlan&) const;
template void StepRun<double>::make_room_for_rows(const StepPlan&);
template void StepRun<double>::keep_row_records(const Plan&, const Worker&, Count);
template void StepRun<double>::carry_over(const StepPlan&);
template void StepRun<double>::start_records(std::vector<Record>&) const;
template void StepRun<double>::add_records(const StepPlan&, std::vector<Record>&);
template void StepRun<double>::store_carried(Outcome&) const;
template Count StepRun<double>::first_carried_size() const;
template double StepRun<double>::first_record(const StepPlan&) const;

}  // namespace chainrule
