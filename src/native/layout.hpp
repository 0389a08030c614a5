// Where things lie: a block of rows and the sums, as kernels hold them in memory.
//
// Rows are worked on in blocks, and a block is held in tiles of TILE rows, feature by feature: all loops run over
// rows side by side in a vector ("lanes"). tile t holds z[t][feature][lane]; the log-joint densities, later
// the responsibilities, are joint[t][component][lane]. Tiles, and not one long column a feature, because columns that
// are a power of two apart compete for the same few sets of the cache.
//
// Up to SMALL_FEATURES features kernels are compiled for each number of them. Sums are held in one of two ways.
// By lanes, for few features: each sum is a vector over lanes, added up only when the chunk is done. By features:
// z is held by rows as well, and vectors of sums run over features.
#pragma once

#include "simd.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

constexpr ptrdiff_t TILE = 32;
constexpr ptrdiff_t SMALL_FEATURES = 16;
// Full factors of up to so many features are multiplied without a loop, differences staying in registers.
constexpr ptrdiff_t UNROLLED_FEATURES = 12;
constexpr ptrdiff_t LANES_FEATURES = 8;  // of sums other than scatter matrices
constexpr ptrdiff_t LANES_LIMIT = 1 << 20;  // doubles that sums by lanes may take, 8 lanes taken
constexpr int VECTORS = TILE / WIDTH;

// Features are taken in panels of PANEL in sums over features; the scatter matrix is held in PANEL x PANEL squares,
// those of the lower triangle.
constexpr ptrdiff_t PANEL = WIDTH < 4 ? 4 : WIDTH;

constexpr ptrdiff_t BATCH_ROWS = 256;
constexpr ptrdiff_t BATCH_CACHE = 4096;  // doubles

constexpr ptrdiff_t up_to_multiple(ptrdiff_t n, ptrdiff_t of) { return (n + of - 1) / of * of; }

constexpr ptrdiff_t triangle(ptrdiff_t n) { return n * (n + 1) / 2; }

struct Layout {
  ptrdiff_t features;
  ptrdiff_t padded;  // features up to a multiple of PANEL
  ptrdiff_t panels;
  ptrdiff_t components;
  ptrdiff_t block_rows;
  ptrdiff_t batch_rows;  // of a block, rows whose scatter is summed at once
  bool small;
  bool by_lanes;
  bool about_row_means;  // pooled scatter: see pooled.hpp
  bool sparse;  // look for rows that do not matter to a component, and skip them

  // Packed density, offsets.
  ptrdiff_t padded_means;    // (K, padded), many features only
  ptrdiff_t whitened_means;  // (K, D), shared factor only
  ptrdiff_t factor;          // in panels of rows, see quadratic.hpp
  ptrdiff_t factor_stride;   // from component to component
  ptrdiff_t packed_size;

  // Sums, offsets. The first two are the log-likelihood and the sum of weights.
  ptrdiff_t counts;
  ptrdiff_t first;
  ptrdiff_t second;
  ptrdiff_t overlaps;      // pooled scatter about row means: one a pair of components
  ptrdiff_t lanes_stride;  // few features: sums of a component, all moments together
  ptrdiff_t sums_size;

  // Scratch, offsets.
  ptrdiff_t z;
  ptrdiff_t z_rows;
  ptrdiff_t whitened;
  ptrdiff_t joint;
  ptrdiff_t weight;
  ptrdiff_t log_density;
  ptrdiff_t reciprocal;  // weight over the sum of what was exponentiated
  ptrdiff_t lowest;      // (K) vectors: least log-joint in the block
  ptrdiff_t difference;
  ptrdiff_t running_count;  // (K), few features: counts of the chunk so far
  ptrdiff_t chosen;         // numbers of the rows that matter
  ptrdiff_t chosen_weight;  // and their weights
  ptrdiff_t trace;          // (padded)
  ptrdiff_t matters_to;     // to how many components each row matters
  ptrdiff_t row_means;      // (B, padded), then as many zeros as a row has numbers
  ptrdiff_t panel;          // differences, in panels
  ptrdiff_t lanes;          // few features: (K, lanes_stride) vectors
  ptrdiff_t few;            // sums over few rows, as for many features: see accumulate_few.hpp
  ptrdiff_t few_stride;     // from component to component
  ptrdiff_t scratch_size;
};

// Number of sums of a component that are held as vectors over lanes.
GAUSSMIX_INLINE ptrdiff_t lane_sums(Moments moments, ptrdiff_t features) {
  if (moments == Moments::full || moments == Moments::pooled) return triangle(features + 1);
  if (moments == Moments::none) return features + 1;
  return 2 * features + 1;
}

