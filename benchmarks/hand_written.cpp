// The updates that update.py is held against: what somebody would write by hand for one optimizer.

#include <cmath>

extern "C" {

// `steps` updates of Adam, counted from 1.
void adam(float* parameters, float* mean, float* square, const float* gradient, long size, long steps,
          float rate) {
    for (long step = 1; step <= steps; ++step) {
        const float fair_rate = rate / static_cast<float>(1.0 - std::pow(0.9, step));
        const float fair_root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(0.999, step)));
        for (long place = 0; place < size; ++place) {
            const float slope = gradient[place];
            const float m = 0.9f * mean[place] + 0.1f * slope;
            const float v = 0.999f * square[place] + 0.001f * slope * slope;
            mean[place] = m;
            square[place] = v;
            parameters[place] -= fair_rate * m / (std::sqrt(v) * fair_root + 1e-8f);
        }
    }
}

// The same of AdaBelief: the spread of the gradient around its mean in the place of its square.
void ada_belief(float* parameters, float* mean, float* spread, const float* gradient, long size,
                long steps, float rate) {
    for (long step = 1; step <= steps; ++step) {
        const float fair_rate = rate / static_cast<float>(1.0 - std::pow(0.9, step));
        const float fair_root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(0.999, step)));
        for (long place = 0; place < size; ++place) {
            const float m = 0.9f * mean[place] + 0.1f * gradient[place];
            const float around = gradient[place] - m;
            const float s = 0.999f * spread[place] + 0.001f * around * around;
            mean[place] = m;
            spread[place] = s;
            parameters[place] -= fair_rate * m / (std::sqrt(s) * fair_root + 1e-8f);
        }
    }
}

}  // extern "C"
