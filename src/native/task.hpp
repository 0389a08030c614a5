// What kernels are asked to do, in plain data. Index conventions: N rows, D features, K components.
//
// Kernels are compiled once an instruction set. What stands here is shared by all of them and by the code
// that calls them, so it holds data and declarations only: a function defined here could be emitted by the
// object that was compiled for the newest processor and then be called on the oldest.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gaussmix {

// The values are those of gaussmix.core.density.FactorForm.
enum class Form : int { full = 0, shared = 1, diagonal = 2, scalar = 3 };

// The values are those of gaussmix.core.statistics.Moments.
enum class Moments : int { none = 0, full = 1, pooled = 2, diagonal = 3, trace = 4 };

// A table of numbers in whatever order it lies; strides are in elements and may be negative or zero.
struct Rows {
  const void* x;
  bool single_precision;
  int64_t n_rows;
  ptrdiff_t row_stride;
  ptrdiff_t column_stride;
  const double* shift;   // working coordinates are (x - shift) * scale
  const double* scale;
  const double* weight;  // null: every row counts once
  ptrdiff_t weight_stride;
};

struct Density {
  const double* log_constants;  // (K)
  const double* means;          // (K, D)
  const double* factor;         // as the form says: (K, D, D), (D, D), (K, D) or (K)
  Form form;
};

struct Task {
  Rows rows;
  Density density;
  Moments moments;
  ptrdiff_t n_features;
  ptrdiff_t n_components;
};

// How much memory a task takes and how many rows are worked on at once. Sizes are numbers of doubles.
struct Plan {
  ptrdiff_t block_rows;
  ptrdiff_t packed_size;   // density as kernels read it, shared by all threads
  ptrdiff_t sums_size;     // sums of one chunk of rows: a flat array, so that merging is addition
  ptrdiff_t scratch_size;  // one a thread
};

struct Statistics {
  double* counts;  // (K)
  double* first;   // (K, D)
  double* second;  // as the moments say
  double log_likelihood;
  double total_weight;
};

// What to say of each row; null where it is not asked for.
struct Outputs {
  double* log_density;       // (N)
  int64_t* label;            // (N)
  double* probability;       // (N)
  double* responsibilities;  // (N, K)
  double log_jacobian;
};

// The entry points of one instruction set. All memory is the caller's and aligned to 64 bytes.
struct Kernels {
  const char* name;
  Plan (*plan)(const Task&);
  void (*pack)(const Task&, double* packed);
  // Adds rows [begin, end) to sums, which were zero at the beginning of the chunk.
  void (*expect)(const Task&, const double* packed, int64_t begin, int64_t end, double* sums,
                 double* scratch);
  void (*finish)(const Task&, const double* sums, Statistics*);
  void (*evaluate)(const Task&, const double* packed, int64_t begin, int64_t end, const Outputs&,
                   double* scratch);
  // See nearest.hpp.
  void (*distances)(const Task&, const double* bound, int64_t begin, int64_t end, double* distances, double* sums,
                    double* scratch);
  void (*assign)(const Task&, int64_t begin, int64_t end, double* sums, double* scratch);
  // See cholesky.hpp; scratch holds 2 D (D + 7) numbers.
  bool (*whitening_factor)(const double* covariance, ptrdiff_t n_features, double* factor, double* scratch);
  // Element by element, for tests of the vector functions.
  void (*exp)(const double* x, double* y, ptrdiff_t n);
  void (*log)(const double* x, double* y, ptrdiff_t n);
};

}  // namespace gaussmix
