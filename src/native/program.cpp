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
