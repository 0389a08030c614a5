// What k-means and its seeds ask of rows: how far the centres are, and which is the nearest.
//
// The task's density is read as centres: form scalar, factors one, constants zero.
#pragma once

#include "load.hpp"
#include "log_joint.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

inline void load_weights(const Rows& rows, const RowRange& range, double* weight) {
  for (ptrdiff_t b = 0; b < range.count; ++b)
    weight[b] = rows.weight ? rows.weight[(range.first + b) * rows.weight_stride] : 1.0;
  for (ptrdiff_t b = range.count; b % TILE; ++b) weight[b] = 0.0;
}

// Adds to sums (K) the weighted sums over rows of their squared distance from each centre, or of the row's bound where
// that is less. Unless it is null, distances (K, N) is filled with the terms.
template <int FEATURES>
void distances_of_block(const Task& task, const Layout& l, const RowRange& range, const double* bound,
                        double* distances, double* sums, double* scratch) {
  const ptrdiff_t K = l.components, tiles = (range.count + TILE - 1) / TILE;
  double* weight = scratch + l.weight;
  double* least = scratch + l.log_density;
  load_block<FEATURES>(task.rows, range, l, scratch, false);
  load_weights(task.rows, range, weight);
  for (ptrdiff_t b = 0; b < tiles * TILE; ++b) least[b] = b < range.count ? bound[range.first + b] : 0.0;
  log_joint_of_form<FEATURES>(task, l, nullptr, tiles, scratch);
  for (ptrdiff_t k = 0; k < K; ++k) {
    Vector sum = {};
    double* out = distances ? distances + k * task.rows.n_rows + range.first : nullptr;
    for (ptrdiff_t t = 0; t < tiles; ++t)
      for (ptrdiff_t b = t * TILE; b < (t + 1) * TILE; b += WIDTH) {
        const Vector distance = load(scratch + l.joint + (t * K + k) * TILE + b % TILE) * -2.0;
        const Vector nearest = minimum(distance, load(least + b));
        sum += nearest * load(weight + b);
        if (!out) continue;
        if (b + WIDTH <= range.count) {
          store(out + b, nearest);
        } else {
          for (ptrdiff_t lane = 0; b + lane < range.count; ++lane) out[b + lane] = nearest[lane];
        }
      }
    sums[k] += sum_of_lanes(sum);
  }
}

// Distances that differ by less than this part of them are the same: rounding must not decide to which of two centres a
// row belongs that lies in the middle.
constexpr double SAME_DISTANCE = 1e-12;

// Adds to counts (K) and first (K, D) the weights, and weighted differences from the centre, of the rows nearest to each
// centre. Rows that are as near to several are shared among them.
template <int FEATURES>
void assign_block(const Task& task, const Layout& l, const RowRange& range, double* sums, double* scratch) {
  const ptrdiff_t D = FEATURES ? FEATURES : l.features, K = l.components;
  const ptrdiff_t tiles = (range.count + TILE - 1) / TILE;
  double* weight = scratch + l.weight;
  load_block<FEATURES>(task.rows, range, l, scratch, false);
  load_weights(task.rows, range, weight);
  log_joint_of_form<FEATURES>(task, l, nullptr, tiles, scratch);
  for (ptrdiff_t t = 0; t < tiles; ++t) {
    int64_t nearest[TILE];
    double limit[TILE];  // what is at least this belongs to the nearest
    bool ties = false;
    GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v) {
      const double* joint = scratch + l.joint + t * K * TILE + v * WIDTH;
      Vector best = load(joint), second = broadcast(-INFINITE);
      Integers label = {};
      for (ptrdiff_t k = 1; k < K; ++k) {
        const Vector value = load(joint + k * TILE);
        const Integers better = value > best, number = Integers{} + int64_t(k);
        second = maximum(second, minimum(value, best));
        best = better ? value : best;
        label = better ? number : label;
      }
      const Vector least = best * (1.0 + SAME_DISTANCE);  // they are negative
      ties |= any_at_least(second, least);
      store(limit + v * WIDTH, least);
      for (int lane = 0; lane < WIDTH; ++lane) nearest[v * WIDTH + lane] = label[lane];
    }
    const ptrdiff_t n = range.count - t * TILE < TILE ? range.count - t * TILE : TILE;
    for (ptrdiff_t b = 0; b < n; ++b) {
      const double* z = scratch + l.z + t * D * TILE + b;
      const auto add = [&](int64_t k, double w) __attribute__((always_inline)) {
        const double* center = task.density.means + k * D;
        double* first = sums + K + k * D;
        sums[k] += w;
        GAUSSMIX_UNROLL for (ptrdiff_t j = 0; j < D; ++j) first[j] += w * (z[j * TILE] - center[j]);
      };
      const double w = weight[t * TILE + b];
      if (__builtin_expect(!ties, 1)) {
        add(nearest[b], w);
        continue;
      }
      const double* joint = scratch + l.joint + t * K * TILE + b;
      int64_t n_nearest = 0;
      for (ptrdiff_t k = 0; k < K; ++k) n_nearest += joint[k * TILE] >= limit[b];
      for (ptrdiff_t k = 0; k < K; ++k)
        if (joint[k * TILE] >= limit[b]) add(k, w / double(n_nearest));
    }
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
