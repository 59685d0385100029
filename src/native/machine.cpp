#include "machine.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "memory.hpp"
#include "step_run.hpp"
#include "walking.hpp"
#include "watcher.hpp"

namespace chainrule {

namespace {

constexpr Count tile_bytes = 320 * 1024;        // of all values of a tile: they stay in the cache
constexpr Count light_sums_bytes = 512 * 1024;  // of the sums that each thread has of its own
constexpr double worth_threads = 100e3;         // nanoseconds of a step
constexpr double between_looks_at_the_clock = 20e3;  // nanoseconds
constexpr Count least_rows_fast = 8;                 // rows, for them to be the fastest axis
constexpr Count most_bytes_kept = Count(64) << 20;   // from one call to the next
// Multiplications of a product that is left to a BLAS. Below, own kernels are as fast, and nothing
// has to be loaded and held to one thread.
constexpr Count library_from = 100 * 1000 * 1000;

Count rounded_up(Count count, Count grain) {
    return (count + grain - 1) / grain * grain;
}

// The multiplications of a program's largest product, rows rounded up as in a tile.
Count most_multiplications(const Program& program, Count rows) {
    const Count padded = whole_lines(rows, program.item());
    const auto numbers_of = [padded](const Shape& shape) {
        Count numbers = 1;
        for (Count size : shape) {
            numbers *= size == rows_size ? padded : size;
        }
        return numbers;
    };
    Count most = 0;
    for (const Equation& equation : program.equations) {
        if (equation.word == Word::matmul) {
            const Count depth =
                program.values[static_cast<std::size_t>(equation.inputs[0])].shape.back();
            const Shape& shape = program.values[static_cast<std::size_t>(equation.output)].shape;
            most = std::max(most, numbers_of(shape) * (depth == rows_size ? padded : depth));
        }
    }
    return most;
}

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

}  // namespace

Machine::Machine(Program program, int set) : program_(std::move(program)), set_(set) {
    chainrule::check(program_);
    rows_lead_ = true;
    for (std::size_t value = 0; value < program_.roles.size(); ++value) {
        if (program_.roles[value] == Role::rows) {
            const Shape& shape = program_.values[value].shape;
            const bool leads = !shape.empty() && shape[0] == rows_size &&
                               std::count(shape.begin(), shape.end(), rows_size) == 1;
            rows_lead_ = rows_lead_ && leads;
        }
    }
    for (int output : program_.outputs) {
        const Value& value = program_.values[static_cast<std::size_t>(output)];
        rows_lead_ = rows_lead_ && (!value.has_rows() || value.shape[0] == rows_size);
    }
    row_batches_ = false;
    for (const Equation& equation : program_.equations) {
        const Shape& shape = program_.values[static_cast<std::size_t>(equation.output)].shape;
        if (equation.word == Word::matmul && shape.size() > 2) {
            row_batches_ = row_batches_ || std::count(shape.begin(), shape.end() - 2, rows_size);
        }
    }
    for (const Value& value : program_.values) {
        if (value.shape.size() > most_axes) {
            throw std::invalid_argument("a value of too many axes");
        }
    }
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

Choices Machine::choices_for(Count rows) const {
    Choices choices;
    choices.rows = rows;
    choices.rows_fast = rows >= least_rows_fast && rows_lead_ && !row_batches_;
    choices.library = false;
    choices.library_from = library_from;
    return choices;
}

std::unique_ptr<StepPlan> Machine::make_step_plan(Count rows, int threads, bool library) const {
    auto made = std::make_unique<StepPlan>();
    made->rows = rows;
    Choices choices = choices_for(rows);
    choices.library = library;
    made->main = make_plan(program_, choices);
    const Plan& whole = made->main;
    made->nanoseconds = whole.tile_work + whole.other_work;
    const bool threadspay = threads > 1 && made->nanoseconds > worth_threads;
    if (!program_.coupled() && rows_lead_ && rows > 1) {
        const Count bytes = numbers_in_a_row(program_) * static_cast<Count>(program_.item());
        Count tile_rows = std::max<Count>(64, tile_bytes / std::max<Count>(bytes, 1));
        const Count sums_bytes = whole.arena_bytes[sums];
        // Each tile adds to all sums, which has to be little beside the rest of its work.
        if (sums_bytes > light_sums_bytes) {
            tile_rows = std::max<Count>(tile_rows, 512);
        }
        Count tiles = (rows + tile_rows - 1) / tile_rows;
        if (threadspay && sums_bytes <= light_sums_bytes && rows >= 32 * threads) {
            tiles = rounded_up(std::max<Count>(tiles, threads), threads);
        }
        if (tiles > 1) {
            choices.rows = rounded_up((rows + tiles - 1) / tiles, 16);
            choices.rows_fast = choices.rows_fast && choices.rows >= least_rows_fast;
            made->tiles = (rows + choices.rows - 1) / choices.rows;
        }
        if (made->tiles > 1) {
            made->main = make_plan(program_, choices);
            const Count left = rows - (made->tiles - 1) * choices.rows;
            if (left != choices.rows) {
                choices.rows = left;
                made->rest = std::make_unique<Plan>(make_plan(program_, choices));
            }
        }
    }
    if (threadspay) {
        if (made->tiles >= threads) {
            made->workers = threads;
        } else {
            made->shares = threads;
        }
    }
    return made;
}

const StepPlan& Machine::plan_for(Count rows) {
    auto found = plans_.find(rows);
    if (found == plans_.end()) {
        found = plans_.emplace(rows, make_step_plan(rows, threads_, library_allowed_)).first;
    }
    return *found->second;
}

bool Machine::wants_library(Count rows, int threads) {
    if (most_multiplications(program_, rows) < library_from) {
        return false;  // which saves making a plan only to see it
    }
    std::lock_guard<std::mutex> lock(busy_);
    const std::pair<Count, int> key{rows, threads};
    auto found = wants_.find(key);
    if (found == wants_.end()) {
        found = wants_.emplace(key, make_step_plan(rows, threads, true)->main.library).first;
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
    for (const Chain& chain : plan_for(rows).main.chains) {
        found.emplace_back(chain.signature, chain.fused >= 0);
    }
    return found;
}

std::string Machine::describe(Count rows) {
    std::lock_guard<std::mutex> lock(busy_);
    const StepPlan& plan = plan_for(rows);
    std::ostringstream text;
    text << "rows " << rows << ", tiles " << plan.tiles << " of " << plan.main.rows << ", workers "
         << plan.workers << ", shares " << plan.shares << ", "
         << (plan.main.rows_fast ? "rows fast" : "features fast") << ", about "
         << static_cast<long>(plan.nanoseconds) << " ns\n";
    static const char* const actions[] = {
        "single", "chain",  "integers",  "product",     "reduce",  "copy",      "clear",
        "take",   "add_at", "to_single", "from_single", "to_real", "to_integer"};
    static const char* const ways[] = {"direct", "packed", "dots", "blocked", "library"};
    for (int stage = 0; stage < 3; ++stage) {
        for (const Instruction& one : plan.main.stages[stage]) {
            text << "  " << stage << " " << actions[static_cast<int>(one.action)];
            const std::size_t index = static_cast<std::size_t>(one.index);
            if (one.action == Action::chain) {
                const Chain& chain = plan.main.chains[index];
                text << (chain.fused >= 0 ? " fused [" : " [");
                for (Count size : chain.sizes) {
                    text << size << " ";
                }
                text << "] " << chain.signature;
            } else if (one.action == Action::product) {
                const Product& product = plan.main.products[index];
                text << " " << ways[static_cast<int>(product.way)] << " " << product.rows << " x "
                     << product.depth << " x " << product.columns;
            } else if (one.action == Action::single) {
                text << " " << word_names[static_cast<int>(plan.main.singles[index].word)];
            }
            text << "\n";
        }
    }
    return text.str();
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
        const Count item = value.kind == Kind::integer ? 8 : static_cast<Count>(program_.item());
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

template <class T>
Outcome Machine::run_typed(std::unique_ptr<StepRun<T>>& kept, const Call& call) {
    const Batches& batches = call.batches;
    const Count per_epoch = batches.steps_per_epoch();
    const StepPlan& full = plan_for(std::min(batches.size, batches.rows));
    const Count short_rows = batches.rows - (per_epoch - 1) * batches.size;
    const StepPlan& last_one = per_epoch > 1 || short_rows > 0 ? plan_for(short_rows) : full;
    TimeLimit limit(call.seconds, full.nanoseconds);
    // What a step that failed leaves behind is not gone on with.
    std::unique_ptr<StepRun<T>> held = std::move(kept);
    if (!held) {
        held = std::make_unique<StepRun<T>>(*this);
    }
    StepRun<T>& run = *held;
    run.begin(call);
    Outcome outcome;
    run.start_records(outcome.records);
    const int threads = std::max({full.workers, full.shares, last_one.workers, last_one.shares});
    const Crew::Lent own_crew = call.lent == nullptr ? Crew::lend(threads) : nullptr;
    Crew* const crew = call.lent == nullptr ? own_crew.get() : call.lent;
    std::unique_ptr<Watcher<T>> watcher;
    if (call.watch != nullptr) {
        watcher = std::make_unique<Watcher<T>>(*call.watch, outcome.epochs, kernels_of<T>(set_),
                                               Means{threads_, library_}, crew);
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
            chosen = order.draw(set_, batches.seed, batches.purpose,
                                static_cast<std::uint32_t>(epoch), batches.rows);
        }
        const Count from = place * batches.size;
        const StepPlan& plan = place == per_epoch - 1 ? last_one : full;
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
                break;
            }
        }
        if (limit.reached()) {
            break;
        }
    }
    run.store_carried(outcome);
    if (run.bytes_kept() <= most_bytes_kept) {
        kept = std::move(held);
    }
    return outcome;
}

}  // namespace chainrule
