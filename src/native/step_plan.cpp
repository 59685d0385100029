#include "step_plan.hpp"

#include <algorithm>
#include <string>

#include "memory.hpp"

namespace chainrule {

namespace {

constexpr Count tile_bytes = 320 * 1024;        // of all values of a tile: they stay in the cache
constexpr Count light_sums_bytes = 512 * 1024;  // of the sums that each thread has of its own
constexpr Count least_rows_beside_heavy_sums = 512;  // of a tile, where its sums are not light
constexpr Count least_rows_of_a_tile = 64;
constexpr Count least_rows_of_a_thread = 32;
constexpr Count least_rows_of_a_scan = 16;  // which threads cannot share but by its rows
constexpr Count least_rows_fast = 8;        // rows, for them to be the fastest axis
constexpr double worth_threads = 100e3;     // nanoseconds of a step
// Multiplications of a product that is left to a BLAS. Below, own kernels are as fast, and nothing
// has to be loaded and held to one thread.
constexpr Count library_from = 100 * 1000 * 1000;

Count rounded_up(Count count, Count grain) {
    return (count + grain - 1) / grain * grain;
}

// Into how many tiles the rows are cut, given the plan of all of them in one.
Count tiles_of(const Program& program, const Plan& whole, Count rows, int threads) {
    const Count least = whole.scans.empty() ? least_rows_of_a_thread : least_rows_of_a_scan;
    const Count bytes = numbers_in_a_row(program) * static_cast<Count>(program.item());
    Count tile_rows = std::max(least_rows_of_a_tile, tile_bytes / std::max<Count>(bytes, 1));
    // Each tile adds to all sums, which has to be little beside the rest of its work.
    const bool light = whole.arena_bytes[sums] <= light_sums_bytes;
    if (!light) {
        tile_rows = std::max(tile_rows, least_rows_beside_heavy_sums);
    }
    const Count tiles = (rows + tile_rows - 1) / tile_rows;
    if (threads > 1 && light && rows >= least * threads) {
        return rounded_up(std::max<Count>(tiles, threads), threads);
    }
    return tiles;
}

// Plans the tiles of a step, and the last one by itself where it is shorter.
void cut_into_tiles(StepPlan& made, const Program& program, Choices choices, Count tiles) {
    choices.rows = rounded_up((made.rows + tiles - 1) / tiles, 16);
    choices.rows_fast = choices.rows_fast && choices.rows >= least_rows_fast;
    made.tiles = (made.rows + choices.rows - 1) / choices.rows;
    if (made.tiles == 1) {
        return;
    }
    made.main = make_plan(program, choices);
    const Count left = made.rows - (made.tiles - 1) * choices.rows;
    if (left != choices.rows) {
        choices.rows = left;
        made.rest = std::make_unique<Plan>(make_plan(program, choices));
    }
}

}  // namespace

RowTraits row_traits(const Program& program) {
    RowTraits traits;
    for (std::size_t value = 0; value < program.roles.size(); ++value) {
        if (program.roles[value] == Role::rows) {
            const Shape& shape = program.values[value].shape;
            const bool leads = !shape.empty() && shape[0] == rows_size &&
                               std::count(shape.begin(), shape.end(), rows_size) == 1;
            traits.lead = traits.lead && leads;
        }
    }
    for (int output : program.outputs) {
        const Value& value = program.values[static_cast<std::size_t>(output)];
        traits.lead = traits.lead && (!value.has_rows() || value.shape[0] == rows_size);
    }
    for (const Equation& equation : program.equations) {
        if (equation.body) {
            const RowTraits step = row_traits(*equation.body);
            traits.slides = traits.slides || step.slides;
            traits.batches = traits.batches || step.batches;
        }
        const Shape& shape = program.values[static_cast<std::size_t>(equation.output)].shape;
        traits.slides = traits.slides || is_convolving(equation.word);
        if (equation.word == Word::matmul && shape.size() > 2) {
            traits.batches =
                traits.batches || std::count(shape.begin(), shape.end() - 2, rows_size) > 0;
        }
    }
    return traits;
}

std::unique_ptr<StepPlan> make_step_plan(const Program& program, const RowTraits& traits,
                                         Count rows, int threads, bool library) {
    auto made = std::make_unique<StepPlan>();
    made->rows = rows;
    Choices choices;
    choices.rows = rows;
    choices.all_rows = rows;
    choices.rows_fast =
        (rows >= least_rows_fast || traits.slides) && traits.lead && !traits.batches;
    choices.library = library;
    choices.library_from = library_from;
    made->main = make_plan(program, choices);
    made->nanoseconds = made->main.tile_work + made->main.other_work;
    const bool threads_pay = threads > 1 && made->nanoseconds > worth_threads;
    if (!program.coupled() && traits.lead && rows > 1) {
        const Count tiles = tiles_of(program, made->main, rows, threads_pay ? threads : 1);
        if (tiles > 1) {
            cut_into_tiles(*made, program, choices, tiles);
        }
    }
    if (threads_pay) {
        // Threads with tiles of their own, where there are enough; else they share instructions.
        (made->tiles >= threads ? made->workers : made->shares) = threads;
    }
    return made;
}

bool may_want_library(const Program& program, Count rows) {
    // Rows are rounded up as in a tile.
    const Count padded = whole_lines(rows, program.item());
    const auto size_of = [padded](Count size) { return size == rows_size ? padded : size; };
    for (const Equation& equation : program.equations) {
        if (equation.body && may_want_library(*equation.body, rows)) {
            return true;
        }
        if (equation.word != Word::matmul && equation.word != Word::contract) {
            continue;
        }
        const Value& left = program.values[static_cast<std::size_t>(equation.inputs[0])];
        Count multiplications = 1;
        if (equation.word == Word::matmul) {
            multiplications = size_of(left.shape.back());
        } else {
            for (std::size_t axis = 0; axis + 1 < left.shape.size(); ++axis) {
                multiplications *= size_of(left.shape[axis]);
            }
        }
        for (Count size : program.values[static_cast<std::size_t>(equation.output)].shape) {
            multiplications *= size_of(size);
        }
        if (multiplications >= library_from) {
            return true;
        }
    }
    return false;
}

namespace {

// Text is put together as strings: streams of a newer compiler than that of the C++ library that is
// loaded are not started.
std::string chain_text(const Chain& chain) {
    std::string text = chain.fused >= 0 ? " fused [" : " [";
    for (Count size : chain.sizes) {
        text += std::to_string(size) + " ";
    }
    return text + "] " + chain.signature;
}

std::string product_text(const Product& product) {
    return std::string(" ") + name_of(product.way) + " " + std::to_string(product.rows) + " x " +
           std::to_string(product.depth) + " x " + std::to_string(product.columns);
}

std::string stages_text(const Plan& plan, const std::string& indent) {
    std::string text;
    for (int stage = 0; stage < 3; ++stage) {
        for (const Instruction& one : plan.stages[stage]) {
            const std::size_t index = static_cast<std::size_t>(one.index);
            text += indent + std::to_string(stage) + " " + name_of(one.action);
            if (one.action == Action::chain) {
                text += chain_text(plan.chains[index]);
            } else if (one.action == Action::product) {
                text += product_text(plan.products[index]);
            } else if (one.action == Action::single) {
                text += " ";
                text += word_names[static_cast<int>(plan.singles[index].word)];
            } else if (one.action == Action::scan) {
                const Scan& scan = plan.scans[index];
                text += " " + std::to_string(scan.times) + " times\n";
                text += stages_text(*scan.step, indent + "    ");
                continue;
            }
            text += "\n";
        }
    }
    return text;
}

}  // namespace

std::string describe(const StepPlan& plan) {
    return "rows " + std::to_string(plan.rows) + ", tiles " + std::to_string(plan.tiles) + " of " +
           std::to_string(plan.main.rows) + ", workers " + std::to_string(plan.workers) +
           ", shares " + std::to_string(plan.shares) + ", " +
           (plan.main.rows_fast ? "rows fast" : "features fast") + ", about " +
           std::to_string(static_cast<long>(plan.nanoseconds)) + " ns\n" +
           stages_text(plan.main, "  ");
}

}  // namespace chainrule
