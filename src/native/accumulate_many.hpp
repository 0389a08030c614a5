// Sums over rows for many features, of all components.
#pragma once

#include "pooled.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

inline void accumulate_large(const Task& task, const Layout& l, const double* packed, ptrdiff_t tiles,
                             int64_t chunk_rows, double* scratch, double* sums) {
  const ptrdiff_t K = l.components, stride = K * TILE;
  const double* z_rows = scratch + l.z_rows;
  int64_t* chosen = reinterpret_cast<int64_t*>(scratch + l.chosen);
  double* weight = scratch + l.chosen_weight;
  if (l.about_row_means) clear_row_means(l, scratch);
  for (ptrdiff_t k = 0; k < K; ++k) {
    double* joint = scratch + l.joint + k * TILE;
    const double count = weigh(tiles, stride, joint, scratch + l.reciprocal);
    sums[l.counts + k] += count;
    const double threshold =
        l.sparse ? negligible(sums[l.counts + k], task.density.log_constants[k],
                              least_lane(load(scratch + l.lowest + k * WIDTH)), chunk_rows)
                 : 0.0;
    const ptrdiff_t n = choose(tiles, stride, joint, threshold, chosen, weight);
    if (n == 0) continue;
    const double* mean = packed + l.padded_means + k * l.padded;
    double* first = sums + l.first + k * l.padded;
    double* second = sums + l.second;
    switch (task.moments) {
      case Moments::full:
        second += k * triangle(l.panels) * PANEL * PANEL;
        [[fallthrough]];
      case Moments::pooled:
        if (l.about_row_means) {
          add_to_row_means(l, mean, chosen, weight, n, scratch);
          accumulate_all_features<false>(l, z_rows, mean, chosen, weight, n, first, nullptr);
          break;
        }
        accumulate_matrix(l, z_rows, mean, chosen, weight, n, scratch + l.panel, first, second);
        break;
      case Moments::diagonal:
        accumulate_all_features<true>(l, z_rows, mean, chosen, weight, n, first, second + k * l.padded);
        break;
      case Moments::trace: {
        double* features = scratch + l.trace;
        for (ptrdiff_t j = 0; j < l.padded; ++j) features[j] = 0.0;
        accumulate_all_features<true>(l, z_rows, mean, chosen, weight, n, first, features);
        Vector total = {};
        for (ptrdiff_t j = 0; j < l.padded; j += WIDTH) total += load(features + j);
        second[k] += sum_of_lanes(total);
        break;
      }
      case Moments::none:
        accumulate_all_features<false>(l, z_rows, mean, chosen, weight, n, first, nullptr);
        break;
    }
  }
  if (l.about_row_means) accumulate_about_row_means(l, tiles, scratch, sums);
}

inline void finish_large(const Task& task, const Layout& l, const double* sums, Statistics* out) {
  const ptrdiff_t D = l.features, K = l.components;
  for (ptrdiff_t k = 0; k < K; ++k) {
    out->counts[k] = sums[l.counts + k];
    for (ptrdiff_t j = 0; j < D; ++j) out->first[k * D + j] = sums[l.first + k * l.padded + j];
  }
  const double* second = sums + l.second;
  switch (task.moments) {
    case Moments::full:
    case Moments::pooled: {
      const ptrdiff_t matrices = task.moments == Moments::full ? K : 1;
      for (ptrdiff_t k = 0; k < matrices; ++k) {
        const double* squares = second + k * triangle(l.panels) * PANEL * PANEL;
        double* matrix = out->second + k * D * D;
        for (ptrdiff_t i = 0; i < D; ++i)
          for (ptrdiff_t j = 0; j <= i; ++j) matrix[i * D + j] = squares[place_in_squares(i, j)];
        if (l.about_row_means) add_overlaps(task, l, sums + l.overlaps, matrix);
        for (ptrdiff_t i = 0; i < D; ++i)
          for (ptrdiff_t j = 0; j < i; ++j) matrix[j * D + i] = matrix[i * D + j];
      }
      break;
    }
    case Moments::diagonal:
      for (ptrdiff_t k = 0; k < K; ++k)
        for (ptrdiff_t j = 0; j < D; ++j) out->second[k * D + j] = second[k * l.padded + j];
      break;
    case Moments::trace:
      for (ptrdiff_t k = 0; k < K; ++k) out->second[k] = second[k];
      break;
    case Moments::none:
      break;
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
