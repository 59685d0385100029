// Programs as Python hands them over: plain lists, numbers and arrays.

#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "program.hpp"

namespace chainrule {

namespace nb = nanobind;

using Anything = nb::ndarray<nb::c_contig, nb::device::cpu, nb::ro>;

// (shape, kind, mark, content or None), where a content is an array of float64 or int64.
inline Value value_from(nb::tuple given) {
    Value value;
    value.shape = nb::cast<Shape>(given[0]);
    value.kind = kind_named(nb::cast<std::string>(given[1]));
    value.mark = mark_named(nb::cast<std::string>(given[2]));
    if (!given[3].is_none()) {
        value.constant = true;
        const Anything content = nb::cast<Anything>(given[3]);
        if (value.kind == Kind::real) {
            const auto* numbers = static_cast<const double*>(content.data());
            value.reals.assign(numbers, numbers + content.size());
        } else {
            const auto* numbers = static_cast<const std::int64_t*>(content.data());
            value.integers.assign(numbers, numbers + content.size());
        }
    }
    return value;
}

inline Program program_from(bool wide, nb::list values, nb::list roles, nb::list equations,
                            std::vector<int> outputs);

// (word, inputs, output, numbers, step), where the step of a scan is (values, roles, equations,
// outputs), else None.
inline Equation equation_from(nb::tuple given, bool wide) {
    Equation equation{word_named(nb::cast<std::string>(given[0])),
                      nb::cast<std::vector<int>>(given[1]), nb::cast<int>(given[2]),
                      nb::cast<std::vector<Count>>(given[3])};
    if (!given[4].is_none()) {
        const nb::tuple step = nb::cast<nb::tuple>(given[4]);
        equation.body = std::make_shared<const Program>(
            program_from(wide, nb::cast<nb::list>(step[0]), nb::cast<nb::list>(step[1]),
                         nb::cast<nb::list>(step[2]), nb::cast<std::vector<int>>(step[3])));
    }
    return equation;
}

inline Program program_from(bool wide, nb::list values, nb::list roles, nb::list equations,
                            std::vector<int> outputs) {
    Program program;
    program.wide = wide;
    for (nb::handle value : values) {
        program.values.push_back(value_from(nb::cast<nb::tuple>(value)));
    }
    for (nb::handle role : roles) {
        program.roles.push_back(role_named(nb::cast<std::string>(role)));
    }
    for (nb::handle equation : equations) {
        program.equations.push_back(equation_from(nb::cast<nb::tuple>(equation), wide));
    }
    program.outputs = std::move(outputs);
    return program;
}

}  // namespace chainrule
