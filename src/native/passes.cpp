#include "passes.hpp"

#include "kernels.hpp"

namespace chainrule {

namespace {

// Who reads the result of a node within its chain: how often, and which node last.
struct Readers {
    int reads = 0;
    int last = -1;
};

std::vector<Readers> readers_of(const Chain& chain) {
    std::vector<Readers> readers(chain.nodes.size());
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        const ChainNode& node = chain.nodes[place];
        for (int operand = 0; operand < arity(node.word); ++operand) {
            if (node.inputs[operand] >= 0) {
                Readers& of = readers[static_cast<std::size_t>(node.inputs[operand])];
                ++of.reads;
                of.last = static_cast<int>(place);
            }
        }
    }
    return readers;
}

// Whether a node between two others writes to memory.
bool writes_between(const Chain& chain, std::size_t first, std::size_t second) {
    for (std::size_t place = first + 1; place < second; ++place) {
        if (chain.nodes[place].output >= 0) {
            return true;
        }
    }
    return false;
}

// The operand of each node that is made within its own pass, or -1. A result can stay in a register
// where this node alone reads it, once, and both words are among those that have pairs. The first
// word is done later than it stands; it must not pass by what is written meanwhile, which may be
// what it reads (Lowering::place_carried).
std::vector<int> paired_operands(const Chain& chain) {
    const std::vector<Readers> readers = readers_of(chain);
    std::vector<int> paired(chain.nodes.size(), -1);
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        const ChainNode& node = chain.nodes[place];
        for (int operand = 0; operand < arity(node.word) && operand < 2; ++operand) {
            if (pair_place(node.word) < 0 || node.inputs[operand] < 0 || paired[place] >= 0) {
                continue;
            }
            const std::size_t from = static_cast<std::size_t>(node.inputs[operand]);
            const ChainNode& first = chain.nodes[from];
            if (pair_place(first.word) >= 0 && first.output < 0 && readers[from].reads == 1 &&
                paired[from] < 0 && !writes_between(chain, from, place)) {
                paired[place] = operand;
            }
        }
    }
    return paired;
}

// The operands of a node, in its pass; what is made within the pass is left out.
void add_operands(Pass& pass, const ChainNode& node, int left_out,
                  const std::vector<int>& pass_of) {
    for (int operand = 0; operand < arity(node.word); ++operand) {
        if (operand != left_out) {
            const int from = node.inputs[operand];
            pass.inputs[pass.operands++] =
                from >= 0 ? pass_of[static_cast<std::size_t>(from)] : from;
        }
    }
}

// Blocks of scratch memory for the results that only the chain itself reads.
void share_scratch(Chain& chain) {
    std::vector<int> last(chain.passes.size(), -1);
    for (std::size_t place = 0; place < chain.passes.size(); ++place) {
        const Pass& pass = chain.passes[place];
        for (int operand = 0; operand < pass.operands; ++operand) {
            if (pass.inputs[operand] >= 0) {
                last[static_cast<std::size_t>(pass.inputs[operand])] = static_cast<int>(place);
            }
        }
    }
    std::vector<int> free;
    for (std::size_t place = 0; place < chain.passes.size(); ++place) {
        Pass& pass = chain.passes[place];
        if (pass.output < 0) {
            if (free.empty()) {
                free.push_back(chain.scratches++);
            }
            pass.scratch = free.back();
            free.pop_back();
        }
        for (std::size_t other = 0; other < place; ++other) {
            if (last[other] == static_cast<int>(place) && chain.passes[other].scratch >= 0) {
                free.push_back(chain.passes[other].scratch);
            }
        }
    }
}

}  // namespace

void lay_out_passes(Chain& chain) {
    const std::vector<int> paired = paired_operands(chain);
    std::vector<bool> within(chain.nodes.size(), false);
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        if (paired[place] >= 0) {
            within[static_cast<std::size_t>(chain.nodes[place].inputs[paired[place]])] = true;
        }
    }
    std::vector<int> pass_of(chain.nodes.size(), -1);
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        if (within[place]) {
            continue;
        }
        const ChainNode& node = chain.nodes[place];
        Pass pass;
        pass.word = node.word;
        pass.output = node.output;
        if (paired[place] >= 0) {
            const ChainNode& first =
                chain.nodes[static_cast<std::size_t>(node.inputs[paired[place]])];
            pass.word = first.word;
            pass.paired = true;
            pass.second = node.word;
            pass.mirrored = paired[place] == 1;
            add_operands(pass, first, -1, pass_of);
        }
        add_operands(pass, node, paired[place], pass_of);
        pass_of[place] = static_cast<int>(chain.passes.size());
        chain.passes.push_back(pass);
    }
    share_scratch(chain);
}

}  // namespace chainrule
