// Sums over rows for many features: vectors over features, added up over the rows that matter.
#pragma once

#include "layout.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

constexpr int PANEL_VECTORS = PANEL / WIDTH;
// Squares of the scatter matrix side by side that are summed at once.
constexpr int SQUARES = WIDTH * REGISTERS >= 64 ? (REGISTERS >= 32 && WIDTH == 2 ? 2 : 3) : 1;

// Adds, over n rows, the outer product of a weighted panel with COUNT panels of differences; panels hold PANEL numbers
// a row, row after row.
template <int COUNT>
inline void accumulate_squares(const double* weighted, const double* panel, ptrdiff_t panel_stride, ptrdiff_t n,
                               double* squares) {
  constexpr int VECTORS_WIDE = COUNT * PANEL_VECTORS;
  Vector sum[PANEL][VECTORS_WIDE] = {};
  for (ptrdiff_t b = 0; b < n; ++b) {
    Vector d[VECTORS_WIDE];
    GAUSSMIX_UNROLL for (int c = 0; c < COUNT; ++c)
      GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v)
        d[c * PANEL_VECTORS + v] = load(panel + c * panel_stride + b * PANEL + v * WIDTH);
    GAUSSMIX_UNROLL for (int i = 0; i < PANEL; ++i) {
      const Vector w = broadcast(weighted[b * PANEL + i]);
      GAUSSMIX_UNROLL for (int v = 0; v < VECTORS_WIDE; ++v) sum[i][v] += w * d[v];
    }
  }
  GAUSSMIX_UNROLL for (int c = 0; c < COUNT; ++c)
    GAUSSMIX_UNROLL for (int i = 0; i < PANEL; ++i)
      GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) {
        double* at = squares + (c * PANEL + i) * PANEL + v * WIDTH;
        store(at, load(at) + sum[i][c * PANEL_VECTORS + v]);
      }
}

// Differences of the n chosen rows from the mean, plain and weighted, in panels; adds first moments.
inline void fill_panels(const Layout& l, const double* z_rows, const double* mean, const int64_t* chosen,
                        const double* weight, ptrdiff_t n, double* panel, double* weighted_panel, double* first) {
  for (ptrdiff_t p = 0; p < l.panels; ++p) {
    Vector m[PANEL_VECTORS], sum[PANEL_VECTORS];
    GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) {
      m[v] = load(mean + p * PANEL + v * WIDTH);
      sum[v] = load(first + p * PANEL + v * WIDTH);
    }
    for (ptrdiff_t b = 0; b < n; ++b) {
      const double* z = z_rows + chosen[b] * l.padded + p * PANEL;
      const Vector r = broadcast(weight[b]);
      GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) {
        const Vector d = load(z + v * WIDTH) - m[v];
        const Vector weighted = r * d;
        sum[v] += weighted;
        store(panel + (p * l.block_rows + b) * PANEL + v * WIDTH, d);
        store(weighted_panel + (p * l.block_rows + b) * PANEL + v * WIDTH, weighted);
      }
    }
    GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) store(first + p * PANEL + v * WIDTH, sum[v]);
  }
}

inline void accumulate_scatter(const Layout& l, const double* panel, const double* weighted_panel, ptrdiff_t n,
                               double* squares) {
  const ptrdiff_t stride = l.block_rows * PANEL;
  for (ptrdiff_t i = 0; i < l.panels; ++i) {
    const double* weighted = weighted_panel + i * stride;
    double* out = squares + triangle(i) * PANEL * PANEL;
    ptrdiff_t j = 0;
    for (; j + SQUARES <= i + 1; j += SQUARES)
      accumulate_squares<SQUARES>(weighted, panel + j * stride, stride, n, out + j * PANEL * PANEL);
    if (SQUARES > 2 && j + 2 <= i + 1) {
      accumulate_squares<2>(weighted, panel + j * stride, stride, n, out + j * PANEL * PANEL);
      j += 2;
    }
    for (; j <= i; ++j)
      accumulate_squares<1>(weighted, panel + j * stride, stride, n, out + j * PANEL * PANEL);
  }
}

// First moments and, if SQUARED, second moments feature by feature.
template <bool SQUARED>
inline void accumulate_features(const Layout& l, const double* z_rows, const double* mean, const int64_t* chosen,
                                const double* weight, ptrdiff_t n, double* first, double* second) {
  constexpr int WIDE = 4;
  for (ptrdiff_t j = 0; j < l.padded; j += WIDE * WIDTH) {
    const int wide = (l.padded - j) / WIDTH < WIDE ? int((l.padded - j) / WIDTH) : WIDE;
    if (wide == WIDE) {
      Vector m[WIDE], sum[WIDE] = {}, squares[WIDE] = {};
      GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) m[v] = load(mean + j + v * WIDTH);
      for (ptrdiff_t b = 0; b < n; ++b) {
        const double* z = z_rows + chosen[b] * l.padded + j;
        const Vector r = broadcast(weight[b]);
        GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) {
          const Vector d = load(z + v * WIDTH) - m[v];
          const Vector weighted = r * d;
          sum[v] += weighted;
          if (SQUARED) squares[v] += weighted * d;
        }
      }
      GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) {
        double* f = first + j + v * WIDTH;
        store(f, load(f) + sum[v]);
        if (SQUARED) store(second + j + v * WIDTH, load(second + j + v * WIDTH) + squares[v]);
      }
    } else {
      for (int v = 0; v < wide; ++v) {
        const ptrdiff_t at = j + v * WIDTH;
        const Vector m = load(mean + at);
        Vector sum = {}, squares = {};
        for (ptrdiff_t b = 0; b < n; ++b) {
          const Vector d = load(z_rows + chosen[b] * l.padded + at) - m;
          const Vector weighted = d * weight[b];
          sum += weighted;
          if (SQUARED) squares += weighted * d;
        }
        store(first + at, load(first + at) + sum);
        if (SQUARED) store(second + at, load(second + at) + squares);
      }
    }
  }
}

