// Model-based agglomerative clustering: the sequence of merges of groups of rows, cheapest merge first.
//
// A group is its weight n, its mean and its scatter matrix W about the mean. What a merge costs is what it adds to
//   EII  the sum of tr(W) over groups, which is Ward's criterion,
//   VII  the sum of n log((tr(W) + a) / n),
//   EEE  the logarithm of det(sum of W),
//   VVV  the sum of n log(det(W / n) + b (tr(W) + a) / n)
// (Banfield and Raftery 1993, Biometrics 49, 803; the terms in a and b, which keep groups of few rows finite, are
// those of Fraley 1998, SIAM J. Sci. Comput. 20, 270). Nothing O(N^2) is stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gaussmix {

enum class MergeModel : int { EII = 0, VII = 1, EEE = 2, VVV = 3 };

struct GroupsToMerge {
  int64_t n_groups;
  ptrdiff_t n_features;
  const double* weight;   // (N), positive
  const double* means;    // (N, D)
  const double* scatter;  // (N, D, D), symmetric, or null for zero
};

struct MergeCriterion {
  MergeModel model;
  double trace_addition;  // a
  double trace_factor;    // b
};

struct Merges {
  int64_t* nodes;  // (N - 1, 2): groups are nodes 0..N-1, merge t makes node N + t
  double* cost;    // (N - 1); of EEE, the relative growth of the determinant, or 0 while that is zero
};

// Asked now and then, at least every few hundredths of a second; true ends the work.
struct Interruption {
  bool (*requested)(void* context);
  void* context;
};

struct MergeMemory {
  ptrdiff_t numbers;   // doubles
  ptrdiff_t integers;  // int64_t
};

// The entry points of one instruction set.
struct MergeKernels {
  MergeMemory (*memory)(const GroupsToMerge&, MergeModel);
  // Returns whether it came to the end. Memory is the caller's, of the size that memory() says, aligned to 64 bytes.
  bool (*merge)(const GroupsToMerge&, const MergeCriterion&, const Interruption&, const Merges&, double* numbers,
                int64_t* integers);
};

namespace baseline {
extern const MergeKernels merge_kernels;
}
#if defined(__x86_64__)
namespace avx2 {
extern const MergeKernels merge_kernels;
}
namespace avx512 {
extern const MergeKernels merge_kernels;
}
#endif

}  // namespace gaussmix
