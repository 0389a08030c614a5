// Sums over the few rows of a block that matter to a component: held as for many features, for which rows are read one by
// one and need not be brought side by side, and added to the sums by lanes when the chunk is done.
#pragma once

#include "accumulate_large.hpp"
#include "load.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Whether it takes less to sum n rows by features, squares of panels being full, than all rows by lanes.
GAUSSMIX_INLINE bool few_enough(const Layout& l, ptrdiff_t n, ptrdiff_t rows) {
  return n * triangle(l.panels) * PANEL * PANEL <= rows * triangle(l.features + 1);
}

// Of a component: the count, then first moments, then the scatter in squares.
GAUSSMIX_INLINE double* few_of(const Layout& l, double* scratch, ptrdiff_t k) {
  return scratch + l.few + k * l.few_stride;
}

// The count is that of all rows of the block.
inline void accumulate_few(const Layout& l, const double* mean, const int64_t* chosen, const double* weight, ptrdiff_t n,
                           double count, double* scratch, ptrdiff_t k) {
  double* few = few_of(l, scratch, k);
  few[0] += count;
  accumulate_matrix(l, scratch + l.z_rows, mean, chosen, weight, n, scratch + l.panel, few + PANEL,
                    few + PANEL + l.padded);
}

// Adds them to the sums of a chunk: the triangle of scatter, first moments and count of each component.
inline void add_few(const Layout& l, double* scratch, double* sums) {
  const ptrdiff_t D = l.features;
  if (l.few_stride == 0) return;
  for (ptrdiff_t k = 0; k < l.components; ++k) {
    const double* few = few_of(l, scratch, k);
    double* out = sums + l.counts + k * l.lanes_stride;
    for (ptrdiff_t i = 0; i < D; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) out[triangle(i) + j] += few[PANEL + l.padded + place_in_squares(i, j)];
    for (ptrdiff_t j = 0; j < D; ++j) out[triangle(D) + j] += few[PANEL + j];
    out[triangle(D) + D] += few[0];
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