GAUSSMIX_INLINE ptrdiff_t rows_of_a_block(ptrdiff_t D, ptrdiff_t K) {
  // The more rows, the less often sums and factors, K D**2 numbers, are read and written; but the log-joints of a
  // block should stay in the second cache. Depends on D and K only, not on the instruction set.
  const ptrdiff_t budget = D <= LANES_FEATURES ? 65536 : D <= SMALL_FEATURES ? 131072 : 262144;
  const ptrdiff_t rows = budget / K / TILE * TILE;
  return rows < TILE ? TILE : rows > 256 ? 256 : rows;
}

inline Layout layout_of(const Task& task) {
  Layout l = {};
  const ptrdiff_t D = task.n_features, K = task.n_components;
  l.features = D;
  l.components = K;
  l.padded = up_to_multiple(D, PANEL);
  l.panels = l.padded / PANEL;
  const bool matrix = task.moments == Moments::full || task.moments == Moments::pooled;
  l.small = D <= SMALL_FEATURES;
  // Then no part of it takes more than the scatter of one component.
  l.about_row_means = task.moments == Moments::pooled && D > UNROLLED_FEATURES && K > 1 && K <= D &&
                      task.rows.n_rows >= 16 * K;
  l.by_lanes = D <= LANES_FEATURES ||
               (matrix && l.small && !l.about_row_means && K * lane_sums(task.moments, D) * 8 <= LANES_LIMIT);
  l.sparse = K > 1 && D > LANES_FEATURES;  // with fewer it costs more than it saves
  l.block_rows = rows_of_a_block(D, K);
  const ptrdiff_t B = l.block_rows;
  const ptrdiff_t batch = BATCH_CACHE / l.padded / 8 * 8;
  l.batch_rows = batch < 32 ? 32 : batch > BATCH_ROWS ? BATCH_ROWS : batch;
  const Form form = task.density.form;

  ptrdiff_t at = 0;
  auto take = [&at](ptrdiff_t size) {
    ptrdiff_t start = at;
    at += up_to_multiple(size, 8);
    return start;
  };

  l.padded_means = take(l.by_lanes && !l.sparse ? 0 : K * l.padded);
  l.whitened_means = take(form == Form::shared ? K * D : 0);
  l.factor_stride = up_to_multiple(triangle(D), 8);
  l.factor = take(form == Form::shared ? l.factor_stride
                  : form == Form::full && D > UNROLLED_FEATURES ? K * l.factor_stride : 0);
  l.packed_size = at;

  at = 0;
  take(2);
  const ptrdiff_t squares = triangle(l.panels) * PANEL * PANEL;
  if (l.by_lanes) {
    l.lanes_stride = lane_sums(task.moments, D);
    l.counts = take(K * l.lanes_stride);
  } else {
    l.counts = take(K);
    l.first = take(K * l.padded);
    l.second = take(task.moments == Moments::full       ? K * squares
                    : task.moments == Moments::pooled   ? squares
                    : task.moments == Moments::diagonal ? K * l.padded
                    : task.moments == Moments::trace    ? K
                                                        : 0);
    l.overlaps = take(l.about_row_means ? triangle(K - 1) : 0);
  }
  l.sums_size = at;

  at = 0;
  l.z = take(B * D);
  l.z_rows = take(l.by_lanes && !l.sparse ? 0 : B * l.padded);
  l.whitened = take(form == Form::shared ? B * D : 0);
  l.joint = take(B * K);
  l.weight = take(B);
  l.log_density = take(B);
  l.reciprocal = take(B);
  l.lowest = take(K * WIDTH);
  l.difference = take(form == Form::full && D > UNROLLED_FEATURES ? TILE * D : 0);
  l.running_count = take(l.by_lanes ? K : 0);
  l.chosen = take(B + 8);  // a vector is stored past the last
  l.chosen_weight = take(B + TILE);
  l.trace = take(l.padded);
  l.matters_to = take(l.about_row_means ? B : 0);
  l.row_means = take(l.about_row_means ? (B + 1) * l.padded : 0);
  l.panel = take(matrix && (!l.by_lanes || l.sparse) ? l.batch_rows * l.padded : 0);
  l.lanes = take(l.by_lanes ? K * l.lanes_stride * WIDTH : 0);
  l.few_stride = l.by_lanes && l.sparse ? PANEL + l.padded + squares : 0;
  l.few = take(K * l.few_stride);
  l.scratch_size = at;
  return l;
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
