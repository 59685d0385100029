// Words on single numbers.

#pragma once

#include "execution.hpp"

namespace chainrule {

void run_single(const SingleWord& single, Memory& memory);

std::int64_t integer_word(Word word, std::int64_t a, std::int64_t b, std::int64_t c);

}  // namespace chainrule
