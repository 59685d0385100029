#include "rewriting.hpp"

#include <algorithm>

namespace chainrule {

namespace {

constexpr Count most_together = 4096;

class Rewriter {
public:
    explicit Rewriter(Program& program)
        : program_(program),
          readers_(program.values.size(), 0),
          maker_(program.values.size(), -1),
          gone_(program.equations.size(), false) {
        for (std::size_t place = 0; place < program.equations.size(); ++place) {
            const Equation& equation = program.equations[place];
            maker_[at(equation.output)] = static_cast<int>(place);
            for (int value : equation.inputs) {
                ++readers_[at(value)];
            }
        }
        for (int value : program.outputs) {
            readers_[at(value)] += 2;  // what is asked for has to be made
        }
    }

    void run() {
        for (std::size_t place = 0; place < program_.equations.size(); ++place) {
            Equation& equation = program_.equations[place];
            rewrite(equation);
            if (equation.body) {
                equation.body = std::make_shared<const Program>(rewritten(*equation.body));
            }
        }
        std::vector<Equation> kept;
        for (std::size_t place = 0; place < program_.equations.size(); ++place) {
            if (!gone_[place]) {
                kept.push_back(std::move(program_.equations[place]));
            }
        }
        program_.equations = std::move(kept);
    }

private:
    static std::size_t at(int number) { return static_cast<std::size_t>(number); }

    // The equation of a word that makes a value, if it is read so often; else null.
    const Equation* made_by(int value, Word word, int readers) const {
        const int maker = maker_[at(value)];
        if (maker < 0 || readers_[at(value)] != readers ||
            program_.equations[at(maker)].word != word) {
            return nullptr;
        }
        return &program_.equations[at(maker)];
    }

    bool is_number(int value, double number) const {
        const Value& one = program_.values[at(value)];
        return one.constant && one.single() && one.kind == Kind::real && one.reals[0] == number;
    }

    // Whether a value has the shape of another, but for size 1 along some axes.
    bool stands_for(int value, const Shape& shape, const std::vector<Count>& axes) const {
        Shape due = shape;
        for (Count axis : axes) {
            due[static_cast<std::size_t>(axis)] = 1;
        }
        const Value& one = program_.values[at(value)];
        return one.shape == due && one.kind == Kind::real;
    }

    // hits / sum(hits) * factor, where hits = where(numbers == largest, 1, 0)
    void rewrite(Equation& product) {
        if (product.word != Word::multiply) {
            return;
        }
        const Equation* share = made_by(product.inputs[0], Word::divide, 1);
        const Equation* hits = share ? made_by(share->inputs[0], Word::where, 2) : nullptr;
        const Equation* sum = share ? made_by(share->inputs[1], Word::sum_over, 1) : nullptr;
        const Equation* same = hits ? made_by(hits->inputs[0], Word::equal, 1) : nullptr;
        if (same == nullptr || sum == nullptr || sum->inputs[0] != share->inputs[0] ||
            !is_number(hits->inputs[1], 1.0) || !is_number(hits->inputs[2], 0.0)) {
            return;
        }
        const Value& whole = program_.values[at(product.output)];
        const bool fits = program_.values[at(same->inputs[0])].shape == whole.shape &&
                          program_.values[at(same->inputs[0])].kind == Kind::real &&
                          stands_for(same->inputs[1], whole.shape, sum->numbers) &&
                          stands_for(product.inputs[1], whole.shape, sum->numbers) &&
                          stands_for(sum->output, whole.shape, sum->numbers);
        Count together = 1;
        for (Count axis : sum->numbers) {
            const Count size = fits ? whole.shape[static_cast<std::size_t>(axis)] : 0;
            together = size == rows_size ? 0 : together * size;
        }
        if (!fits || sum->numbers.empty() || together < 1 || together > most_together) {
            return;
        }
        const Equation made{share_of_largest,
                            {same->inputs[0], same->inputs[1], product.inputs[1]},
                            product.output,
                            sum->numbers};
        for (const Equation* one : {share, hits, sum, same}) {
            gone_[at(maker_[at(one->output)])] = true;
        }
        product = made;
    }

    Program& program_;
    std::vector<int> readers_, maker_;
    std::vector<bool> gone_;
};

}  // namespace

Program rewritten(Program program) {
    Rewriter(program).run();
    return program;
}

}  // namespace chainrule
