// How a chain that has no generated loop is done: in passes over a block, one or two words at a
// time.

#pragma once

#include "plan.hpp"

namespace chainrule {

// Settles the passes of a chain, and the blocks of scratch memory between them.
void lay_out_passes(Chain& chain);

}  // namespace chainrule
