// A task, shared out among threads in chunks of rows.
#pragma once

#include <vector>

#include "task.hpp"

namespace gaussmix {

// The same bits for any number of threads: boundaries of chunks depend on the task's size only, each chunk has sums of
// its own, and these are added up in the order of the rows.
void run_expect(const Kernels& kernels, const Task& task, int n_threads, Statistics* out);

// Several tasks that have nothing to do with one another, each worked on by one thread.
void run_expect_each(const Kernels& kernels, const std::vector<Task>& tasks, int n_threads, Statistics* out);

void run_evaluate(const Kernels& kernels, const Task& task, int n_threads, const Outputs& out);

// distances: (K, N) or null; sums: (K).
void run_distances(const Kernels& kernels, const Task& task, int n_threads, const double* bound, double* distances,
                   double* sums);

// matrices and factors: (M, D, D). Returns the number of the first matrix that is not positive definite, M if all are.
int64_t run_whitening(const Kernels& kernels, const double* matrices, int64_t n_matrices, ptrdiff_t n_features,
                      double* factors);

// sums: counts (K), then first moments (K, D).
void run_assign(const Kernels& kernels, const Task& task, int n_threads, double* sums);

}  // namespace gaussmix
