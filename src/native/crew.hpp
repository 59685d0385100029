// The crew: threads that wait for parts of a step. Tasks are claimed one by one, so a step whose
// crew is held up elsewhere is done by the thread that asked, with the same result.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace chainrule {

class Crew {
public:
    using Task = void (*)(void* work, int number);

    struct GiveBack {
        void operator()(Crew* crew) const { crew->lent_.store(false, std::memory_order_release); }
    };
    using Lent = std::unique_ptr<Crew, GiveBack>;

    // The crew of this process, lent to one caller at a time: null while another has it, and in a
    // child that was forked while threads were running.
    static Lent lend(int threads);

    ~Crew();

    // Calls task(work, 0) to task(work, count - 1), and returns when all are done. What one of them
    // throws is thrown here then.
    void run(Task task, void* work, int count);

private:
    using Clock = std::chrono::steady_clock;
    explicit Crew(int threads);
    void wait_for_work();
    bool claim_and_do(std::uint64_t generation);
    void do_task(int number);
    void note_wait(Clock::duration worked, Clock::duration waited);

    std::vector<std::thread> threads_;
    // generation << 32 | count of tasks << 16 | next task: one word, so that a thread that comes
    // late cannot take a task of one run for one of another.
    std::atomic<std::uint64_t> ticket_{0};
    std::atomic<int> done_{0};
    std::atomic<Task> task_{nullptr};
    std::atomic<void*> work_{nullptr};
    std::atomic<bool> ending_{false};
    std::atomic<bool> lent_{false};
    std::atomic<int> asleep_{0};
    std::mutex mutex_;
    std::condition_variable awake_;
    std::exception_ptr failure_;
    std::mutex failing_;
    // Of the caller alone: how often the crew was late, and until when he does without it.
    int lateness_ = 0;
    Clock::time_point alone_until_;
};

}  // namespace chainrule
