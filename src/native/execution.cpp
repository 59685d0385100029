#include "execution.hpp"

#include <algorithm>
#include <cstring>

#include "memory.hpp"
#include "running_chains.hpp"
#include "running_products.hpp"
#include "running_reductions.hpp"
#include "running_slides.hpp"
#include "single_words.hpp"
#include "walking.hpp"

namespace chainrule {

namespace {

// ---- choosing by index ----

enum class Moving { take, add, either };

template <class Item, Moving moving>
void run_indexing(const Indexing& indexing, Memory& memory) {
    const std::int64_t* indices = memory.at<std::int64_t>(indexing.indices);
    Item* small = memory.at<Item>(indexing.small);
    Item* large = memory.at<Item>(indexing.large);
    const std::vector<Count>* const outside[2] = {&indexing.index_strides, &indexing.small_strides};
    const std::vector<Count>* const inside[2] = {&indexing.rest_small, &indexing.rest_large};
    walk<2>(indexing.sizes, indexing.sizes.size(), outside, [&](const Count* offsets) {
        Count chosen = indices[offsets[0]];
        chosen += chosen < 0 ? indexing.bound : 0;
        if (chosen < 0 || chosen >= indexing.bound) {
            throw std::out_of_range("an index lies outside the axis that it chooses from");
        }
        Item* one = small + offsets[1];
        Item* other = large + chosen * indexing.row;
        walk<2>(indexing.rest, indexing.rest.size(), inside, [&](const Count* place) {
            if (moving == Moving::add) {
                other[place[1]] += one[place[0]];
            } else if (moving == Moving::either) {
                // Of truth values, a sum is "or".
                other[place[1]] = other[place[1]] > one[place[0]] ? other[place[1]] : one[place[0]];
            } else {
                one[place[0]] = other[place[1]];
            }
        });
    });
}

template <class T>
void run_add_at(const Indexing& indexing, Memory& memory, bool first) {
    if (!indexing.sums || first) {
        // The result was made for this, so it is one stretch, apart from the ends of a tile's rows.
        const std::vector<Count>* const inside[1] = {&indexing.rest_large};
        char* to = memory.at<char>(indexing.large);
        for (Count one = 0; one < indexing.bound; ++one) {
            walk<1>(indexing.rest, indexing.rest.size(), inside, [&](const Count* place) {
                const Count at = one * indexing.row + place[0];
                std::memset(to + at * static_cast<Count>(indexing.item), 0, indexing.item);
            });
        }
    }
    if (indexing.kind == Kind::integer) {
        run_indexing<std::int64_t, Moving::add>(indexing, memory);
    } else if (indexing.kind == Kind::truth) {
        run_indexing<T, Moving::either>(indexing, memory);
    } else {
        run_indexing<T, Moving::add>(indexing, memory);
    }
}

// ---- conversions and integers ----

template <class From, class To>
void convert_numbers(const Conversion& conversion, Memory& memory) {
    const From* from = memory.at<From>(conversion.from);
    To* to = memory.at<To>(conversion.to);
    const std::vector<Count>* const strides[2] = {&conversion.from_strides, &conversion.to_strides};
    walk<2>(conversion.sizes, conversion.sizes.size(), strides,
            [&](const Count* offsets) { to[offsets[1]] = static_cast<To>(from[offsets[0]]); });
}

template <class T>
void to_single(const Conversion& conversion, Memory& memory) {
    if (conversion.kind == Kind::integer) {
        set_slot(memory, conversion.slot, *memory.at<std::int64_t>(conversion.from));
    } else {
        set_slot(memory, conversion.slot, static_cast<double>(*memory.at<T>(conversion.from)));
    }
}

template <class T>
void from_single(const Conversion& conversion, Memory& memory) {
    if (conversion.kind == Kind::integer) {
        *memory.at<std::int64_t>(conversion.to) = slot_integer(memory, conversion.slot);
    } else {
        *memory.at<T>(conversion.to) = static_cast<T>(slot_number(memory, conversion.slot));
    }
}

template <class T>
void run_integers(const IntegerWord& word, Memory& memory) {
    const int count = arity(word.word);
    const std::int64_t* given[3] = {};
    // Operands that the word does not have are walked like the result, and not read.
    const std::vector<Count>* strides[3] = {&word.to_strides, &word.to_strides, &word.to_strides};
    for (int operand = 0; operand < count; ++operand) {
        given[operand] = memory.at<std::int64_t>(word.places[operand]);
        strides[operand] = &word.strides[operand];
    }
    const T* condition = memory.at<T>(word.places[0]);
    const std::vector<Count>* const walked[4] = {strides[0], strides[1], strides[2],
                                                 &word.to_strides};
    walk<4>(word.sizes, word.sizes.size(), walked, [&](const Count* offsets) {
        std::int64_t numbers[3] = {};
        for (int operand = 0; operand < count; ++operand) {
            const bool real = operand == 0 && word.first_real;
            numbers[operand] =
                real ? condition[offsets[0]] != T(0) : given[operand][offsets[operand]];
        }
        const std::int64_t made = integer_word(word.word, numbers[0], numbers[1], numbers[2]);
        if (word.to_truth) {
            memory.at<T>(word.to)[offsets[3]] = static_cast<T>(made);
        } else {
            memory.at<std::int64_t>(word.to)[offsets[3]] = made;
        }
    });
}

template <class Item>
void copy_items(const std::vector<Count>& sizes, const Item* from,
                const std::vector<Count>& from_strides, Item* to,
                const std::vector<Count>& to_strides) {
    const std::size_t rank = sizes.size();
    const Count inner = rank > 0 ? sizes[rank - 1] : 1;
    const Count from_step = rank > 0 ? from_strides[rank - 1] : 0;
    const Count to_step = rank > 0 ? to_strides[rank - 1] : 0;
    const std::vector<Count>* const strides[2] = {&from_strides, &to_strides};
    walk<2>(sizes, rank > 0 ? rank - 1 : 0, strides, [&](const Count* offsets) {
        const Item* source = from + offsets[0];
        Item* target = to + offsets[1];
        if (from_step == 1 && to_step == 1) {
            std::memcpy(target, source, static_cast<std::size_t>(inner) * sizeof(Item));
            return;
        }
        for (Count place = 0; place < inner; ++place) {
            target[place * to_step] = source[place * from_step];
        }
    });
}

// Comparing labels with the numbers of the classes is what every step of a classifier does.
template <class T>
bool compare_equal(const IntegerWord& word, const Kernels<T>& kernels, Memory& memory) {
    const std::size_t rank = word.sizes.size();
    if (word.word != Word::equal || rank > 2 || word.to_strides[rank - 1] != 1) {
        return false;
    }
    const std::int64_t* a = memory.at<std::int64_t>(word.places[0]);
    const std::int64_t* b = memory.at<std::int64_t>(word.places[1]);
    T* to = memory.at<T>(word.to);
    const Count outer = rank > 1 ? word.sizes[0] : 1;
    for (Count row = 0; row < outer; ++row) {
        kernels.equal_integers(a, word.strides[0][rank - 1], b, word.strides[1][rank - 1], to,
                               word.sizes[rank - 1]);
        a += word.strides[0][0];
        b += word.strides[1][0];
        to += word.to_strides[0];
    }
    return true;
}

// A step along time. What is fixed in it is made once; its other words once for each step.
template <class T>
void run_scan(const Scan& scan, const Kernels<T>& kernels, const Library& library,
              const Memory& around) {
    const Plan& step = *scan.step;
    const std::size_t count = scan.along.size();
    std::vector<char*> arenas(first_rows + count, nullptr);
    char** const moving = arenas.data() + first_rows;
    for (std::size_t place = 0; place < count; ++place) {
        moving[place] = around.at<char>(scan.along[place].first);
    }
    char* room = around.at<char>(scan.room);
    arenas[constants] = const_cast<char*>(step.constant_bytes.data());
    arenas[shared] = room;
    arenas[tile] = arenas[shared] + aligned(step.arena_bytes[shared]);
    auto* slots = reinterpret_cast<std::uint64_t*>(arenas[tile] + aligned(step.arena_bytes[tile]));
    std::copy(step.slots.begin(), step.slots.end(), slots);
    for (const auto& [from, to] : scan.numbers) {
        slots[to.number] = around.slots[from.number];
    }
    Memory memory{arenas.data(), slots, around.scratch, around.first_row};
    for (const Instruction& one : step.stages[0]) {
        execute<T>(step, one, kernels, library, memory, true, {});
    }
    for (Count time = 0; time < scan.times; ++time) {
        for (int stage = 1; stage < 3; ++stage) {
            for (const Instruction& one : step.stages[stage]) {
                execute<T>(step, one, kernels, library, memory, true, {});
            }
        }
        moving[0] = moving[count - 1];
        for (std::size_t place = 1; place < count; ++place) {
            moving[place] += scan.along[place].stride;
        }
    }
}

}  // namespace

void copy_strided(const std::vector<Count>& sizes, const char* from,
                  const std::vector<Count>& from_strides, char* to,
                  const std::vector<Count>& to_strides, std::size_t item) {
    if (item == 8) {
        copy_items(sizes, reinterpret_cast<const std::uint64_t*>(from), from_strides,
                   reinterpret_cast<std::uint64_t*>(to), to_strides);
    } else {
        copy_items(sizes, reinterpret_cast<const std::uint32_t*>(from), from_strides,
                   reinterpret_cast<std::uint32_t*>(to), to_strides);
    }
}

template <class T>
void execute(const Plan& plan, const Instruction& instruction, const Kernels<T>& kernels,
             const Library& library, Memory& memory, bool first, Share share) {
    const std::size_t index = static_cast<std::size_t>(instruction.index);
    switch (instruction.action) {
        case Action::single:
            return run_single(plan.singles[index], memory);
        case Action::chain:
            return run_chain<T>(plan.chains[index], kernels, memory, share);
        case Action::integers:
            if (!compare_equal<T>(plan.integer_words[index], kernels, memory)) {
                run_integers<T>(plan.integer_words[index], memory);
            }
            return;
        case Action::product:
            return run_product<T>(plan.products[index], kernels, library, memory, first, share);
        case Action::reduce:
            return run_reduction<T>(plan.reductions[index], kernels, memory, first);
        case Action::copy: {
            const Copy& copy = plan.copies[index];
            return copy_strided(copy.sizes, memory.at<char>(copy.from), copy.from_strides,
                                memory.at<char>(copy.to), copy.to_strides, copy.item);
        }
        case Action::clear: {
            const Clearing& one = plan.clearings[index];
            std::memset(memory.at<char>(one.place), 0, static_cast<std::size_t>(one.bytes));
            return;
        }
        case Action::take:
            if (plan.indexings[index].item == 8) {
                return run_indexing<std::uint64_t, Moving::take>(plan.indexings[index], memory);
            }
            return run_indexing<std::uint32_t, Moving::take>(plan.indexings[index], memory);
        case Action::add_at:
            return run_add_at<T>(plan.indexings[index], memory, first);
        case Action::put_back:
            return run_putting_back<T>(plan.puttings_back[index], kernels, memory);
        case Action::slide:
            return run_slide<T>(plan.slides[index], *kernels.sliding, memory, share);
        case Action::slide_sum:
            return run_slide_sum<T>(plan.slide_sums[index], *kernels.sliding, memory, first, share);
        case Action::largest:
            return run_largest<T>(plan.largests[index], *kernels.sliding, memory);
        case Action::draw:
            return run_drawing<T>(plan.drawings[index], kernels, memory);
        case Action::scan:
            return run_scan<T>(plan.scans[index], kernels, library, memory);
        case Action::to_single:
            return to_single<T>(plan.conversions[index], memory);
        case Action::from_single:
            return from_single<T>(plan.conversions[index], memory);
        case Action::to_real:
            return convert_numbers<std::int64_t, T>(plan.conversions[index], memory);
        case Action::to_integer:
            return convert_numbers<T, std::int64_t>(plan.conversions[index], memory);
    }
}

template void execute<float>(const Plan&, const Instruction&, const Kernels<float>&, const Library&,
                             Memory&, bool, Share);
template void execute<double>(const Plan&, const Instruction&, const Kernels<double>&,
                              const Library&, Memory&, bool, Share);

}  // namespace chainrule
