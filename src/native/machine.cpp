#include "machine.hpp"

#include <algorithm>
#include <chrono>

#include "rewriting.hpp"
#include "step_run.hpp"
#include "walking.hpp"
#include "watcher.hpp"

namespace chainrule {

namespace {

constexpr double between_looks_at_the_clock = 20e3;  // nanoseconds
constexpr Count most_bytes_kept = Count(64) << 20;   // from one call to the next

// How long a call may take. Asking for the time takes as long as a small product, so it is done
// after the first step and then now and then.
class TimeLimit {
public:
    TimeLimit(double seconds, double nanoseconds_of_step)
        : seconds_(seconds),
          ask_after_(std::clamp<Count>(
              static_cast<Count>(between_looks_at_the_clock / (nanoseconds_of_step + 1.0)), 1, 64)),
          since_asked_(ask_after_ - 1) {}

    // Asked after every step.
    bool reached() {
        if (++since_asked_ < ask_after_) {
            return false;
        }
        since_asked_ = 0;
        const std::chrono::duration<double> taken = Clock::now() - began_;
        return taken.count() >= seconds_;
    }

private:
    using Clock = std::chrono::steady_clock;
    const Clock::time_point began_ = Clock::now();
    const double seconds_;
    const Count ask_after_;
    Count since_asked_;
};

void check_axes(const Program& program) {
    for (const Value& value : program.values) {
        if (value.shape.size() > most_axes) {
            throw std::invalid_argument("a value of too many axes");
        }
    }
    for (const Equation& equation : program.equations) {
        if (equation.body) {
            check_axes(*equation.body);
        }
    }
}

using Chains = std::vector<std::pair<std::string, bool>>;

void add_chains(const Plan& plan, Chains& found) {
    for (const Chain& chain : plan.chains) {
        found.emplace_back(chain.signature, chain.fused >= 0);
    }
    for (const Scan& scan : plan.scans) {
        add_chains(*scan.step, found);
    }
}

}  // namespace

Machine::Machine(Program program, int set) : program_(std::move(program)), set_(set) {
    chainrule::check(program_);
    check_axes(program_);
    program_ = rewritten(std::move(program_));
    traits_ = row_traits(program_);
}

Machine::~Machine() = default;

void Machine::settle(const Means& means) {
    const bool allowed = means.library.narrow != nullptr && means.library.wide != nullptr;
    if (means.threads != threads_ || allowed != library_allowed_) {
        forget();
    }
    threads_ = means.threads;
    library_ = means.library;
    library_allowed_ = allowed;
}

const StepPlan& Machine::plan_for(Count rows) {
    auto found = plans_.find(rows);
    if (found == plans_.end()) {
        found =
            plans_
                .emplace(rows, make_step_plan(program_, traits_, rows, threads_, library_allowed_))
                .first;
    }
    return *found->second;
}

bool Machine::wants_library(Count rows, int threads) {
    if (!may_want_library(program_, rows)) {
        return false;  // which saves making a plan only to see it
    }
    std::lock_guard<std::mutex> lock(busy_);
    const std::pair<Count, int> key{rows, threads};
    auto found = wants_.find(key);
    if (found == wants_.end()) {
        found =
            wants_
                .emplace(key, make_step_plan(program_, traits_, rows, threads, true)->main.library)
                .first;
    }
    return found->second;
}

int Machine::threads_of(Count rows) {
    std::lock_guard<std::mutex> lock(busy_);
    const StepPlan& plan = plan_for(rows);
    return std::max(plan.workers, plan.shares);
}

std::vector<std::pair<std::string, bool>> Machine::chains_of(Count rows) {
    std::lock_guard<std::mutex> lock(busy_);
    std::vector<std::pair<std::string, bool>> found;
    add_chains(plan_for(rows).main, found);
    return found;
}

std::string Machine::describe(Count rows) {
    std::lock_guard<std::mutex> lock(busy_);
    return chainrule::describe(plan_for(rows));
}

// With the plans goes what was worked out for them.
void Machine::forget() {
    plans_.clear();
    narrow_run_.reset();
    wide_run_.reset();
}

// Two sizes of batches are usual; a caller with a new one each time shall not fill the memory.
void Machine::forget_plans() {
    constexpr std::size_t most_plans = 16;
    if (plans_.size() >= most_plans) {
        forget();
        wants_.clear();
    }
}

// Memory is read by shape alone, so that what is given has to be what is due.
void Machine::check_inputs(const Call& call) const {
    const std::vector<Given>* const given[] = {&call.carried, &call.fixed, &call.rows};
    std::size_t at[3] = {};
    for (std::size_t place = 0; place < program_.roles.size(); ++place) {
        const int role = static_cast<int>(program_.roles[place]);
        const Value& value = program_.values[place];
        if (at[role] == given[role]->size()) {
            throw std::invalid_argument("a program is given fewer inputs than it has");
        }
        const Given& one = (*given[role])[at[role]++];
        Count numbers = 1;
        for (Count size : value.shape) {
            numbers *= size == rows_size ? call.batches.rows : size;
        }
        const Count item = static_cast<Count>(program_.item_of(value.kind));
        if (!value.single() && numbers > 0 && (one.data == nullptr || one.bytes < numbers * item)) {
            throw std::invalid_argument("a program is given an array that is smaller than due");
        }
        const bool cut = call.batches.shuffled || call.batches.steps_per_epoch() > 1;
        const bool leads = !value.single() && value.shape[0] == rows_size;
        if (program_.roles[place] == Role::rows && cut && !leads) {
            throw std::invalid_argument("only inputs whose first axis is that of the rows are cut");
        }
    }
    for (int role = 0; role < 3; ++role) {
        if (at[role] != given[role]->size()) {
            throw std::invalid_argument("a program is given more inputs than it has");
        }
    }
}

void Machine::check(const Call& call) const {
    check_inputs(call);
    if (call.watch == nullptr) {
        return;
    }
    const Machine* const judge = call.watch->judge;
    const Machine* const look = call.watch->look;
    if (judge == this || look == this) {
        throw std::invalid_argument("a machine cannot watch itself");
    }
    if (look != nullptr && look->program().wide != program_.wide) {
        throw std::invalid_argument("what looks has to be of the same type");
    }
    if (judge != nullptr) {
        const Program& judging = judge->program();
        const bool judges =
            !judging.outputs.empty() &&
            judging.values[static_cast<std::size_t>(judging.outputs[0])].single() &&
            judging.values[static_cast<std::size_t>(judging.outputs[0])].kind == Kind::real;
        if (!judges || judging.wide != program_.wide) {
            throw std::invalid_argument("what judges has to give one number, of the same type");
        }
    }
}

Outcome Machine::run(const Call& call, const Means& means) {
    check(call);
    std::lock_guard<std::mutex> lock(busy_);
    settle(means);
    forget_plans();
    return program_.wide ? run_typed(wide_run_, call) : run_typed(narrow_run_, call);
}

// The plans of a call's steps: of whole batches, and of the one that ends an epoch.
Machine::PlansOfCall Machine::plans_of(const Batches& batches) {
    const Count per_epoch = batches.steps_per_epoch();
    const StepPlan& whole = plan_for(std::min(batches.size, batches.rows));
    const Count left = batches.rows - (per_epoch - 1) * batches.size;
    const StepPlan& last = per_epoch > 1 || left > 0 ? plan_for(left) : whole;
    return {whole, last, std::max({whole.workers, whole.shares, last.workers, last.shares})};
}

template <class T>
Outcome Machine::run_typed(std::unique_ptr<StepRun<T>>& kept, const Call& call) {
    const PlansOfCall plans = plans_of(call.batches);
    // What a step that failed leaves behind is not gone on with.
    std::unique_ptr<StepRun<T>> run = std::move(kept);
    if (!run) {
        run = std::make_unique<StepRun<T>>(program_, set_);
    }
    run->begin(call, library_);
    Outcome outcome;
    run->start_records(outcome.records);
    const Crew::Lent own_crew = call.lent == nullptr ? Crew::lend(plans.threads) : nullptr;
    Crew* const crew = call.lent == nullptr ? own_crew.get() : call.lent;
    take_steps(*run, call, plans, crew, outcome);
    run->store_carried(outcome);
    if (run->bytes_kept() <= most_bytes_kept) {
        kept = std::move(run);
    }
    return outcome;
}

template <class T>
void Machine::take_steps(StepRun<T>& run, const Call& call, const PlansOfCall& plans, Crew* crew,
                         Outcome& outcome) const {
    const Batches& batches = call.batches;
    const Count per_epoch = batches.steps_per_epoch();
    TimeLimit limit(call.seconds, plans.whole.nanoseconds);
    std::unique_ptr<Watcher<T>> watcher;
    if (call.watch != nullptr) {
        watcher = std::make_unique<Watcher<T>>(*call.watch, outcome.epochs, kernels_of<T>(set_),
                                               Means{threads_, library_}, plans.threads, crew);
    }
    RowOrder order;
    const std::int64_t* chosen = nullptr;
    for (Count step = call.first; step < call.last; ++step) {
        const Count epoch = step / per_epoch;
        const Count place = step % per_epoch;
        if (watcher && place == 0 && watcher->looks_before(epoch)) {
            watcher->look(epoch, run.inputs_now(), call.rows);
        }
        if (batches.shuffled && (place == 0 || step == call.first)) {
            // A call that ends within an epoch, as a look does, needs no more of its order.
            const Count steps_left = call.last - epoch * per_epoch;
            const Count needed = steps_left < per_epoch ? steps_left * batches.size : batches.rows;
            chosen = order.draw(set_, batches.seed, batches.purpose,
                                static_cast<std::uint32_t>(epoch), batches.rows, needed);
        }
        const Count from = place * batches.size;
        const StepPlan& plan = place == per_epoch - 1 ? plans.last : plans.whole;
        run.step(plan, batches.shuffled ? 0 : from, chosen == nullptr ? nullptr : chosen + from,
                 crew);
        run.add_records(plan, outcome.records);
        const double number = run.first_record(plan);
        run.carry_over(plan);
        ++outcome.steps_done;
        if (watcher) {
            watcher->saw(number, plan.rows);
            if (place == per_epoch - 1 &&
                watcher->close(run.first_carried(), run.first_carried_size(),
                               run.first_carried_number())) {
                return;
            }
        }
        if (limit.reached()) {
            return;
        }
    }
}

}  // namespace chainrule
