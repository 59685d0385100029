// What happens between the epochs of a call: looks before them, judging after them.

#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>

#include "kernels.hpp"
#include "machine.hpp"

namespace chainrule {

// Adds what was recorded to what was recorded before.
inline void join(std::vector<Record>& kept, std::vector<Record>::iterator from,
                 std::vector<Record>::iterator to) {
    if (kept.empty()) {
        kept.assign(std::make_move_iterator(from), std::make_move_iterator(to));
        return;
    }
    for (Record& record : kept) {
        record.bytes.insert(record.bytes.end(), from->bytes.begin(), from->bytes.end());
        ++from;
    }
}

// Looks before epochs, judges them and keeps the best, as chainrule.engines.work.Watch says.
template <class T>
class Watcher {
public:
    // `step_threads`: those of the steps. A look has no more, for it is short, and not worth waking
    // up threads that the steps have no use for.
    Watcher(const Watch& watch, Epochs& epochs, const Kernels<T>& kernels, const Means& means,
            int step_threads, Crew* crew)
        : watch_(watch),
          epochs_(epochs),
          kernels_(kernels),
          means_(means),
          step_threads_(step_threads),
          crew_(crew) {
        epochs_.best = watch.best;
        epochs_.waited = watch.waited;
    }

    bool looks_before(Count epoch) const {
        return std::binary_search(watch_.look_epochs.begin(), watch_.look_epochs.end(), epoch);
    }

    // `inputs` and `rows` are those of the epoch's first step.
    void look(Count epoch, const std::vector<Given>& inputs, const std::vector<Given>& rows) {
        Call call;
        call.fixed = inputs;
        call.rows = rows;
        call.batches = watch_.look_batches;
        call.first = epoch * watch_.look_batches.steps_per_epoch();
        call.last = call.first + 1;
        call.lent = crew_;
        Outcome outcome = watch_.look->run(call, {step_threads_, means_.library});
        join(epochs_.looks, outcome.records.begin(), outcome.records.end());
        epochs_.looked.push_back(epoch);
    }

    // After a step: its first record, over so many rows.
    void saw(double number, Count rows) {
        own_ += number * static_cast<double>(rows);
        own_rows_ += rows;
        finite_ = finite_ && std::isfinite(number);
    }

    // After an epoch, whether the call is to end: `value` and `size` are the first carried value,
    // or `number` where that is a single one.
    bool close(const char* value, Count size, double number) {
        const T* numbers = reinterpret_cast<const T*>(value);
        const double judged = watch_.judge == nullptr ? own_ / static_cast<double>(own_rows_)
                                                      : evaluated(value, number);
        const bool sound = finite_ && kernels_.all_finite(numbers, size) && std::isfinite(number);
        const bool better = sound && judged < epochs_.best;
        const Count epoch = static_cast<Count>(epochs_.judged.size());
        epochs_.judged.push_back(judged);
        epochs_.sound.push_back(sound ? 1 : 0);
        epochs_.waited = better ? 0 : epochs_.waited + 1;
        if (better) {
            epochs_.best = judged;
            epochs_.best_epoch = epoch;
        }
        if (watch_.keep_best ? better : sound) {
            epochs_.kept_epoch = epoch;
            epochs_.kept_number = number;
            epochs_.kept.assign(value, value + size * static_cast<Count>(sizeof(T)));
        }
        own_ = 0.0;
        own_rows_ = 0;
        finite_ = true;
        const bool patient = watch_.patience < 0 || epochs_.waited < watch_.patience;
        return !sound || !patient;
    }

private:
    double evaluated(const char* value, double number) {
        Call call;
        call.fixed.resize(1);
        call.fixed[0].data = value;
        call.fixed[0].bytes =
            static_cast<Count>(elements_of(watch_.judge->program().values[0].shape) * sizeof(T));
        call.fixed[0].number = number;
        call.fixed.insert(call.fixed.end(), watch_.fixed.begin(), watch_.fixed.end());
        call.rows = watch_.rows;
        call.batches = watch_.batches;
        call.last = watch_.batches.steps_per_epoch();
        call.lent = crew_;
        Outcome outcome = watch_.judge->run(call, means_);
        double total = 0.0;
        Count row = 0;
        const double* numbers = reinterpret_cast<const double*>(outcome.records[0].bytes.data());
        for (Count step = 0; step < outcome.steps_done; ++step) {
            const Count size = std::min(watch_.batches.size, watch_.batches.rows - row);
            total += numbers[step] * static_cast<double>(size);
            row += size;
        }
        join(epochs_.outputs, outcome.records.begin() + 1, outcome.records.end());
        return total / static_cast<double>(watch_.batches.rows);
    }

    const Watch& watch_;
    Epochs& epochs_;
    const Kernels<T>& kernels_;
    Means means_;
    int step_threads_;
    Crew* crew_;
    // Of the steps of the epoch under way: the sum of what they saw, each row counted once.
    double own_ = 0.0;
    Count own_rows_ = 0;
    bool finite_ = true;
};

}  // namespace chainrule
