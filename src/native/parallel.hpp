// Threads that live as long as one call.
#pragma once

#include <functional>

namespace gaussmix {

// Runs work(0) ... work(n_threads - 1), the first of them in the calling thread; returns when all are done.
//
// No thread survives the call, so a process may fork between calls. Where the system gives fewer threads than asked
// for, fewer numbers are called: work must be shared out by the workers themselves. The first exception that a
// worker throws is thrown again here.
void run_threads(int n_threads, const std::function<void(int)>& work);

}  // namespace gaussmix
