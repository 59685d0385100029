// Execution: what each instruction of a plan does to memory.

#pragma once

#include <cmath>

#include "kernels.hpp"
#include "plan.hpp"
#include "share.hpp"

namespace chainrule {

// Products of a BLAS, in Fortran's manner. Both are null where there is none.
struct Library {
    using Narrow = void (*)(const char*, const char*, const int*, const int*, const int*,
                            const float*, const float*, const int*, const float*, const int*,
                            const float*, float*, const int*);
    using Wide = void (*)(const char*, const char*, const int*, const int*, const int*,
                          const double*, const double*, const int*, const double*, const int*,
                          const double*, double*, const int*);
    Narrow narrow = nullptr;
    Wide wide = nullptr;
};

// Memory as one thread sees it: the start of each arena, single numbers, scratch for chains.
struct Memory {
    char* const* arenas = nullptr;
    std::uint64_t* slots = nullptr;
    char* scratch = nullptr;
    Count first_row = 0;  // of the tile under way, among those of the batch

    template <class T>
    T* at(const Place& place) const {
        return reinterpret_cast<T*>(arenas[place.arena] + place.offset);
    }
};

// Runs one instruction. `first` says that the sums over rows begin here, and are not added to.
template <class T>
void execute(const Plan& plan, const Instruction& instruction, const Kernels<T>& kernels,
             const Library& library, Memory& memory, bool first, Share share);

// Copies an array of `item` bytes an element between two arrangements.
void copy_strided(const std::vector<Count>& sizes, const char* from,
                  const std::vector<Count>& from_strides, char* to,
                  const std::vector<Count>& to_strides, std::size_t item);

// The whole number below a number; 0 for one that is none or has no place in 64 bits.
inline std::int64_t whole_number_of(double number) {
    return number >= -0x1p63 && number < 0x1p63 ? static_cast<std::int64_t>(std::floor(number)) : 0;
}

inline double slot_number(const Memory& memory, Slot slot) {
    const std::uint64_t bits = memory.slots[static_cast<std::size_t>(slot.number)];
    if (slot.kind == Kind::real) {
        double number;
        __builtin_memcpy(&number, &bits, sizeof number);
        return number;
    }
    return static_cast<double>(static_cast<std::int64_t>(bits));
}

inline std::int64_t slot_integer(const Memory& memory, Slot slot) {
    if (slot.kind == Kind::real) {
        return whole_number_of(slot_number(memory, slot));
    }
    return static_cast<std::int64_t>(memory.slots[static_cast<std::size_t>(slot.number)]);
}

inline void set_slot(Memory& memory, Slot slot, double number) {
    std::uint64_t bits;
    if (slot.kind == Kind::real) {
        __builtin_memcpy(&bits, &number, sizeof bits);
    } else {
        bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
    }
    memory.slots[static_cast<std::size_t>(slot.number)] = bits;
}

inline void set_slot(Memory& memory, Slot slot, std::int64_t number) {
    if (slot.kind == Kind::real) {
        set_slot(memory, slot, static_cast<double>(number));
        return;
    }
    memory.slots[static_cast<std::size_t>(slot.number)] = static_cast<std::uint64_t>(number);
}

}  // namespace chainrule
