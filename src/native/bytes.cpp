#include "bytes.hpp"

#include <new>

#include "memory.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

namespace {

// A state of some megabytes costs milliseconds at its first touch, page by small page.
constexpr Count large_page = Count(2) << 20;

}  // namespace

char* Bytes::at_least(Count count) {
    if (held_ != nullptr && count <= size_) {
        return start_;
    }
    const Count grain = count >= large_page ? large_page : alignment;
    held_.reset();
    size_ = 0;
    // calloc knows which memory comes as zeros, and does not touch it.
    held_.reset(
        static_cast<char*>(std::calloc(static_cast<std::size_t>(count + grain + alignment), 1)));
    if (held_ == nullptr) {
        throw std::bad_alloc();
    }
    const auto address = reinterpret_cast<std::uintptr_t>(held_.get());
    start_ = held_.get() + (static_cast<std::uintptr_t>(grain) - address % grain) % grain;
    size_ = count;
#if defined(__linux__)
    if (grain == large_page) {
        madvise(start_, static_cast<std::size_t>(count / large_page * large_page), MADV_HUGEPAGE);
    }
#endif
    return start_;
}

}  // namespace chainrule
