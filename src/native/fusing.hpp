// The loop around a fused chain: vectors in, vectors out, the chain itself in registers.
#pragma once

#include "kernels.hpp"
#include "words.hpp"

namespace chainrule::CHAINRULE_SET {

template <class T, class Fused>
void run_fused(const Strided<T>* inputs, const StridedOutput<T>* outputs, Count outer,
               Count inner) {
    constexpr Count lanes = Lanes<T>::N;
    constexpr int in_count = Fused::inputs;
    constexpr int out_count = Fused::outputs;
    static_assert(in_count <= 32, "`splats` has a bit for each input");
    for (Count pass = 0; pass < outer; ++pass) {
        const T* from[in_count];
        V<T> in[in_count];
        V<T> out[out_count];
        for (int one = 0; one < in_count; ++one) {
            from[one] = inputs[one].at + pass * inputs[one].outer;
            if ((Fused::splats >> one) & 1u) {
                in[one] = splat(*from[one]);
            }
        }
        T* to[out_count];
        for (int one = 0; one < out_count; ++one) {
            to[one] = outputs[one].at + pass * outputs[one].outer;
        }
        Count place = 0;
        for (; place + lanes <= inner; place += lanes) {
            for (int one = 0; one < in_count; ++one) {
                if (!((Fused::splats >> one) & 1u)) {
                    in[one] = load(from[one] + place);
                }
            }
            Fused::apply(in, out);
            for (int one = 0; one < out_count; ++one) {
                store(to[one] + place, out[one]);
            }
        }
        if (place < inner) {
            const int part = static_cast<int>(inner - place);
            for (int one = 0; one < in_count; ++one) {
                if (!((Fused::splats >> one) & 1u)) {
                    in[one] = load_part(from[one] + place, part);
                }
            }
            Fused::apply(in, out);
            for (int one = 0; one < out_count; ++one) {
                store_part(to[one] + place, out[one], part);
            }
        }
    }
}

// The fused loops of a set, in the order of their signatures. `fused.cpp` holds those of one type.
template <class T>
struct FusedLoops {
    const char* const* signatures;
    const ChainKernel<T>* kernels;
    int count;
};

template <class T>
FusedLoops<T> fused_loops();
template <>
FusedLoops<float> fused_loops<float>();
template <>
FusedLoops<double> fused_loops<double>();

}  // namespace chainrule::CHAINRULE_SET
