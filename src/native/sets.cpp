// Which instruction sets were compiled, and which of them this machine has.

#include "kernels.hpp"

#include <cstring>
#include <string>
#include <unordered_map>

namespace chainrule {

#define CHAINRULE_DECLARE(set)              \
    namespace set {                         \
    const Kernels<float>& narrow_kernels(); \
    const Kernels<double>& wide_kernels();  \
    }

CHAINRULE_DECLARE(baseline)
#if defined(CHAINRULE_HAS_AVX2)
CHAINRULE_DECLARE(avx2)
#endif
#if defined(CHAINRULE_HAS_AVX512)
CHAINRULE_DECLARE(avx512)
#endif

namespace {

const Kernels<float>& narrow_of(int set) {
#if defined(CHAINRULE_HAS_AVX512)
    if (set == avx512_set) {
        return avx512::narrow_kernels();
    }
#endif
#if defined(CHAINRULE_HAS_AVX2)
    if (set == avx2_set) {
        return avx2::narrow_kernels();
    }
#endif
    return baseline::narrow_kernels();
}

const Kernels<double>& wide_of(int set) {
#if defined(CHAINRULE_HAS_AVX512)
    if (set == avx512_set) {
        return avx512::wide_kernels();
    }
#endif
#if defined(CHAINRULE_HAS_AVX2)
    if (set == avx2_set) {
        return avx2::wide_kernels();
    }
#endif
    return baseline::wide_kernels();
}

}  // namespace

template <>
const Kernels<float>& kernels_of<float>(int set) {
    return narrow_of(set);
}

template <>
const Kernels<double>& kernels_of<double>(int set) {
    return wide_of(set);
}

int find_chain(const std::string& signature) {
    // The signatures are those of every set and type.
    static const std::unordered_map<std::string, int>* const places = [] {
        auto* made = new std::unordered_map<std::string, int>;
        const Kernels<float>& kernels = narrow_of(baseline_set);
        for (int place = 0; place < kernels.chain_count; ++place) {
            made->emplace(kernels.chain_signatures[place], place);
        }
        return made;
    }();
    const auto found = places->find(signature);
    return found == places->end() ? -1 : found->second;
}

bool set_runs_here(int set) {
    switch (set) {
        case baseline_set:
            return true;
#if defined(CHAINRULE_HAS_AVX2)
        case avx2_set:
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#if defined(CHAINRULE_HAS_AVX512)
        case avx512_set:
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
        default:
            return false;
    }
}

const char* set_name(int set) {
    static const char* const names[] = {"baseline", "avx2", "avx512"};
    return names[set];
}

}  // namespace chainrule
