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

// A pass as it is laid out: the nodes that it does, and what these read, as a node does, but of
// passes. What is made within the pass is left out.
struct Draft {
    int node;         // the last one that it does
    int within = -1;  // and the one that this one reads, if it does two
    std::vector<int> read;
};

void add_read(Draft& draft, const ChainNode& node, int left_out, const std::vector<int>& pass_of) {
    for (int operand = 0; operand < arity(node.word); ++operand) {
        if (operand != left_out) {
            const int from = node.inputs[operand];
            draft.read.push_back(from >= 0 ? pass_of[static_cast<std::size_t>(from)] : from);
        }
    }
}

std::vector<Draft> drafts_of(const Chain& chain, const std::vector<int>& paired) {
    std::vector<bool> within(chain.nodes.size(), false);
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        if (paired[place] >= 0) {
            within[static_cast<std::size_t>(chain.nodes[place].inputs[paired[place]])] = true;
        }
    }
    std::vector<int> pass_of(chain.nodes.size(), -1);
    std::vector<Draft> drafts;
    for (std::size_t place = 0; place < chain.nodes.size(); ++place) {
        if (within[place]) {
            continue;
        }
        const ChainNode& node = chain.nodes[place];
        Draft draft{static_cast<int>(place), -1, {}};
        if (paired[place] >= 0) {
            draft.within = node.inputs[paired[place]];
            add_read(draft, chain.nodes[static_cast<std::size_t>(draft.within)], -1, pass_of);
        }
        add_read(draft, node, paired[place], pass_of);
        pass_of[place] = static_cast<int>(drafts.size());
        drafts.push_back(std::move(draft));
    }
    return drafts;
}

// Where each pass writes, in the chain's table. Blocks of scratch memory hold what only the chain
// itself reads; one is free again after its last reader.
std::vector<int> results_of(Chain& chain, const std::vector<Draft>& drafts) {
    std::vector<int> last(drafts.size(), -1);
    for (std::size_t place = 0; place < drafts.size(); ++place) {
        for (int from : drafts[place].read) {
            if (from >= 0) {
                last[static_cast<std::size_t>(from)] = static_cast<int>(place);
            }
        }
    }
    const int inputs = static_cast<int>(chain.inputs.size());
    const int first_scratch = inputs + static_cast<int>(chain.outputs.size());
    std::vector<int> results;
    std::vector<int> free;
    for (std::size_t place = 0; place < drafts.size(); ++place) {
        const int output = chain.nodes[static_cast<std::size_t>(drafts[place].node)].output;
        if (output < 0 && free.empty()) {
            free.push_back(first_scratch + chain.scratches++);
        }
        results.push_back(output >= 0 ? inputs + output : free.back());
        if (output < 0) {
            free.pop_back();
        }
        for (std::size_t other = 0; other < place; ++other) {
            if (last[other] == static_cast<int>(place) && results[other] >= first_scratch) {
                free.push_back(results[other]);
            }
        }
    }
    return results;
}

}  // namespace

void lay_out_passes(Chain& chain) {
    const std::vector<int> paired = paired_operands(chain);
    const std::vector<Draft> drafts = drafts_of(chain, paired);
    const std::vector<int> results = results_of(chain, drafts);
    for (std::size_t place = 0; place < drafts.size(); ++place) {
        const Draft& draft = drafts[place];
        const std::size_t last = static_cast<std::size_t>(draft.node);
        const Word word = chain.nodes[last].word;
        Pass pass;
        pass.loop = static_cast<int>(word);
        if (draft.within >= 0) {
            const Word first = chain.nodes[static_cast<std::size_t>(draft.within)].word;
            pass.loop = pair_loop(first, word, paired[last] == 1);
        }
        pass.to = results[place];
        for (std::size_t operand = 0; operand < 3; ++operand) {
            const int from = draft.read[operand < draft.read.size() ? operand : 0];
            pass.given[operand] = from < 0 ? -1 - from : results[static_cast<std::size_t>(from)];
            const bool splat = from < 0 && chain.inputs[static_cast<std::size_t>(-1 - from)].splat;
            pass.splats |= splat ? 1u << operand : 0u;
        }
        chain.passes.push_back(pass);
    }
}

}  // namespace chainrule
