// Memory that is kept from step to step.

#pragma once

#include <cstdlib>
#include <memory>

#include "program.hpp"

namespace chainrule {

// Bytes that start at a line of the cache, and go on for one behind the end: the rows of a tile are
// walked in whole vectors. They are zeros at first; growing forgets what was there.
class Bytes {
public:
    Count size() const { return size_; }
    char* at_least(Count count);

private:
    struct Free {
        void operator()(char* held) const { std::free(held); }
    };
    std::unique_ptr<char, Free> held_;
    char* start_ = nullptr;
    Count size_ = 0;
};

}  // namespace chainrule
