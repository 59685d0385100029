// The fused loops of the tables' own chains, for one instruction set (CHAINRULE_SET) and one
// element type (CHAINRULE_ELEMENT). Apart from the kernels, so that several compilers work side by
// side.

#include "fusing.hpp"

#include "fused_chains.inc"

namespace chainrule::CHAINRULE_SET {

template <>
FusedLoops<CHAINRULE_ELEMENT> fused_loops<CHAINRULE_ELEMENT>() {
    return {fused_signatures, FusedKernels<CHAINRULE_ELEMENT>::table, fused_count};
}

}  // namespace chainrule::CHAINRULE_SET
