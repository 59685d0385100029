// Random bits of the one generator, and numbers made of them.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule::CHAINRULE_SET {

// The products of 32-bit words that lie in 64 bits.
CHAINRULE_INLINE U<double> product_of_words(U<double> a, U<double> b) {
#if defined(__AVX512F__)
    return (U<double>)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (U<double>)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (U<double>)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return a * b;
#endif
}

// Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), several blocks side by side.

inline void random_bits(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step,
                        Count first_block, Count blocks, std::uint64_t* bits) {
    constexpr int rounds = 10;
    constexpr std::uint64_t multiplier_0 = 0xD2511F53;
    constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t weyl_0 = 0x9E3779B9;
    constexpr std::uint32_t weyl_1 = 0xBB67AE85;
    using Words = U<double>;
    constexpr int lanes = Lanes<double>::N;
    const Words low = Words{} + 0xFFFFFFFFu;
    for (Count start = 0; start < blocks; start += lanes) {
        // 32-bit words, each in 64 bits, so that a product keeps all of its own.
        Words c0, c1;
        for (int lane = 0; lane < lanes; ++lane) {
            const std::uint64_t block = static_cast<std::uint64_t>(first_block + start + lane);
            c0[lane] = block & 0xFFFFFFFFu;
            c1[lane] = block >> 32;
        }
        Words c2 = Words{} + step;
        Words c3 = Words{} + purpose;
        std::uint32_t key_0 = static_cast<std::uint32_t>(seed);
        std::uint32_t key_1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < rounds; ++round) {
            const Words product_0 = product_of_words(c0, Words{} + multiplier_0);
            const Words product_1 = product_of_words(c2, Words{} + multiplier_1);
            c0 = (product_1 >> 32) ^ c1 ^ (Words{} + key_0);
            c1 = product_1 & low;
            c2 = (product_0 >> 32) ^ c3 ^ (Words{} + key_1);
            c3 = product_0 & low;
            key_0 += weyl_0;
            key_1 += weyl_1;
        }
        const Words first = (c0 << 32) | c1;
        const Words second = (c2 << 32) | c3;
        for (int lane = 0; lane < lanes; ++lane) {
            bits[2 * (start + lane)] = first[lane];
            bits[2 * (start + lane) + 1] = second[lane];
        }
    }
}

// 52 bits of an element's 64, half a step from the ends of (0, 1); rounded once for float32.
template <class T>
void uniform(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step, Count first,
             Count count, T* to, Count to_step) {
    constexpr Count most_blocks = 128;
    std::uint64_t bits[2 * most_blocks];
    while (count > 0) {
        const Count block = first / 2;
        const Count needed = (first + count + 1) / 2 - block;
        const Count blocks = needed < most_blocks ? needed : most_blocks;
        random_bits(seed, purpose, step, block, blocks, bits);
        const Count skipped = first - 2 * block;
        const Count here = count < 2 * blocks - skipped ? count : 2 * blocks - skipped;
        for (Count place = 0; place < here; ++place) {
            const std::int64_t whole = static_cast<std::int64_t>(bits[skipped + place] >> 12);
            to[place * to_step] = static_cast<T>((static_cast<double>(whole) + 0.5) * 0x1p-52);
        }
        to += here * to_step;
        first += here;
        count -= here;
    }
}

}  // namespace chainrule::CHAINRULE_SET
