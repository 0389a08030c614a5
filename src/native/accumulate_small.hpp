// Sums over rows for few features: one vector over lanes a sum, the number of features known when compiling.
#pragma once

#include "accumulate_few.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Registers that may be taken by sums; the others hold differences.
constexpr int SUM_REGISTERS = REGISTERS >= 32 ? 22 : 10;

constexpr int first_sum(int row) { return row * (row + 1) / 2; }

// Where to stop so that rows [begin, end) of the triangle fit into registers.
constexpr int last_row(int begin, int rows) {
  int end = begin + 1;
  while (end < rows && first_sum(end + 1) - first_sum(begin) <= SUM_REGISTERS) ++end;
  return end;
}

// Responsibilities times weight: numerators still to be multiplied by `reciprocal`, or, that being null, as they are.
template <bool WEIGHED>
struct Weights {
  const double* numerator;
  ptrdiff_t stride;  // from tile to tile
  const double* reciprocal;

  GAUSSMIX_INLINE Vector at(ptrdiff_t tile, int v) const {
    const Vector r = load(numerator + tile * stride + v * WIDTH);
    return WEIGHED ? r : r * load(reciprocal + tile * TILE + v * WIDTH);
  }
};

// Rows [BEGIN, ...) of the lower triangle of sum r (d, 1)(d, 1)', whose last row are first moments and count.
template <int D, int BEGIN, bool WEIGHED>
inline void accumulate_triangle(const double* mean, const Weights<WEIGHED>& weights, ptrdiff_t tiles,
                                const double* z, double* sums) {
  constexpr int END = last_row(BEGIN, D + 1);
  constexpr int SUMS = first_sum(END) - first_sum(BEGIN);
  constexpr int COLUMNS = END < D ? END : D;
  double* out = sums + first_sum(BEGIN) * WIDTH;
  Vector sum[SUMS];
  GAUSSMIX_UNROLL for (int s = 0; s < SUMS; ++s) sum[s] = load(out + s * WIDTH);
  for (ptrdiff_t t = 0; t < tiles; ++t) {
    for (int v = 0; v < VECTORS; ++v) {
      const double* x = z + t * D * TILE + v * WIDTH;
      const Vector r = weights.at(t, v);
      Vector d[COLUMNS];
      GAUSSMIX_UNROLL for (int j = 0; j < COLUMNS; ++j) d[j] = load(x + j * TILE) - mean[j];
      GAUSSMIX_UNROLL for (int i = BEGIN; i < END; ++i) {
        const Vector weighted = i < D ? r * d[i] : r;
        GAUSSMIX_UNROLL for (int j = 0; j <= i; ++j) {
          if (j < D)
            sum[first_sum(i) - first_sum(BEGIN) + j] += weighted * d[j];
          else
            sum[first_sum(i) - first_sum(BEGIN) + j] += weighted;
        }
      }
    }
  }
  GAUSSMIX_UNROLL for (int s = 0; s < SUMS; ++s) store(out + s * WIDTH, sum[s]);
  if constexpr (END <= D) accumulate_triangle<D, END>(mean, weights, tiles, z, sums);
}

// Count, first moments and, if SQUARES, second moments feature by feature.
template <int D, bool SQUARES, bool WEIGHED>
inline void accumulate_axes(const double* mean, const Weights<WEIGHED>& weights, ptrdiff_t tiles,
                            const double* z, double* sums) {
  Vector count = load(sums), first[D], second[D] = {};
  GAUSSMIX_UNROLL for (int j = 0; j < D; ++j) {
    first[j] = load(sums + (1 + j) * WIDTH);
    if (SQUARES) second[j] = load(sums + (1 + D + j) * WIDTH);
  }
  for (ptrdiff_t t = 0; t < tiles; ++t) {
    for (int v = 0; v < VECTORS; ++v) {
      const double* x = z + t * D * TILE + v * WIDTH;
      const Vector r = weights.at(t, v);
      count += r;
      GAUSSMIX_UNROLL for (int j = 0; j < D; ++j) {
        const Vector d = load(x + j * TILE) - mean[j];
        const Vector weighted = r * d;
        first[j] += weighted;
        if (SQUARES) second[j] += weighted * d;
      }
    }
  }
  store(sums, count);
  GAUSSMIX_UNROLL for (int j = 0; j < D; ++j) {
    store(sums + (1 + j) * WIDTH, first[j]);
    if (SQUARES) store(sums + (1 + D + j) * WIDTH, second[j]);
  }
}

