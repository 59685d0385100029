// A run under way: the memory of a machine's steps, and how one step goes through its stages.

#pragma once

#include <cstring>
#include <unordered_map>

#include "bound.hpp"
#include "bytes.hpp"
#include "call.hpp"
#include "step_plan.hpp"

namespace chainrule {

template <class T>
class StepRun {
public:
    StepRun(const Program& program, int set);

    // A call begins with its inputs, in their order. Memory is kept from call to call.
    void begin(const Call& call, const Library& library);

    // What the next step is given, but for its rows: in this run's memory, for as long as it stays.
    std::vector<Given> inputs_now() const;

    // One step on the rows from `from` on, of which `order` says where they lie (null: in order).
    void step(const StepPlan& plan, Count from, const std::int64_t* order, Crew* crew);

    void add_records(const StepPlan& plan, std::vector<Record>& records);
    // Carried values take the place of those before. Records are taken first: they may show these.
    void carry_over(const StepPlan& plan);
    void start_records(std::vector<Record>& records) const;
    void store_carried(Outcome& outcome) const;

    const char* first_carried() const { return carried_memory_; }
    // Bytes that are kept for the next call.
    Count bytes_kept() const;
    Count first_carried_size() const;
    double first_carried_number() const {
        return inputs_.empty() || !program_.values[0].single() ? 0.0 : inputs_[0].number;
    }
    // The first output that is not carried.
    double first_record(const StepPlan& plan) const;

private:
    struct Worker {
        std::vector<char*> arenas;
        std::vector<std::uint64_t> slots;
        Memory memory;  // which shows these
        Bytes tile_bytes, sums_bytes, scratch_bytes;
        std::vector<Bytes> gathered;
        std::vector<const char*> gathered_from;  // what lies in it, where that can stay
        std::vector<Count> gathered_first;
        const Plan* gathered_for = nullptr;
        std::unordered_map<const Plan*, std::vector<BoundChain<T>>> bound;
        std::vector<BoundChain<T>>* bound_now = nullptr;
        const Plan* bound_plan = nullptr;  // whose chains these are
    };

    void load(std::size_t place, const Given& given);
    void prepare(const StepPlan& plan);
    void set_inputs(const StepPlan& plan, Memory& memory) const;
    void run_stage(const StepPlan& plan, const Plan& tile_plan, int stage, Worker& worker,
                   bool first, Crew* crew);
    int parts_of(const StepPlan& plan, const Instruction& instruction) const;
    void share_out(const Plan& plan, const Instruction& instruction, Worker& worker, bool first,
                   int parts, Crew& crew);
    void execute_on(const Plan& plan, const Instruction& instruction, Memory& memory, bool first,
                    Share share) const;
    void bind(const Plan& plan, Worker& worker);
    void gather(const Plan& plan, Worker& worker, Count first, const std::int64_t* order);
    void gather_input(const Plan& plan, Worker& worker, std::size_t value, std::size_t at,
                      Count row, const std::int64_t* chosen);
    void run_tiles(const StepPlan& plan, int number);
    void add_region(const SumRegion& region, const Worker& other, Share share);
    void add_up_workers(const StepPlan& plan, Crew* crew);
    void make_room_for_rows(const StepPlan& plan);
    void keep_row_records(const Plan& plan, const Worker& worker, Count first);

    const Program& program_;
    const Kernels<T>& kernels_;
    Library library_;  // of the call under way
    std::vector<Given> columns_;
    std::vector<Given> inputs_;  // single numbers of all inputs
    const InputLayout layout_;
    Bytes carried_bytes_, fixed_bytes_, shared_bytes_;
    char* const carried_memory_;
    char* const fixed_memory_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::vector<char>> staged_;
    const StepPlan* prepared_ = nullptr;
    // The step under way, for the workers.
    Count from_ = 0;
    const std::int64_t* order_ = nullptr;
    std::vector<std::vector<char>> row_records_;
};

}  // namespace chainrule
