// The scatter of all components together, at the price of one component's.
//
// With r_k the responsibilities for a row x of weight w, and m = sum of r_k mean_k,
//
//   sum over k of w r_k (x - mean_k)(x - mean_k)' = w (x - m)(x - m)' + sum over j < k of w r_j r_k (mean_j - mean_k)(...)',
//
// in which all terms are positive and nothing cancels. The sums of w r_j r_k, the overlaps, are taken over the rows; their
// matrices are added when all rows are done.
#pragma once

#include "accumulate_large.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

inline void clear_row_means(const Layout& l, double* scratch) {
  for (ptrdiff_t b = 0; b < l.block_rows; ++b) scratch[l.matters_to + b] = 0.0;
  double* row_means = scratch + l.row_means;
  for (ptrdiff_t i = 0; i < (l.block_rows + 1) * l.padded; ++i) row_means[i] = 0.0;
}

// Adds a component's mean, times w r_k, to the means of the rows that matter to it.
inline void add_to_row_means(const Layout& l, const double* mean, const int64_t* chosen, const double* weight,
                             ptrdiff_t n, double* scratch) {
  for (ptrdiff_t b = 0; b < n; ++b) {
    double* row_mean = scratch + l.row_means + chosen[b] * l.padded;
    const Vector r = broadcast(weight[b]);
    scratch[l.matters_to + chosen[b]] += 1.0;
    for (ptrdiff_t j = 0; j < l.padded; j += WIDTH) store(row_mean + j, load(row_mean + j) + r * load(mean + j));
  }
}

// Moves the rows that matter to several components to the front of the responsibilities, and of the reciprocals of weights
// beside them; returns how many tiles they fill. Where components are far apart these are few.
inline ptrdiff_t shared_rows(const Layout& l, ptrdiff_t tiles, double* scratch) {
  const ptrdiff_t K = l.components;
  double* joint = scratch + l.joint;
  double* inverse = scratch + l.reciprocal;
  ptrdiff_t n = 0;
  const auto place = [&](ptrdiff_t b, ptrdiff_t k) { return (b / TILE * K + k) * TILE + b % TILE; };
  for (ptrdiff_t b = 0; b < tiles * TILE; ++b) {
    if (scratch[l.matters_to + b] < 2.0) continue;
    if (n < b)
      for (ptrdiff_t k = 0; k < K; ++k) joint[place(n, k)] = joint[place(b, k)];
    inverse[n++] = inverse[b];
  }
  const ptrdiff_t shared = (n + TILE - 1) / TILE;
  for (; n < shared * TILE; ++n) inverse[n] = 0.0;
  return shared;
}

inline void add_overlaps_of_block(const Layout& l, ptrdiff_t tiles, const double* scratch, double* overlap) {
  const ptrdiff_t K = l.components;
  if (tiles == 0) return;
  for (ptrdiff_t k = 1; k < K; ++k)
    for (ptrdiff_t j = 0; j < k; ++j, ++overlap) {
      Vector sum[2] = {};
      for (ptrdiff_t t = 0; t < tiles; ++t) {
        const double* r_j = scratch + l.joint + (t * K + j) * TILE;
        const double* r_k = scratch + l.joint + (t * K + k) * TILE;
        const double* inverse = scratch + l.reciprocal + t * TILE;
        GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v)
          sum[v % 2] += load(r_j + v * WIDTH) * (load(r_k + v * WIDTH) * load(inverse + v * WIDTH));
      }
      *overlap += sum_of_lanes(sum[0] + sum[1]);
    }
}

// Adds the scatter about row means and the overlaps; the responsibilities are those times weight.
inline void accumulate_about_row_means(const Layout& l, ptrdiff_t tiles, double* scratch, double* sums) {
  double* row_means = scratch + l.row_means;
  const double* zeros = row_means + l.block_rows * l.padded;
  const double* row_weight = scratch + l.weight;
  int64_t* chosen = reinterpret_cast<int64_t*>(scratch + l.chosen);
  double* weight = scratch + l.chosen_weight;
  double* inverse = scratch + l.reciprocal;
  ptrdiff_t n = 0;
  for (ptrdiff_t b = 0; b < tiles * TILE; ++b) {
    inverse[b] = 0.0;
    // The reciprocal of less than this can be infinite.
    if (!(row_weight[b] >= 2.3e-308)) continue;
    inverse[b] = 1.0 / row_weight[b];
    const double* z = scratch + l.z_rows + b * l.padded;
    double* difference = row_means + b * l.padded;
    for (ptrdiff_t j = 0; j < l.padded; j += WIDTH) store(difference + j, load(z + j) - load(difference + j) * inverse[b]);
    chosen[n] = b;
    weight[n++] = row_weight[b];
  }
  // First moments about row means are of no use.
  accumulate_matrix(l, row_means, zeros, chosen, weight, n, scratch + l.panel, scratch + l.trace, sums + l.second);
  add_overlaps_of_block(l, shared_rows(l, tiles, scratch), scratch, sums + l.overlaps);
}

// Adds to the scatter matrix (D, D), its lower triangle, what the overlaps make of differences between means.
inline void add_overlaps(const Task& task, const Layout& l, const double* overlaps, double* matrix) {
  const ptrdiff_t D = l.features;
  for (ptrdiff_t k = 1; k < l.components; ++k)
    for (ptrdiff_t j = 0; j < k; ++j, ++overlaps) {
      if (*overlaps == 0.0) continue;
      const double* a = task.density.means + j * D;
      const double* b = task.density.means + k * D;
      for (ptrdiff_t row = 0; row < D; ++row) {
        const double weighted = *overlaps * (a[row] - b[row]);
        for (ptrdiff_t column = 0; column <= row; ++column)
          matrix[row * D + column] += weighted * (a[column] - b[column]);
      }
    }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
