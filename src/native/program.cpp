#include "program.hpp"

namespace chainrule {

Word word_named(const std::string& name) {
    for (int place = 0; place < word_count; ++place) {
        if (name == word_names[place]) {
            return static_cast<Word>(place);
        }
    }
    throw std::invalid_argument("no word '" + name + "'");
}

Kind kind_named(const std::string& name) {
    if (name == "float") {
        return Kind::real;
    }
    if (name == "integer") {
        return Kind::integer;
    }
    if (name == "boolean") {
        return Kind::truth;
    }
    throw std::invalid_argument("no kind '" + name + "'");
}

Mark mark_named(const std::string& name) {
    static const char* const names[] = {"fixed", "row", "sum", "after", "coupled"};
    for (int place = 0; place < 5; ++place) {
        if (name == names[place]) {
            return static_cast<Mark>(place);
        }
    }
    throw std::invalid_argument("no row mark '" + name + "'");
}

namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        throw std::invalid_argument(std::string("a program is not well formed: ") + what);
    }
}

// How many inputs a word reads; 0 where any number will do.
std::size_t inputs_of(Word word) {
    if (is_elementwise(word)) {
        return static_cast<std::size_t>(arity(word));
    }
    if (word == Word::concatenate || word == Word::scan) {
        return 0;
    }
    const bool two = word == Word::matmul || word == Word::take || word == Word::add_at ||
                     word == Word::contract || word == Word::random || is_convolving(word);
    return two ? 2 : 1;
}

// The first `lists` settings of a window: whole numbers from 1, one for each axis.
void check_slide(const std::vector<Count>& numbers, std::size_t axes, std::size_t lists) {
    require(axes > 0, "a window");
    for (std::size_t place = 0; place < lists * axes; ++place) {
        require(numbers[place] >= 1, "a window");
    }
}

void check_numbers(const Equation& equation, std::size_t rank) {
    const std::vector<Count>& numbers = equation.numbers;
    const auto is_axis = [rank](Count axis) {
        return axis >= 0 && axis < static_cast<Count>(rank);
    };
    switch (equation.word) {
        case Word::sum_over:
        case Word::max_over:
        case Word::transpose:
            require(equation.word != Word::transpose || numbers.size() == rank, "an order of axes");
            for (Count axis : numbers) {
                require(is_axis(axis), "an axis");
            }
            return;
        case Word::slice:
        case Word::pad:
            require(numbers.size() == 2 && is_axis(numbers[0]) && numbers[1] >= 0, "a part");
            return;
        case Word::concatenate:
            require(numbers.size() == 1 && is_axis(numbers[0]), "an axis");
            return;
        case Word::random:
            require(numbers.size() == 1, "a purpose");
            return;
        case Word::scan:
            require(numbers.size() == 2, "a scan");
            return;
        case Word::windows:
        case Word::overlap_add:
            require(numbers.size() % 3 == 0 && numbers.size() / 3 <= rank, "a window");
            check_slide(numbers, numbers.size() / 3, 3);
            return;
        case Word::convolve:
        case Word::convolve_transposed:
        case Word::convolve_weights:
            require(rank >= 3 && numbers.size() == 4 * (rank - 2) + 1, "a window");
            check_slide(numbers, rank - 2, 2);
            require(numbers.back() >= 1, "groups");
            return;
        default:
            return;
    }
}

// The shape of a sequence's entries: without its second axis, the time.
Shape entry_of(const Shape& sequence) {
    require(sequence.size() >= 2, "a sequence");
    Shape entry = sequence;
    entry.erase(entry.begin() + 1);
    return entry;
}

void check_scan(const Program& program, const Equation& equation) {
    const auto shape_of = [&program](int value) -> const Shape& {
        return program.values[static_cast<std::size_t>(value)].shape;
    };
    require(equation.body != nullptr && equation.body->outputs.size() == 1, "a step");
    const Program& body = *equation.body;
    check(body);
    const Count sequences = equation.numbers[0];
    require(body.roles.size() == equation.inputs.size() && sequences >= 1 &&
                sequences < static_cast<Count>(equation.inputs.size()) && body.wide == program.wide,
            "a step");
    const Shape& made = shape_of(equation.output);
    require(!shape_of(equation.inputs[0]).empty() &&
                shape_of(equation.inputs[0]) == entry_of(made) &&
                body.values[static_cast<std::size_t>(body.outputs[0])].shape == entry_of(made),
            "a state");
    for (std::size_t place = 0; place < equation.inputs.size(); ++place) {
        const Shape& given = shape_of(equation.inputs[place]);
        const bool moves = place > 0 && static_cast<Count>(place) <= sequences;
        require(!moves || (given.size() >= 2 && given[1] == made[1]), "a sequence");
        require(body.values[place].shape == (moves ? entry_of(given) : given), "what a step reads");
    }
}

}  // namespace

void check(const Program& program) {
    const int count = static_cast<int>(program.values.size());
    const auto is_value = [count](int number) { return number >= 0 && number < count; };
    require(program.input_count() <= count, "inputs that are no values");
    for (const Equation& equation : program.equations) {
        require(is_value(equation.output), "an output");
        if (equation.word == Word::count) {
            continue;  // which reads nothing: there is one number of rows
        }
        require(!equation.inputs.empty(), "no inputs");
        for (int input : equation.inputs) {
            require(is_value(input), "an input");
        }
        const std::size_t due = inputs_of(equation.word);
        require(due == 0 || equation.inputs.size() == due, "how many inputs a word has");
        check_numbers(equation,
                      program.values[static_cast<std::size_t>(equation.inputs[0])].shape.size());
        if (equation.word == Word::scan) {
            check_scan(program, equation);
        }
    }
    std::size_t carried = 0;
    for (Role role : program.roles) {
        carried += role == Role::carried ? 1 : 0;
    }
    require(program.outputs.size() >= carried, "a carried value without a successor");
    for (int output : program.outputs) {
        require(is_value(output), "an output");
    }
}

Role role_named(const std::string& name) {
    static const char* const names[] = {"carried", "fixed", "rows"};
    for (int place = 0; place < 3; ++place) {
        if (name == names[place]) {
            return static_cast<Role>(place);
        }
    }
    throw std::invalid_argument("no role '" + name + "'");
}

Count numbers_in_a_row(const Program& program) {
    Count total = 0;
    for (const Value& value : program.values) {
        if (value.has_rows()) {
            Count size = 1;
            for (Count one : value.shape) {
                size *= one == rows_size ? 1 : one;
            }
            total += size;
        }
    }
    return total;
}

}  // namespace chainrule
