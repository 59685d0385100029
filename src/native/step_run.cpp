#include "step_run.hpp"

#include <algorithm>

#include "memory.hpp"

namespace chainrule {

namespace {

constexpr double worth_sharing = 15e3;              // nanoseconds of an instruction
constexpr Count worth_adding_together = 64 * 1024;  // bytes of sums

}  // namespace

template <class T>
StepRun<T>::StepRun(const Program& program, int set)
    : program_(program),
      kernels_(kernels_of<T>(set)),
      inputs_(program_.roles.size()),
      layout_(layout_of_inputs(program_)),
      carried_memory_(carried_bytes_.at_least(layout_.carried_bytes)),
      fixed_memory_(fixed_bytes_.at_least(layout_.fixed_bytes)) {}

template <class T>
void StepRun<T>::begin(const Call& call, const Library& library) {
    library_ = library;
    columns_ = call.rows;
    staged_.resize(call.carried.size());
    std::size_t next_carried = 0;
    std::size_t next_fixed = 0;
    for (std::size_t place = 0; place < program_.roles.size(); ++place) {
        if (program_.roles[place] == Role::carried) {
            load(place, call.carried[next_carried++]);
        } else if (program_.roles[place] == Role::fixed) {
            load(place, call.fixed[next_fixed++]);
        }
    }
    // What lies at an address may have changed since the last call.
    prepared_ = nullptr;
    for (const std::unique_ptr<Worker>& worker : workers_) {
        worker->gathered_for = nullptr;
    }
}

template <class T>
Count StepRun<T>::bytes_kept() const {
    Count total = shared_bytes_.size() + carried_bytes_.size() + fixed_bytes_.size();
    for (const std::vector<char>& staged : staged_) {
        total += static_cast<Count>(staged.size());
    }
    for (const std::unique_ptr<Worker>& worker : workers_) {
        total +=
            worker->tile_bytes.size() + worker->sums_bytes.size() + worker->scratch_bytes.size();
        for (const Bytes& gathered : worker->gathered) {
            total += gathered.size();
        }
    }
    return total;
}

template <class T>
void StepRun<T>::load(std::size_t place, const Given& given) {
    inputs_[place] = given;
    const Value& value = program_.values[place];
    if (value.single()) {
        return;
    }
    const bool is_carried = program_.roles[place] == Role::carried;
    const std::size_t bytes =
        static_cast<std::size_t>(elements_of(value.shape)) * program_.item_of(value.kind);
    if (bytes > 0) {
        std::memcpy((is_carried ? carried_memory_ : fixed_memory_) + layout_.offsets[place],
                    given.data, bytes);
    }
}

template <class T>
std::vector<Given> StepRun<T>::inputs_now() const {
    std::vector<Given> now;
    for (std::size_t place = 0; place < program_.roles.size(); ++place) {
        const Role role = program_.roles[place];
        if (role == Role::rows) {
            continue;
        }
        now.push_back(inputs_[place]);
        now.back().data =
            (role == Role::carried ? carried_memory_ : fixed_memory_) + layout_.offsets[place];
    }
    return now;
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
        std::vector<char*>& arenas = worker.arenas;
        const std::vector<char*> before = arenas;
        arenas.assign(first_rows + rows_inputs, nullptr);
        arenas[constants] = const_cast<char*>(main.constant_bytes.data());
        arenas[shared] = shared_memory;
        arenas[carried] = carried_memory_;
        arenas[fixed_inputs] = fixed_memory_;
        arenas[tile] =
            owner.tile_bytes.at_least(std::max(main.arena_bytes[tile], rest.arena_bytes[tile]));
        arenas[sums] =
            owner.sums_bytes.at_least(std::max(main.arena_bytes[sums], rest.arena_bytes[sums]));
        char* const scratch =
            worker.scratch_bytes.at_least(std::max(main.scratch_bytes, rest.scratch_bytes));
        // What was bound holds where memory lay, and constants are each plan's own.
        const bool moved = scratch != worker.memory.scratch || before.size() != arenas.size() ||
                           !std::equal(before.begin() + shared, before.begin() + first_rows,
                                       arenas.begin() + shared);
        if (moved) {
            worker.bound.clear();
            worker.bound_plan = nullptr;
        }
        worker.slots.resize(main.slots.size());
        worker.memory = {arenas.data(), worker.slots.data(), scratch};
    }
}

