#include "parallel.hpp"

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace gaussmix {

void run_threads(int n_threads, const std::function<void(int)>& work) {
  if (n_threads <= 1) {
    work(0);
    return;
  }
  std::mutex mutex;
  std::exception_ptr failure;
  auto guarded = [&](int number) {
    try {
      work(number);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(n_threads - 1);
  try {
    for (int number = 1; number < n_threads; ++number) threads.emplace_back(guarded, number);
  } catch (const std::system_error&) {
    // The limit on threads is reached: those that were started share the work.
  }
  guarded(0);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace gaussmix
