#include "crew.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace chainrule {

namespace {

constexpr int spins = 8000;  // about 100 microseconds of waiting awake
// When another program has the cores, a thread that has claimed its part may stand still in the
// middle of it. One late run says little, for a thread that slept takes its time to wake up; where
// a third of them is late, there is no other core to be had for a while.
constexpr auto late = std::chrono::microseconds(400);
constexpr int of_a_late_run = 2, of_a_run_in_time = 1, too_late = 6;
constexpr auto time_alone = std::chrono::milliseconds(100);

void breathe() {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

long this_process() {
#if defined(__unix__) || defined(__APPLE__)
    return static_cast<long>(getpid());
#else
    return 0;
#endif
}

struct Kept {
    std::mutex mutex;
    std::unique_ptr<Crew> crew;
    int threads = 0;
    long process = 0;
};

// Never taken down: a thread may still be waiting when the process ends.
Kept& kept() {
    static Kept* one = new Kept;
    return *one;
}

}  // namespace

Crew::Lent Crew::lend(int threads) {
    Kept& one = kept();
    if (threads < 2 || !one.mutex.try_lock()) {
        return nullptr;
    }
    std::unique_lock<std::mutex> lock(one.mutex, std::adopt_lock);
    if (one.crew && one.process != this_process()) {
        // A fork brings the memory along, but not the threads: what is left must not be touched.
        one.crew.release();
        return nullptr;
    }
    if (one.crew && one.crew->lent_.load(std::memory_order_acquire)) {
        return nullptr;
    }
    if (!one.crew || one.threads != threads) {
        one.crew.reset(new Crew(threads));
        one.threads = threads;
        one.process = this_process();
    }
    one.crew->lent_.store(true, std::memory_order_relaxed);
    return Lent(one.crew.get());
}

Crew::Crew(int threads) {
    try {
        for (int thread = 1; thread < threads; ++thread) {
            threads_.emplace_back([this] { wait_for_work(); });
        }
    } catch (const std::system_error&) {
        // Those that could be made do all of the work, the caller alone if need be.
    }
}

Crew::~Crew() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        ending_.store(true);
    }
    awake_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void Crew::do_task(int number) {
    try {
        task_.load(std::memory_order_relaxed)(work_.load(std::memory_order_relaxed), number);
    } catch (...) {
        std::lock_guard<std::mutex> lock(failing_);
        failure_ = std::current_exception();
    }
}

bool Crew::claim_and_do(std::uint64_t generation) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (ticket >> 32 == generation && (ticket & 0xFFFF) < (ticket >> 16 & 0xFFFF)) {
        if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
            // The run cannot end, nor another begin, before this task is counted as done.
            do_task(static_cast<int>(ticket & 0xFFFF));
            done_.fetch_add(1, std::memory_order_release);
            return true;
        }
    }
    return false;
}

void Crew::wait_for_work() {
    std::uint64_t seen = 0;
    while (true) {
        int waited = 0;
        std::uint64_t generation = ticket_.load(std::memory_order_acquire) >> 32;
        while (generation == seen && waited < spins && !ending_.load(std::memory_order_relaxed)) {
            breathe();
            ++waited;
            generation = ticket_.load(std::memory_order_acquire) >> 32;
        }
        if (generation == seen) {
            std::unique_lock<std::mutex> lock(mutex_);
            asleep_.fetch_add(1);
            awake_.wait(lock, [&] { return ending_.load() || (ticket_.load() >> 32) != seen; });
            asleep_.fetch_sub(1);
            if (ending_.load()) {
                return;
            }
            generation = ticket_.load(std::memory_order_acquire) >> 32;
        }
        if (ending_.load(std::memory_order_relaxed)) {
            return;
        }
        seen = generation;
        while (claim_and_do(generation)) {
        }
    }
}

void Crew::run(Task task, void* work, int count) {
    const Clock::time_point began = Clock::now();
    if (began < alone_until_ || threads_.empty()) {
        for (int number = 0; number < count; ++number) {
            task(work, number);
        }
        return;
    }
    task_.store(task, std::memory_order_relaxed);
    work_.store(work, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    // The generation begins anew when it has filled its bits; 0 is what a new thread has seen.
    const std::uint64_t before = ticket_.load(std::memory_order_relaxed) >> 32;
    const std::uint64_t generation = before == 0xFFFFFFFF ? 1 : before + 1;
    ticket_.store(generation << 32 | static_cast<std::uint64_t>(count) << 16);
    if (asleep_.load() > 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        awake_.notify_all();
    }
    while (claim_and_do(generation)) {
    }
    const Clock::time_point since = Clock::now();
    int waited = 0;
    while (done_.load(std::memory_order_acquire) < count) {
        breathe();
        if (++waited > spins) {
            std::this_thread::yield();
        }
    }
    note_wait(since - began, Clock::now() - since);
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
}

// Late is what was waited for longer than it would have taken to do it alone.
void Crew::note_wait(Clock::duration worked, Clock::duration waited) {
    if (waited < late || waited < worked) {
        lateness_ = std::max(0, lateness_ - of_a_run_in_time);
        return;
    }
    lateness_ += of_a_late_run;
    if (lateness_ >= too_late) {
        alone_until_ = Clock::now() + time_alone;
        // Then one late run for waking up is allowed, and no second one.
        lateness_ = too_late - of_a_late_run - 1;
    }
}

}  // namespace chainrule