template <class T>
void StepRun<T>::set_inputs(const StepPlan& plan, Memory& memory) const {
    std::copy(plan.main.slots.begin(), plan.main.slots.end(), memory.slots);
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

// The operands of a plan's chains in a worker's memory, worked out when they are first needed.
template <class T>
void StepRun<T>::bind(const Plan& plan, Worker& worker) {
    if (worker.bound_plan == &plan) {
        return;
    }
    auto found = worker.bound.find(&plan);
    if (found == worker.bound.end()) {
        std::vector<BoundChain<T>> chains;
        for (const Chain& chain : plan.chains) {
            chains.push_back(bound_chain<T>(chain, kernels_, worker.memory));
        }
        found = worker.bound.emplace(&plan, std::move(chains)).first;
    }
    worker.bound_now = &found->second;
    worker.bound_plan = &plan;
}

// How many threads share an instruction: a large chain or product, where threads are waiting.
template <class T>
int StepRun<T>::parts_of(const StepPlan& plan, const Instruction& instruction) const {
    const bool divisible =
        instruction.action == Action::chain || instruction.action == Action::product ||
        instruction.action == Action::slide || instruction.action == Action::slide_sum;
    return divisible && instruction.work > worth_sharing ? std::max(plan.shares, plan.workers) : 1;
}

template <class T>
void StepRun<T>::share_out(const Plan& plan, const Instruction& instruction, Worker& worker,
                           bool first, int parts, Crew& crew) {
    struct Sharing {
        StepRun* run;
        const Plan* plan;
        const Instruction* instruction;
        const Memory* memory;
        bool first;
        int parts;
    } work{this, &plan, &instruction, &worker.memory, first, parts};
    const auto task = [](void* given, int number) {
        Sharing& work = *static_cast<Sharing*>(given);
        // Scratch is private; all other memory is that of the worker who shares it out.
        Memory& own = work.run->workers_[static_cast<std::size_t>(number)]->memory;
        Memory view = *work.memory;
        view.scratch = own.scratch;
        work.run->execute_on(*work.plan, *work.instruction, view, work.first, {number, work.parts});
    };
    crew.run(task, &work, parts);
}

template <class T>
void StepRun<T>::execute_on(const Plan& plan, const Instruction& instruction, Memory& memory,
                            bool first, Share share) const {
    execute<T>(plan, instruction, kernels_, library_, memory, first, share);
}

template <class T>
void StepRun<T>::run_stage(const StepPlan& plan, const Plan& tile_plan, int stage, Worker& worker,
                           bool first, Crew* crew) {
    bind(tile_plan, worker);
    for (const Instruction& instruction : tile_plan.stages[stage]) {
        const int parts = crew == nullptr ? 1 : parts_of(plan, instruction);
        if (parts > 1) {
            share_out(tile_plan, instruction, worker, first, parts, *crew);
            continue;
        }
        if (instruction.action == Action::chain) {
            const std::size_t index = static_cast<std::size_t>(instruction.index);
            BoundChain<T>& chain = (*worker.bound_now)[index];
            if (chain.ready) {
                chain.run(tile_plan.chains[index], kernels_, worker.memory);
                continue;
            }
        }
        execute_on(tile_plan, instruction, worker.memory, first, {});
    }
}

template <class T>
void StepRun<T>::run_tiles(const StepPlan& plan, int number) {
    Worker& worker = *workers_[static_cast<std::size_t>(number)];
    const Count begin = plan.tiles * number / plan.workers;
    const Count end = plan.tiles * (number + 1) / plan.workers;
    for (Count one = begin; one < end; ++one) {
        const Plan& tile_plan = plan.rest && one == plan.tiles - 1 ? *plan.rest : plan.main;
        const Count first = one * plan.main.rows;
        gather(tile_plan, worker, first, order_);
        worker.memory.first_row = first;
        run_stage(plan, tile_plan, 1, worker, one == begin, nullptr);
        keep_row_records(tile_plan, worker, first);
    }
}

// Adds a part of what another worker has summed to the sums of the first.
template <class T>
void StepRun<T>::add_region(const SumRegion& region, const Worker& other, Share share) {
    const Count item = static_cast<Count>(program_.item_of(region.kind));
    const Range range(region.elements, share, alignment);
    const Count start = region.offset + range.from * item;
    const Count count = range.to - range.from;
    char* to = workers_[0]->memory.arenas[sums] + start;
    const char* from = other.memory.arenas[sums] + start;
    if (region.kind == Kind::integer) {
        for (Count place = 0; place < count; ++place) {
            reinterpret_cast<std::int64_t*>(to)[place] +=
                reinterpret_cast<const std::int64_t*>(from)[place];
        }
    } else if (region.kind == Kind::truth) {
        T* into = reinterpret_cast<T*>(to);
        const T* others = reinterpret_cast<const T*>(from);
        kernels_.loops[static_cast<int>(Word::logical_or)](into, others, others, 0, into, count);
    } else {
        kernels_.add_into(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from), count);
    }
}

