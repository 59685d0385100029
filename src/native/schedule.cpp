#include "schedule.hpp"

#include <algorithm>
#include <set>

namespace chainrule {

namespace {

std::vector<std::vector<int>> readers_of(const Program& program) {
    std::vector<std::vector<int>> readers(program.values.size());
    for (std::size_t place = 0; place < program.equations.size(); ++place) {
        std::vector<int> inputs = program.equations[place].inputs;
        std::sort(inputs.begin(), inputs.end());
        inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
        for (int value : inputs) {
            readers[value].push_back(static_cast<int>(place));
        }
    }
    return readers;
}

// Stage 0: fixed values that rows need; 1: rows and sums over them; 2: what is left. A program
// that feeds sums back to rows has no tiles, so all of it is one stage.
std::vector<int> stages_of(const Program& program, const std::vector<std::vector<int>>& readers) {
    const int count = static_cast<int>(program.equations.size());
    std::vector<int> stages(count, 1);
    if (program.coupled()) {
        return stages;
    }
    for (int place = count - 1; place >= 0; --place) {
        const int output = program.equations[place].output;
        const Mark mark = program.values[output].mark;
        if (mark == Mark::row || mark == Mark::sum) {
            continue;
        }
        bool early = false;
        if (mark == Mark::fixed) {
            for (int reader : readers[output]) {
                early = early || stages[reader] < 2;
            }
        }
        stages[place] = early ? 0 : 2;
    }
    return stages;
}

// Goes from the last equation to the first. An equation can be placed when all that read it are,
// and a chain takes in all such equations of its shape: so each elementwise word runs as late as
// it may, beside the one that needs it, and what only serves there is never written to memory.
class Scheduler {
public:
    explicit Scheduler(const Program& program)
        : program_(program), readers_(readers_of(program)), stages_(stages_of(program, readers_)) {
        makers_.assign(program.values.size(), -1);
        waiting_.assign(program.equations.size(), 0);
        for (std::size_t place = 0; place < program.equations.size(); ++place) {
            makers_[program.equations[place].output] = static_cast<int>(place);
            waiting_[place] = static_cast<int>(readers_[program.equations[place].output].size());
        }
        placed_.assign(program.equations.size(), false);
    }

    Schedule run() {
        Schedule schedule;
        schedule.stage_of = stages_;
        for (int stage = 2; stage >= 0; --stage) {
            std::vector<Group>& groups = schedule.stages[stage];
            for (int place = last_ready(stage); place >= 0; place = last_ready(stage)) {
                groups.push_back(group_from(place));
            }
            std::reverse(groups.begin(), groups.end());
        }
        return schedule;
    }

private:
    bool ready(int place, int stage) const {
        return !placed_[place] && stages_[place] == stage && waiting_[place] == 0;
    }

    int last_ready(int stage) const {
        for (int place = static_cast<int>(placed_.size()) - 1; place >= 0; --place) {
            if (ready(place, stage)) {
                return place;
            }
        }
        return -1;
    }

    void put(int place) {
        placed_[place] = true;
        std::vector<int> inputs = program_.equations[place].inputs;
        std::sort(inputs.begin(), inputs.end());
        inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
        for (int value : inputs) {
            if (makers_[value] >= 0) {
                --waiting_[makers_[value]];
            }
        }
    }

    Group group_from(int place) {
        Group group;
        group.equations.push_back(place);
        put(place);
        if (!is_chained(program_, program_.equations[place])) {
            return group;
        }
        group.chain = true;
        const Shape& shape = program_.values[program_.equations[place].output].shape;
        const int stage = stages_[place];
        std::set<int> read(program_.equations[place].inputs.begin(),
                           program_.equations[place].inputs.end());
        for (int other = place - 1; other >= 0; --other) {
            const Equation& equation = program_.equations[other];
            if (!ready(other, stage) || !is_chained(program_, equation) ||
                program_.values[equation.output].shape != shape) {
                continue;
            }
            std::set<int> wider = read;
            wider.insert(equation.inputs.begin(), equation.inputs.end());
            if (wider.size() + 1 > most_operands || group.equations.size() == most_operands) {
                break;
            }
            read.swap(wider);
            group.equations.push_back(other);
            put(other);
        }
        std::reverse(group.equations.begin(), group.equations.end());
        return group;
    }

    const Program& program_;
    std::vector<std::vector<int>> readers_;
    std::vector<int> stages_;
    std::vector<int> makers_;
    std::vector<int> waiting_;
    std::vector<bool> placed_;
};

}  // namespace

bool is_chained(const Program& program, const Equation& equation) {
    const Value& output = program.values[equation.output];
    if (!is_elementwise(equation.word) || output.single() || output.kind == Kind::integer) {
        return false;
    }
    if (equation.word < Word::less || equation.word > Word::equal) {
        return true;
    }
    // Integers are compared as integers: as floats, large ones would seem equal.
    return program.values[equation.inputs[0]].kind != Kind::integer ||
           program.values[equation.inputs[1]].kind != Kind::integer;
}

Schedule make_schedule(const Program& program) {
    return Scheduler(program).run();
}

}  // namespace chainrule
