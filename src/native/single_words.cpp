// Words on single numbers: float64, or integers of 64 bits.

#include "single_words.hpp"

#include <cmath>

namespace chainrule {

namespace {

double larger(double a, double b) {
    return a != a ? a : b != b || b > a ? b : a;
}
double smaller(double a, double b) {
    return a != a ? a : b != b || b < a ? b : a;
}

double sigmoid_of(double x) {
    const double decay = std::exp(-std::fabs(x));
    return x >= 0.0 ? 1.0 / (1.0 + decay) : x < 0.0 ? decay / (1.0 + decay) : x;
}

std::int64_t on_integers(Word word, std::int64_t a, std::int64_t b, std::int64_t c) {
    switch (word) {
        case Word::negative:
            return -a;
        case Word::absolute:
            return a < 0 ? -a : a;
        case Word::sign:
            return a > 0 ? 1 : a < 0 ? -1 : 0;
        case Word::floor:
        case Word::identity:
            return a;
        case Word::add:
            return a + b;
        case Word::subtract:
            return a - b;
        case Word::multiply:
            return a * b;
        case Word::maximum:
            return a > b ? a : b;
        case Word::minimum:
            return a < b ? a : b;
        case Word::where:
            return a != 0 ? b : c;
        case Word::less:
            return a < b;
        case Word::less_equal:
            return a <= b;
        case Word::equal:
            return a == b;
        case Word::logical_not:
            return a == 0;
        case Word::logical_and:
            return a != 0 && b != 0;
        case Word::logical_or:
            return a != 0 || b != 0;
        case Word::is_finite:
            return 1;
        default:
            throw std::invalid_argument("no word on integers");
    }
}

double on_reals(Word word, double a, double b, double c) {
    switch (word) {
        case Word::negative:
            return -a;
        case Word::absolute:
            return std::fabs(a);
        case Word::sign:
            return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a;
        case Word::floor:
            return std::floor(a);
        case Word::exp:
            return std::exp(a);
        case Word::expm1:
            return std::expm1(a);
        case Word::log:
            return std::log(a);
        case Word::log1p:
            return std::log1p(a);
        case Word::sqrt:
            return std::sqrt(a);
        case Word::sin:
            return std::sin(a);
        case Word::cos:
            return std::cos(a);
        case Word::tanh:
            return std::tanh(a);
        case Word::sigmoid:
            return sigmoid_of(a);
        case Word::erf:
            return std::erf(a);
        case Word::identity:
            return a;
        case Word::add:
            return a + b;
        case Word::subtract:
            return a - b;
        case Word::multiply:
            return a * b;
        case Word::divide:
            return a / b;
        case Word::power:
            return std::pow(a, b);
        case Word::maximum:
            return larger(a, b);
        case Word::minimum:
            return smaller(a, b);
        case Word::where:
            return a != 0.0 ? b : c;
        case Word::less:
            return a < b;
        case Word::less_equal:
            return a <= b;
        case Word::equal:
            return a == b;
        case Word::logical_not:
            return a == 0.0;
        case Word::logical_and:
            return a != 0.0 && b != 0.0;
        case Word::logical_or:
            return a != 0.0 || b != 0.0;
        case Word::is_finite:
            return a - a == 0.0;
        default:
            throw std::invalid_argument("no word on numbers");
    }
}

}  // namespace

std::int64_t integer_word(Word word, std::int64_t a, std::int64_t b, std::int64_t c) {
    return on_integers(word, a, b, c);
}

void run_single(const SingleWord& single, Memory& memory) {
    if (single.on_integers) {
        std::int64_t given[3] = {};
        for (int operand = 0; operand < single.operands; ++operand) {
            given[operand] = slot_integer(memory, single.inputs[operand]);
        }
        std::int64_t made = on_integers(single.word, given[0], given[1], given[2]);
        made = single.output.kind == Kind::truth ? made != 0 : made;
        set_slot(memory, single.output, made);
        return;
    }
    double given[3] = {};
    for (int operand = 0; operand < single.operands; ++operand) {
        given[operand] = slot_number(memory, single.inputs[operand]);
    }
    const double made = on_reals(single.word, given[0], given[1], given[2]);
    if (single.output.kind == Kind::integer) {
        set_slot(memory, single.output, whole_number_of(made));
    } else {
        set_slot(memory, single.output, made);
    }
}

}  // namespace chainrule