template <class T>
void StepRun<T>::add_up_workers(const StepPlan& plan, Crew* crew) {
    struct Adding {
        StepRun* run;
        const StepPlan* plan;
        int shares;
    } work{
        this, &plan,
        crew != nullptr && plan.main.arena_bytes[sums] > worth_adding_together ? plan.workers : 1};
    const auto task = [](void* given, int number) {
        Adding& work = *static_cast<Adding*>(given);
        for (int other = 1; other < work.plan->workers; ++other) {
            for (const SumRegion& region : work.plan->main.sum_regions) {
                work.run->add_region(region, *work.run->workers_[static_cast<std::size_t>(other)],
                                     {number, work.shares});
            }
        }
    };
    if (work.shares > 1) {
        crew->run(task, &work, work.shares);
    } else {
        task(&work, 0);
    }
    Memory& total = workers_[0]->memory;
    for (int number = 1; number < plan.workers; ++number) {
        const Memory& other = workers_[static_cast<std::size_t>(number)]->memory;
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
    make_room_for_rows(plan);
    run_stage(plan, plan.main, 0, chief, true, crew);
    if (plan.workers > 1) {
        // Before any of them begins: the first one writes its sums among these numbers.
        for (int number = 1; number < plan.workers; ++number) {
            std::copy(chief.slots.begin(), chief.slots.end(),
                      workers_[static_cast<std::size_t>(number)]->memory.slots);
        }
        struct Tiles {
            StepRun* run;
            const StepPlan* plan;
        } work{this, &plan};
        const auto task = [](void* given, int number) {
            Tiles& work = *static_cast<Tiles*>(given);
            work.run->run_tiles(*work.plan, number);
        };
        if (crew != nullptr) {
            crew->run(task, &work, plan.workers);
        } else {
            for (int number = 0; number < plan.workers; ++number) {
                task(&work, number);
            }
        }
        add_up_workers(plan, crew);
    } else {
        for (Count one = 0; one < plan.tiles; ++one) {
            const Plan& tile_plan = plan.rest && one == plan.tiles - 1 ? *plan.rest : plan.main;
            const Count first = one * plan.main.rows;
            gather(tile_plan, chief, first, order);
            chief.memory.first_row = first;
            run_stage(plan, tile_plan, 1, chief, one == 0, crew);
            keep_row_records(tile_plan, chief, first);
        }
    }
    run_stage(plan, plan.main, 2, chief, true, crew);
}

template class StepRun<float>;
template class StepRun<double>;

}  // namespace chainrule