template <int D, bool WEIGHED>
inline void accumulate_lanes(Moments moments, const double* mean, const Weights<WEIGHED>& weights, ptrdiff_t tiles,
                             const double* z, double* sums) {
  switch (moments) {
    case Moments::full:
    case Moments::pooled:
      accumulate_triangle<D, 0>(mean, weights, tiles, z, sums);
      break;
    case Moments::diagonal:
    case Moments::trace:
      // More features than that are summed by features.
      if constexpr (D <= LANES_FEATURES) accumulate_axes<D, true>(mean, weights, tiles, z, sums);
      break;
    case Moments::none:
      if constexpr (D <= LANES_FEATURES) accumulate_axes<D, false>(mean, weights, tiles, z, sums);
      break;
  }
}

template <int D>
inline void accumulate_small(const Task& task, const Layout& l, const double* packed, ptrdiff_t tiles,
                             int64_t chunk_rows, double* scratch) {
  const ptrdiff_t K = l.components, stride = K * TILE;
  const double* z = scratch + l.z;
  const double* reciprocal = scratch + l.reciprocal;
  int64_t* chosen = reinterpret_cast<int64_t*>(scratch + l.chosen);
  double* weight = scratch + l.chosen_weight;
  bool by_rows = false;  // whether the block is held by rows as well
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double* mean = task.density.means + k * D;
    double* joint = scratch + l.joint + k * TILE;
    double* sums = scratch + l.lanes + k * l.lanes_stride * WIDTH;
    if (!l.sparse) {
      const Weights<false> weights = {joint, stride, reciprocal};
      accumulate_lanes<D>(task.moments, mean, weights, tiles, z, sums);
      continue;
    }
    double* running_count = scratch + l.running_count + k;
    const double count = weigh(tiles, stride, joint, reciprocal);
    *running_count += count;
    const double threshold = negligible(*running_count, task.density.log_constants[k],
                                        least_lane(load(scratch + l.lowest + k * WIDTH)), chunk_rows);
    const ptrdiff_t n = choose(tiles, stride, joint, threshold, chosen, weight);
    if (few_enough(l, n, tiles * TILE)) {
      if (!by_rows) rows_of_tiles(z, tiles * TILE, D, l.padded, scratch + l.z_rows);
      by_rows = true;
      accumulate_few(l, packed + l.padded_means + k * l.padded, chosen, weight, n, count, scratch, k);
    } else {
      const Weights<true> weights = {joint, stride, nullptr};
      accumulate_lanes<D>(task.moments, mean, weights, tiles, z, sums);
    }
  }
}

inline void finish_small(const Task& task, const Layout& l, const double* sums, Statistics* out) {
  const ptrdiff_t D = l.features, K = l.components;
  const Moments moments = task.moments;
  const bool matrix = moments == Moments::full || moments == Moments::pooled;
  if (moments == Moments::pooled)
    for (ptrdiff_t i = 0; i < D * D; ++i) out->second[i] = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double* s = sums + l.counts + k * l.lanes_stride;
    out->counts[k] = matrix ? s[triangle(D) + D] : s[0];
    for (ptrdiff_t j = 0; j < D; ++j) out->first[k * D + j] = matrix ? s[triangle(D) + j] : s[1 + j];
    if (matrix) {
      double* second = out->second + (moments == Moments::full ? k * D * D : 0);
      for (ptrdiff_t i = 0; i < D; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j) {
          const double value = s[triangle(i) + j];
          if (moments == Moments::full)
            second[i * D + j] = second[j * D + i] = value;
          else
            second[j * D + i] = second[i * D + j] += value;
        }
    } else if (moments == Moments::diagonal) {
      for (ptrdiff_t j = 0; j < D; ++j) out->second[k * D + j] = s[1 + D + j];
    } else if (moments == Moments::trace) {
      out->second[k] = 0.0;
      for (ptrdiff_t j = 0; j < D; ++j) out->second[k] += s[1 + D + j];
    }
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