// Turns numerators into responsibilities times weight and returns their sum.
inline double weigh(ptrdiff_t tiles, ptrdiff_t stride, double* joint, const double* reciprocal) {
  Vector count[2] = {};
  for (ptrdiff_t t = 0; t < tiles; ++t)
    GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v) {
      double* e = joint + t * stride + v * WIDTH;
      const Vector r = load(e) * load(reciprocal + t * TILE + v * WIDTH);
      count[v % 2] += r;
      store(e, r);
    }
  return sum_of_lanes(count[0] + count[1]);
}

// Lists the rows whose weight is above the threshold.
inline ptrdiff_t choose(ptrdiff_t tiles, ptrdiff_t stride, const double* joint, double threshold, int64_t* chosen,
                        double* weight) {
  ptrdiff_t n = 0;
  for (ptrdiff_t t = 0; t < tiles; ++t)
    for (ptrdiff_t b = 0; b < TILE; ++b) {
      const double r = joint[t * stride + b];
      chosen[n] = t * TILE + b;
      weight[n] = r;
      n += r > threshold;
    }
  return n;
}

// A row matters to a component if it could change the component's moments in double precision. With the squared
// Mahalanobis distance at most m2, its share r d_i d_j is at most r m2 s_i s_j, s being the component's standard
// deviations, while the sums are about count s_i s_j. The threshold is so low that all rows of a chunk together stay
// below half a unit in the last place of that. (The count itself is summed over all rows.)
inline double negligible(double count, double log_constant, double lowest, int64_t chunk_rows) {
  const double m2 = 2.0 * (log_constant - lowest);
  if (!(m2 < INFINITE)) return 0.0;
  return 5.551115123125783e-17 * count / (double(chunk_rows) * (m2 > 1.0 ? m2 : 1.0));
}

inline void accumulate_large(const Task& task, const Layout& l, const double* packed, ptrdiff_t tiles,
                             int64_t chunk_rows, double* scratch, double* sums) {
  const ptrdiff_t K = l.components, stride = K * TILE;
  const double* z_rows = scratch + l.z_rows;
  int64_t* chosen = reinterpret_cast<int64_t*>(scratch + l.chosen);
  double* weight = scratch + l.chosen_weight;
  for (ptrdiff_t k = 0; k < K; ++k) {
    double* joint = scratch + l.joint + k * TILE;
    const double count = weigh(tiles, stride, joint, scratch + l.reciprocal);
    sums[l.counts + k] += count;
    if (count == 0.0) continue;
    const double threshold = negligible(sums[l.counts + k], task.density.log_constants[k],
                                        least_lane(load(scratch + l.lowest + k * WIDTH)), chunk_rows);
    const ptrdiff_t n = choose(tiles, stride, joint, threshold, chosen, weight);
    const double* mean = packed + l.padded_means + k * l.padded;
    double* first = sums + l.first + k * l.padded;
    double* second = sums + l.second;
    switch (task.moments) {
      case Moments::full:
        second += k * triangle(l.panels) * PANEL * PANEL;
        [[fallthrough]];
      case Moments::pooled:
        fill_panels(l, z_rows, mean, chosen, weight, n, scratch + l.panel, scratch + l.weighted_panel, first);
        accumulate_scatter(l, scratch + l.panel, scratch + l.weighted_panel, n, second);
        break;
      case Moments::diagonal:
        accumulate_features<true>(l, z_rows, mean, chosen, weight, n, first, second + k * l.padded);
        break;
      case Moments::trace: {
        double* features = scratch + l.trace;
        for (ptrdiff_t j = 0; j < l.padded; ++j) features[j] = 0.0;
        accumulate_features<true>(l, z_rows, mean, chosen, weight, n, first, features);
        Vector total = {};
        for (ptrdiff_t j = 0; j < l.padded; j += WIDTH) total += load(features + j);
        second[k] += sum_of_lanes(total);
        break;
      }
      case Moments::none:
        accumulate_features<false>(l, z_rows, mean, chosen, weight, n, first, nullptr);
        break;
    }
  }
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
          for (ptrdiff_t j = 0; j <= i; ++j) {
            const ptrdiff_t square = triangle(i / PANEL) + j / PANEL;
            matrix[i * D + j] = matrix[j * D + i] =
                squares[(square * PANEL + i % PANEL) * PANEL + j % PANEL];
          }
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
