#include "step_run.hpp"

#include <algorithm>

namespace chainrule {

namespace {

constexpr double worth_sharing = 15e3;  // nanoseconds of an instruction

Count elements_of(const Shape& shape) {
    Count elements = 1;
    for (Count size : shape) {
        elements *= size;
    }
    return elements;
}

// Truth values leave the machine as bytes.
std::size_t outside_item(Kind kind, std::size_t item) {
    return kind == Kind::truth ? 1 : kind == Kind::integer ? 8 : item;
}

void write_view(const View& view, const Memory& memory, Kind kind, std::size_t item, char* to) {
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
StepRun<T>::StepRun(Machine& machine, std::vector<Given> columns, const Batches& batches)
    : machine_(machine),
      program_(machine.program_),
      kernels_(kernels_of<T>(machine.set_)),
      columns_(std::move(columns)),
      batches_(batches),
      inputs_(program_.roles.size()),
      offsets_(program_.roles.size(), 0) {
    Count sizes[2] = {0, 0};
    for (std::size_t value = 0; value < program_.roles.size(); ++value) {
        const Role role = program_.roles[value];
        const Value& one = program_.values[value];
        if (role == Role::rows || one.single()) {
            continue;
        }
        Count& size = sizes[role == Role::carried ? 0 : 1];
        offsets_[value] = size;
        const Count item = one.kind == Kind::integer ? 8 : static_cast<Count>(sizeof(T));
        size += std::max<Count>((elements_of(one.shape) * item + 63) / 64 * 64, 64);
    }
    carried_memory_ = carried_bytes_.at_least(sizes[0]);
    fixed_memory_ = fixed_bytes_.at_least(sizes[1]);
}

template <class T>
void StepRun<T>::load_fixed(std::size_t place, const Given& given) {
    inputs_[place] = given;
    const Value& value = program_.values[place];
    if (value.single()) {
        return;
    }
    const bool is_carried = program_.roles[place] == Role::carried;
    const std::size_t item = value.kind == Kind::integer ? 8 : sizeof(T);
    const std::size_t bytes = static_cast<std::size_t>(elements_of(value.shape)) * item;
    if (bytes > 0) {
        std::memcpy((is_carried ? carried_memory_ : fixed_memory_) + offsets_[place], given.data,
                    bytes);
    }
}

template <class T>
void StepRun<T>::load_carried(const std::vector<Given>& carried) {
    for (std::size_t place = 0; place < carried.size(); ++place) {
        load_fixed(place, carried[place]);
    }
    staged_.resize(carried.size());
}

template <class T>
void StepRun<T>::prepare(const StepPlan& plan) {
    if (prepared_ == &plan) {
        return;
    }
    prepared_ = &plan;
    const Plan& main = plan.main;
    const Plan& rest = plan.rest ? *plan.rest : plan.main;
    const std::size_t rows_inputs = columns_.size();
    char* shared_memory = shared_bytes_.at_least(main.arena_bytes[shared]);
    const int count = std::max(plan.workers, plan.shares);
    while (static_cast<int>(workers_.size()) < count) {
        workers_.push_back(std::make_unique<Worker>());
    }
    for (int number = 0; number < count; ++number) {
        Worker& worker = *workers_[static_cast<std::size_t>(number)];
        const bool first = number == 0 || plan.workers == 1;
        Worker& owner = first ? *workers_[0] : worker;
        worker.gathered.resize(rows_inputs);
        worker.gathered_from.assign(rows_inputs, nullptr);
        worker.gathered_first.assign(rows_inputs, -1);
        Memory& memory = worker.memory;
        memory.arenas.assign(first_rows + rows_inputs, nullptr);
        memory.arenas[constants] = const_cast<char*>(main.constant_bytes.data());
        memory.arenas[shared] = shared_memory;
        memory.arenas[carried] = carried_memory_;
        memory.arenas[fixed_inputs] = fixed_memory_;
        memory.arenas[tile] = owner.tile_bytes.at_least(
            std::max(main.arena_bytes[tile], rest.arena_bytes[tile]));
        memory.arenas[sums] = owner.sums_bytes.at_least(
            std::max(main.arena_bytes[sums], rest.arena_bytes[sums]));
        memory.scratch.resize(
            static_cast<std::size_t>(std::max(main.scratch_bytes, rest.scratch_bytes)) + 64);
    }
}

template <class T>
void StepRun<T>::set_inputs(const StepPlan& plan, Memory& memory) const {
    memory.slots.assign(plan.main.slots.begin(), plan.main.slots.end());
    for (std::size_t value = 0; value < inputs_.size(); ++value) {
        const InputPlace& input = plan.main.inputs[value];
        if (!input.single) {
            continue;
        }
        if (input.slot.kind == Kind::real) {
            set_slot(memory, input.slot, inputs_[value].number);
        } else {
            set_slot(memory, input.slot, inputs_[value].integer);
        }
    }
    for (int number : plan.main.count_slots) {
        set_slot(memory, Slot{number, Kind::real}, static_cast<double>(plan.rows));
    }
}

template <class T>
void StepRun<T>::gather(const Plan& plan, Worker& worker, Count first,
                        const std::int64_t* order) {
    const std::int64_t* chosen = order == nullptr ? nullptr : order + first;
    const Count row = from_ + first;
    int place = 0;
    for (int value = 0; value < program_.input_count(); ++value) {
        if (program_.roles[static_cast<std::size_t>(value)] != Role::rows) {
            continue;
        }
        const std::size_t at = static_cast<std::size_t>(place++);
        const InputPlace& input = plan.inputs[static_cast<std::size_t>(value)];
        const bool whole = program_.values[static_cast<std::size_t>(value)].kind == Kind::integer;
        const Count item = whole ? 8 : static_cast<Count>(sizeof(T));
        const char* data = columns_[at].data;
        if (!input.transposed && order == nullptr) {
            // They lie as they are needed: nothing is moved.
            worker.memory.arenas[first_rows + at] =
                const_cast<char*>(data) + row * input.width * item;
            continue;
        }
        const Count stride = input.transposed && input.width > 1
                                 ? (plan.rows + 64 / static_cast<Count>(sizeof(T)) - 1) /
                                       (64 / static_cast<Count>(sizeof(T))) *
                                       (64 / static_cast<Count>(sizeof(T)))
                                 : plan.rows + 16;
        char* to = worker.gathered[at].at_least(stride * input.width * item + 64);
        worker.memory.arenas[first_rows + at] = to;
        const bool there = order == nullptr && worker.gathered_from[at] == data &&
                           worker.gathered_first[at] == row && worker.gathered_for == &plan;
        if (there) {
            continue;
        }
        worker.gathered_from[at] = order == nullptr ? data : nullptr;
        worker.gathered_first[at] = row;
        if (!whole && input.transposed && input.width > 1) {
            kernels_.gather_transposed(reinterpret_cast<const T*>(data),
                                       chosen, chosen == nullptr ? row : 0, plan.rows, input.width,
                                       reinterpret_cast<T*>(to), stride);
            continue;
        }
        const bool turned = input.transposed && input.width > 1;
        for (Count one = 0; one < plan.rows; ++one) {
            const Count source = chosen == nullptr ? row + one : chosen[one];
            const char* from = data + source * input.width * item;
            if (!turned) {
                std::memcpy(to + one * input.width * item, from,
                            static_cast<std::size_t>(input.width * item));
                continue;
            }
            for (Count column = 0; column < input.width; ++column) {
                std::memcpy(to + (column * stride + one) * item, from + column * item,
                            static_cast<std::size_t>(item));
            }
        }
    }
    worker.gathered_for = &plan;
}

template <class T>
void StepRun<T>::run_stage(const StepPlan& plan, const Plan& tile_plan, int stage, Worker& worker,
                           bool first, Crew* crew) {
    for (const Instruction& instruction : tile_plan.stages[stage]) {
        const bool shared_out =
            plan.shares > 1 && crew != nullptr && instruction.work > worth_sharing &&
            (instruction.action == Action::chain || instruction.action == Action::product);
        const int parts = std::max(plan.shares, plan.workers);
        if (!shared_out && !(stage != 1 && parts > 1 && crew != nullptr &&
                             instruction.work > worth_sharing &&
                             instruction.action == Action::chain)) {
            execute<T>(tile_plan, instruction, kernels_, machine_.library_, worker.memory, first,
                       {});
            continue;
        }
        struct Shared {
            StepRun* run;
            const Plan* plan;
            const Instruction* instruction;
            Worker* worker;
            bool first;
            int parts;
        } work{this, &tile_plan, &instruction, &worker, first, parts};
        crew->run(
            [](void* given, int number) {
                Shared& work = *static_cast<Shared*>(given);
                // Scratch is private; all other memory is that of the worker who shares it out.
                Worker& own = *work.run->workers_[static_cast<std::size_t>(number)];
                Memory* memory = &work.worker->memory;
                Memory view;
                if (number > 0) {
                    view.arenas = memory->arenas;
                    view.slots = memory->slots;
                    view.scratch.swap(own.memory.scratch);
                    memory = &view;
                }
                execute<T>(*work.plan, *work.instruction, work.run->kernels_,
                           work.run->machine_.library_, *memory, work.first,
                           {number, work.parts});
                if (number > 0) {
                    view.scratch.swap(own.memory.scratch);
                }
            },
            &work, parts);
    }
}

template <class T>
void StepRun<T>::run_tiles(const StepPlan& plan, int number) {
    Worker& worker = *workers_[static_cast<std::size_t>(number)];
    if (number > 0) {
        worker.memory.slots = workers_[0]->memory.slots;
    }
    const Count begin = plan.tiles * number / plan.workers;
    const Count end = plan.tiles * (number + 1) / plan.workers;
    for (Count one = begin; one < end; ++one) {
        const Plan& tile_plan =
            plan.rest && one == plan.tiles - 1 ? *plan.rest : plan.main;
        const Count first = one * plan.main.rows;
        gather(tile_plan, worker, first, order_);
        run_stage(plan, tile_plan, 1, worker, one == begin, nullptr);
        keep_row_records(tile_plan, worker, first);
    }
}

template <class T>
void StepRun<T>::add_up_workers(const StepPlan& plan, Crew*) {
    Memory& total = workers_[0]->memory;
    for (int number = 1; number < plan.workers; ++number) {
        const Memory& other = workers_[static_cast<std::size_t>(number)]->memory;
        for (const SumRegion& region : plan.main.sum_regions) {
            char* to = total.arenas[sums] + region.offset;
            const char* from = other.arenas[sums] + region.offset;
            if (region.kind == Kind::integer) {
                for (Count place = 0; place < region.elements; ++place) {
                    reinterpret_cast<std::int64_t*>(to)[place] +=
                        reinterpret_cast<const std::int64_t*>(from)[place];
                }
            } else {
                kernels_.add_into(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from),
                                  region.elements);
            }
        }
        for (const Slot& slot : plan.main.sum_slots) {
            if (slot.kind == Kind::real) {
                set_slot(total, slot, slot_number(total, slot) + slot_number(other, slot));
            } else {
                set_slot(total, slot, slot_integer(total, slot) + slot_integer(other, slot));
            }
        }
    }
}

template <class T>
void StepRun<T>::step(const StepPlan& plan, Count from, const std::int64_t* order, Crew* crew) {
    prepare(plan);
    from_ = from;
    order_ = order;
    Worker& chief = *workers_[0];
    set_inputs(plan, chief.memory);
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
    run_stage(plan, plan.main, 0, chief, true, crew);
    if (plan.workers > 1) {
        struct Tiles {
            StepRun* run;
            const StepPlan* plan;
        } work{this, &plan};
        const auto task = [](void* given, int number) {
            Tiles& work = *static_cast<Tiles*>(given);
            try {
                work.run->run_tiles(*work.plan, number);
            } catch (...) {
                std::lock_guard<std::mutex> lock(work.run->failing_);
                work.run->failure_ = std::current_exception();
            }
        };
        if (crew != nullptr) {
            crew->run(task, &work, plan.workers);
        } else {
            for (int number = 0; number < plan.workers; ++number) {
                task(&work, number);
            }
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        add_up_workers(plan, crew);
    } else {
        for (Count one = 0; one < plan.tiles; ++one) {
            const Plan& tile_plan =
                plan.rest && one == plan.tiles - 1 ? *plan.rest : plan.main;
            const Count first = one * plan.main.rows;
            gather(tile_plan, chief, first, order);
            run_stage(plan, tile_plan, 1, chief, one == 0, crew);
            keep_row_records(tile_plan, chief, first);
        }
    }
    run_stage(plan, plan.main, 2, chief, true, crew);
    carry_over(plan);
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
        write_view(output.view, worker.memory, output.kind, sizeof(T), to);
    }
}

template <class T>
void StepRun<T>::carry_over(const StepPlan& plan) {
    const Memory& memory = workers_[0]->memory;
    // All are read before one is written: a value may take the place of another.
    for (std::size_t place = 0; place < staged_.size(); ++place) {
        const Output& output = plan.main.outputs[place];
        if (output.single) {
            inputs_[place].number = slot_number(memory, output.slot);
            inputs_[place].integer = slot_integer(memory, output.slot);
        } else if (!output.in_place) {
            const std::size_t item = output.kind == Kind::integer ? 8 : sizeof(T);
            const Count elements = elements_of(program_.values[place].shape);
            staged_[place].resize(static_cast<std::size_t>(elements) * item);
            const Kind kind = output.kind == Kind::truth ? Kind::real : output.kind;
            write_view(output.view, memory, kind, sizeof(T), staged_[place].data());
        }
    }
    for (std::size_t place = 0; place < staged_.size(); ++place) {
        const Output& output = plan.main.outputs[place];
        if (!output.single && !output.in_place && !staged_[place].empty()) {
            std::memcpy(carried_memory_ + offsets_[place], staged_[place].data(),
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
void StepRun<T>::add_records(const StepPlan& plan, std::vector<Record>& records) const {
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
            const std::vector<char>& made = row_records_[place];
            bytes.insert(bytes.end(), made.begin(), made.end());
        } else {
            const Count elements = elements_of(records[one].shape);
            bytes.resize(before +
                         static_cast<std::size_t>(elements) * outside_item(output.kind, sizeof(T)));
            write_view(output.view, memory, output.kind, sizeof(T), bytes.data() + before);
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
            const std::size_t item = value.kind == Kind::integer ? 8 : sizeof(T);
            const char* from = carried_memory_ + offsets_[place];
            const std::size_t bytes = static_cast<std::size_t>(elements_of(value.shape)) * item;
            outcome.carried.back().assign(from, from + bytes);
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

template class StepRun<float>;
template class StepRun<double>;

}  // namespace chainrule
