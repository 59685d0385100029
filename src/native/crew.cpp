#include "crew.hpp"

#include <chrono>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace chainrule {

namespace {

constexpr int spins = 4000;      // about 50 microseconds of waiting awake
constexpr int runs_alone = 200;  // after the crew was late
constexpr auto late = std::chrono::microseconds(400);

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

struct Held {
    std::mutex mutex;
    std::shared_ptr<Crew> crew;
    int threads = 0;
    long process = 0;
};

// Never taken down: a thread may still be waiting when the process ends.
Held& held() {
    static Held* one = new Held;
    return *one;
}

}  // namespace

std::shared_ptr<Crew> Crew::hold(int threads) {
    Held& one = held();
    if (threads < 2 || !one.mutex.try_lock()) {
        return nullptr;
    }
    std::unique_lock<std::mutex> lock(one.mutex, std::adopt_lock);
    if (one.crew && one.process != this_process()) {
        // A fork brings the memory along, but not the threads: what is left must not be touched.
        new std::shared_ptr<Crew>(one.crew);
        one.crew = nullptr;
        return nullptr;
    }
    if (one.crew && one.crew.use_count() > 1) {
        return nullptr;
    }
    if (!one.crew || one.threads != threads) {
        one.crew = std::shared_ptr<Crew>(new Crew(threads));
        one.threads = threads;
        one.process = this_process();
    }
    return one.crew;
}

Crew::Crew(int threads) {
    for (int thread = 1; thread < threads; ++thread) {
        threads_.emplace_back([this] { wait_for_work(); });
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

bool Crew::claim_and_do(std::uint64_t generation) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while ((ticket >> 16) == generation &&
           static_cast<int>(ticket & 0xFFFF) < count_.load(std::memory_order_relaxed)) {
        if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
            // The run cannot end, nor another begin, before this task is counted as done.
            task_.load(std::memory_order_relaxed)(work_.load(std::memory_order_relaxed),
                                                  static_cast<int>(ticket & 0xFFFF));
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
        std::uint64_t generation = ticket_.load(std::memory_order_acquire) >> 16;
        while (generation == seen && waited < spins && !ending_.load(std::memory_order_relaxed)) {
            breathe();
            ++waited;
            generation = ticket_.load(std::memory_order_acquire) >> 16;
        }
        if (generation == seen) {
            std::unique_lock<std::mutex> lock(mutex_);
            asleep_.fetch_add(1);
            awake_.wait(lock, [&] { return ending_.load() || (ticket_.load() >> 16) != seen; });
            asleep_.fetch_sub(1);
            if (ending_.load()) {
                return;
            }
            generation = ticket_.load(std::memory_order_acquire) >> 16;
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
    if (alone_ > 0 || threads_.empty()) {
        --alone_;
        for (int number = 0; number < count; ++number) {
            task(work, number);
        }
        return;
    }
    task_.store(task, std::memory_order_relaxed);
    work_.store(work, std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    const std::uint64_t generation = (ticket_.load(std::memory_order_relaxed) >> 16) + 1;
    ticket_.store(generation << 16);
    if (asleep_.load() > 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        awake_.notify_all();
    }
    while (claim_and_do(generation)) {
    }
    int waited = 0;
    std::chrono::steady_clock::time_point since;
    while (done_.load(std::memory_order_acquire) < count) {
        breathe();
        if (++waited == spins) {
            since = std::chrono::steady_clock::now();
        } else if (waited > spins) {
            std::this_thread::yield();
        }
    }
    if (waited > spins && std::chrono::steady_clock::now() - since > late) {
        alone_ = runs_alone;
    }
}

}  // namespace chainrule
