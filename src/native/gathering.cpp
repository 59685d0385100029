// The rows of a tile: read where they lie, copied side by side, or turned so that they are fast.

#include "memory.hpp"
#include "step_run.hpp"

namespace chainrule {

namespace {

// Copies chosen rows side by side, or as columns of `stride` numbers where it is not 0.
template <class Item>
void gather_rows(const Item* data, const std::int64_t* chosen, Count first, Count count,
                 Count width, Item* to, Count stride) {
    for (Count one = 0; one < count; ++one) {
        const Count source = chosen == nullptr ? first + one : chosen[one];
        if (width == 1) {
            to[one] = data[source];
        } else if (stride == 0) {
            std::memcpy(to + one * width, data + source * width,
                        static_cast<std::size_t>(width) * sizeof(Item));
        } else {
            for (Count column = 0; column < width; ++column) {
                to[column * stride + one] = data[source * width + column];
            }
        }
    }
}

}  // namespace

template <class T>
void StepRun<T>::gather(const Plan& plan, Worker& worker, Count first, const std::int64_t* order) {
    const std::int64_t* chosen = order == nullptr ? nullptr : order + first;
    std::size_t at = 0;
    for (std::size_t value = 0; value < program_.roles.size(); ++value) {
        if (program_.roles[value] == Role::rows) {
            gather_input(plan, worker, value, at++, from_ + first, chosen);
        }
    }
    worker.gathered_for = &plan;
}

template <class T>
void StepRun<T>::gather_input(const Plan& plan, Worker& worker, std::size_t value, std::size_t at,
                              Count row, const std::int64_t* chosen) {
    const InputPlace& input = plan.inputs[value];
    const bool whole = program_.values[value].kind == Kind::integer;
    const Count item = static_cast<Count>(program_.item_of(program_.values[value].kind));
    const Count width = input.width;
    const char* data = columns_[at].data;
    const bool turned = input.transposed && width > 1;
    if (!input.transposed && chosen == nullptr) {
        // They lie as they are needed: nothing is moved.
        worker.arenas[first_rows + at] = const_cast<char*>(data) + row * width * item;
        return;
    }
    const Count stride = whole_lines(plan.rows, sizeof(T));
    char* to = worker.gathered[at].at_least(stride * width * item + 64);
    worker.arenas[first_rows + at] = to;
    if (chosen == nullptr && worker.gathered_from[at] == data && worker.gathered_first[at] == row &&
        worker.gathered_for == &plan) {
        return;
    }
    worker.gathered_from[at] = chosen == nullptr ? data : nullptr;
    worker.gathered_first[at] = row;
    if (turned && !whole) {
        kernels_.gather_transposed(reinterpret_cast<const T*>(data), chosen,
                                   chosen == nullptr ? row : 0, plan.rows, width,
                                   reinterpret_cast<T*>(to), stride);
    } else if (whole) {
        gather_rows(reinterpret_cast<const std::int64_t*>(data), chosen, row, plan.rows, width,
                    reinterpret_cast<std::int64_t*>(to), turned ? stride : 0);
    } else {
        gather_rows(reinterpret_cast<const T*>(data), chosen, row, plan.rows, width,
                    reinterpret_cast<T*>(to), 0);
    }
}

template void StepRun<float>::gather(const Plan&, Worker&, Count, const std::int64_t*);
template void StepRun<double>::gather(const Plan&, Worker&, Count, const std::int64_t*);

}  // namespace chainrule
