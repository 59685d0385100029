// What each elementwise word does to vectors: in a loop of its own, in a pair, in a generated loop.
#pragma once

#include "simd.hpp"
#include "vector_math.hpp"

namespace chainrule::CHAINRULE_SET {

// A truth value is a mask in a register, and 1 or 0 in memory.
template <class X, class Made>
CHAINRULE_INLINE X as_number(Made made) {
    if constexpr (std::is_same_v<Made, X>) {
        return made;
    } else {
        return select(made, splat(Element<X>(1)), X{});
    }
}

// `of_truths`: the operands are masks.
#define CHAINRULE_UNARY(name, truths, expression) \
    struct name {                                 \
        static constexpr bool of_truths = truths; \
        template <class X>                        \
        CHAINRULE_INLINE static auto apply(X x) { \
            return expression;                    \
        }                                         \
    };
#define CHAINRULE_BINARY(name, truths, expression)     \
    struct name {                                      \
        static constexpr bool of_truths = truths;      \
        template <class X>                             \
        CHAINRULE_INLINE static auto apply(X a, X b) { \
            return expression;                         \
        }                                              \
    };

CHAINRULE_UNARY(Negative, false, -x)
CHAINRULE_UNARY(Absolute, false, absolute(x))
CHAINRULE_UNARY(Sign, false, vsign(x))
CHAINRULE_UNARY(Floor, false, floor(x))
CHAINRULE_UNARY(Exp, false, vexp(x))
CHAINRULE_UNARY(Expm1, false, vexpm1(x))
CHAINRULE_UNARY(Log, false, vlog(x))
CHAINRULE_UNARY(Log1p, false, vlog1p(x))
CHAINRULE_UNARY(Sqrt, false, sqrt(x))
CHAINRULE_UNARY(Sin, false, vsin(x))
CHAINRULE_UNARY(Cos, false, vcos(x))
CHAINRULE_UNARY(Tanh, false, vtanh(x))
CHAINRULE_UNARY(Sigmoid, false, vsigmoid(x))
CHAINRULE_UNARY(Erf, false, verf(x))
CHAINRULE_UNARY(LogicalNot, true, ~x)
CHAINRULE_UNARY(IsFinite, false, x - x == X{})
CHAINRULE_UNARY(Identity, false, x)
CHAINRULE_BINARY(Add, false, a + b)
CHAINRULE_BINARY(Subtract, false, a - b)
CHAINRULE_BINARY(Multiply, false, (a * b))
CHAINRULE_BINARY(Divide, false, a / b)
CHAINRULE_BINARY(Power, false, vpow(a, b))
CHAINRULE_BINARY(Maximum, false, maximum(a, b))
CHAINRULE_BINARY(Minimum, false, minimum(a, b))
CHAINRULE_BINARY(Less, false, a < b)
CHAINRULE_BINARY(LessEqual, false, a <= b)
CHAINRULE_BINARY(Equal, false, a == b)
CHAINRULE_BINARY(LogicalAnd, true, (a & b))
CHAINRULE_BINARY(LogicalOr, true, a | b)

struct Where {
    template <class Mask, class X>
    CHAINRULE_INLINE static X apply(Mask condition, X a, X b) {
        return select(condition, a, b);
    }
};

#undef CHAINRULE_UNARY
#undef CHAINRULE_BINARY

}  // namespace chainrule::CHAINRULE_SET
