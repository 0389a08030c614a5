// The entry points of one instruction set; compiled once for each.
#include "accumulate_many.hpp"
#include "accumulate_small.hpp"
#include "cholesky.hpp"
#include "load.hpp"
#include "log_joint.hpp"
#include "nearest.hpp"
#include "posterior.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {
namespace {

Plan plan(const Task& task) {
  const Layout l = layout_of(task);
  return {l.block_rows, l.packed_size, l.sums_size, l.scratch_size};
}

void pack(const Task& task, double* packed) {
  const Layout l = layout_of(task);
  const ptrdiff_t D = l.features, K = l.components;
  const Density& density = task.density;
  if (!l.by_lanes || l.sparse)
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t j = 0; j < l.padded; ++j)
        packed[l.padded_means + k * l.padded + j] = j < D ? density.means[k * D + j] : 0.0;
  if (density.form == Form::full && D > UNROLLED_FEATURES)
    for (ptrdiff_t k = 0; k < K; ++k)
      pack_factor(density.factor + k * D * D, D, packed + l.factor + k * l.factor_stride);
  if (density.form == Form::shared) {
    pack_factor(density.factor, D, packed + l.factor);
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t i = 0; i < D; ++i) {
        double sum = 0.0;
        for (ptrdiff_t j = 0; j <= i; ++j) sum += density.factor[i * D + j] * density.means[k * D + j];
        packed[l.whitened_means + k * D + i] = sum;
      }
  }
}

template <int FEATURES>
void expect_block(const Task& task, const Layout& l, const double* packed, const RowRange& range,
                  int64_t chunk_rows, double* sums, double* scratch) {
  const ptrdiff_t tiles = (range.count + TILE - 1) / TILE;
  load_block<FEATURES>(task.rows, range, l, scratch, !l.by_lanes);
  log_joint_of_form<FEATURES>(task, l, packed, tiles, scratch);
  if (range.weighted) {
    posterior<true, true>(l, tiles, scratch);
    Vector likelihood = {}, total = {}, zero = {};
    for (ptrdiff_t b = 0; b < tiles * TILE; b += WIDTH) {
      const Vector weight = load(scratch + l.weight + b);
      likelihood += select(weight > zero, weight * load(scratch + l.log_density + b), zero);
      total += weight;
    }
    sums[0] += sum_of_lanes(likelihood);
    sums[1] += sum_of_lanes(total);
  } else {
    sums[0] += l.sparse ? posterior<false, true>(l, tiles, scratch) : posterior<false, false>(l, tiles, scratch);
    sums[1] += double(range.count);
  }
  if constexpr (FEATURES > 0) {
    if (l.by_lanes) {
      accumulate_small<FEATURES>(task, l, packed, tiles, chunk_rows, scratch);
      return;
    }
  }
  accumulate_large(task, l, packed, tiles, chunk_rows, scratch, sums);
}

// Calls a function template with the number of features as a constant, 0 if they are many.
#define GAUSSMIX_WITH_FEATURES(l, function, ...)          \
  switch ((l).small ? (l).features : 0) {                 \
    case 1: function<1>(__VA_ARGS__); break;              \
    case 2: function<2>(__VA_ARGS__); break;              \
    case 3: function<3>(__VA_ARGS__); break;              \
    case 4: function<4>(__VA_ARGS__); break;              \
    case 5: function<5>(__VA_ARGS__); break;              \
    case 6: function<6>(__VA_ARGS__); break;              \
    case 7: function<7>(__VA_ARGS__); break;              \
    case 8: function<8>(__VA_ARGS__); break;              \
    case 9: function<9>(__VA_ARGS__); break;              \
    case 10: function<10>(__VA_ARGS__); break;            \
    case 11: function<11>(__VA_ARGS__); break;            \
    case 12: function<12>(__VA_ARGS__); break;            \
    case 13: function<13>(__VA_ARGS__); break;            \
    case 14: function<14>(__VA_ARGS__); break;            \
    case 15: function<15>(__VA_ARGS__); break;            \
    case 16: function<16>(__VA_ARGS__); break;            \
    default: function<0>(__VA_ARGS__); break;             \
  }

void expect(const Task& task, const double* packed, int64_t begin, int64_t end, double* sums, double* scratch) {
  const Layout l = layout_of(task);
  double* weight = scratch + l.weight;
  double* lanes = scratch + l.lanes;
  const ptrdiff_t n_lanes = l.by_lanes ? l.components * l.lanes_stride : 0;
  for (ptrdiff_t i = 0; i < n_lanes * WIDTH; ++i) lanes[i] = 0.0;
  if (l.by_lanes)
    for (ptrdiff_t k = 0; k < l.components; ++k) scratch[l.running_count + k] = 0.0;
  for (ptrdiff_t i = 0; i < l.components * l.few_stride; ++i) scratch[l.few + i] = 0.0;
  int64_t* number = reinterpret_cast<int64_t*>(scratch + l.chosen);
  for (int64_t next = begin; next < end;) {
    RowRange range = {next, nullptr, 0, false};
    if (task.rows.weight) {
      range.count = weighted_rows(task.rows, next, end, l.block_rows, number, weight);
      range.weighted = true;
      if (range.count == 0) break;
      // Where no row was left out they are read as any others.
      range.first = number[0];
      range.number = number[range.count - 1] - number[0] == range.count - 1 ? nullptr : number;
    } else {
      range.count = end - next < l.block_rows ? ptrdiff_t(end - next) : l.block_rows;
      next += range.count;
      for (ptrdiff_t b = 0; b < range.count; ++b) weight[b] = 1.0;
    }
    for (ptrdiff_t b = range.count; b < up_to_multiple(range.count, TILE); ++b) weight[b] = 0.0;
    GAUSSMIX_WITH_FEATURES(l, expect_block, task, l, packed, range, end - begin, sums, scratch);
  }
  for (ptrdiff_t i = 0; i < n_lanes; ++i) sums[l.counts + i] += sum_of_lanes(load(lanes + i * WIDTH));
  add_few(l, scratch, sums);
}

void finish(const Task& task, const double* sums, Statistics* out) {
  const Layout l = layout_of(task);
  out->log_likelihood = sums[0];
  out->total_weight = sums[1];
  if (l.by_lanes)
    finish_small(task, l, sums, out);
  else
    finish_large(task, l, sums, out);
}

template <int FEATURES>
void evaluate_block(const Task& task, const Layout& l, const double* packed, const RowRange& range,
                    const Outputs& out, double* scratch) {
  const ptrdiff_t K = l.components, tiles = (range.count + TILE - 1) / TILE;
  load_block<FEATURES>(task.rows, range, l, scratch, false);
  log_joint_of_form<FEATURES>(task, l, packed, tiles, scratch);
  posterior<true, false>(l, tiles, scratch);
  if (out.log_density)
    for (ptrdiff_t b = 0; b < range.count; ++b)
      out.log_density[range.first + b] = scratch[l.log_density + b] + out.log_jacobian;
  if (out.label || out.probability) {
    // Of the responsibilities, not of the log-joints: the label is then the place of the greatest probability
    // that is returned, ties made by rounding included.
    for (ptrdiff_t t = 0; t < tiles; ++t)
      for (int v = 0; v < VECTORS; ++v) {
        const double* joint = scratch + l.joint + t * K * TILE + v * WIDTH;
        const Vector reciprocal = load(scratch + l.reciprocal + t * TILE + v * WIDTH);
        Vector best = load(joint) * reciprocal;
        Integers label = {};
        for (ptrdiff_t k = 1; k < K; ++k) {
          const Vector r = load(joint + k * TILE) * reciprocal;
          const Integers better = r > best, number = Integers{} + int64_t(k);
          best = better ? r : best;
          label = better ? number : label;
        }
        for (int lane = 0; lane < WIDTH; ++lane) {
          const ptrdiff_t b = t * TILE + v * WIDTH + lane;
          if (b >= range.count) break;
          if (out.label) out.label[range.first + b] = label[lane];
          if (out.probability) out.probability[range.first + b] = best[lane];
        }
      }
  }
  if (out.responsibilities)
    for (ptrdiff_t b = 0; b < range.count; ++b) {
      const double* joint = scratch + l.joint + b / TILE * K * TILE + b % TILE;
      double* resp = out.responsibilities + (range.first + b) * K;
      for (ptrdiff_t k = 0; k < K; ++k) resp[k] = joint[k * TILE] * scratch[l.reciprocal + b];
    }
}

// Calls block(range) for blocks of consecutive rows.
template <typename Block>
void for_blocks(const Layout& l, int64_t begin, int64_t end, const Block& block) {
  for (int64_t next = begin; next < end; next += l.block_rows)
    block(RowRange{next, nullptr, end - next < l.block_rows ? ptrdiff_t(end - next) : l.block_rows, false});
}

void evaluate(const Task& task, const double* packed, int64_t begin, int64_t end, const Outputs& out,
              double* scratch) {
  const Layout l = layout_of(task);
  for (ptrdiff_t b = 0; b < l.block_rows; ++b) scratch[l.weight + b] = 1.0;
  for_blocks(l, begin, end, [&](const RowRange& range) {
    GAUSSMIX_WITH_FEATURES(l, evaluate_block, task, l, packed, range, out, scratch);
  });
}

void distances(const Task& task, const double* bound, int64_t begin, int64_t end, double* out, double* sums,
               double* scratch) {
  const Layout l = layout_of(task);
  for_blocks(l, begin, end, [&](const RowRange& range) {
    GAUSSMIX_WITH_FEATURES(l, distances_of_block, task, l, range, bound, out, sums, scratch);
  });
}

void assign(const Task& task, int64_t begin, int64_t end, double* sums, double* scratch) {
  const Layout l = layout_of(task);
  for_blocks(l, begin, end, [&](const RowRange& range) {
    GAUSSMIX_WITH_FEATURES(l, assign_block, task, l, range, sums, scratch);
  });
}

template <Vector (*FUNCTION)(Vector)>
void each(const double* x, double* y, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i += WIDTH) {
    const int lanes = n - i < WIDTH ? int(n - i) : WIDTH;
    Vector in = {};
    for (int lane = 0; lane < lanes; ++lane) in[lane] = x[i + lane];
    const Vector out = FUNCTION(in);
    for (int lane = 0; lane < lanes; ++lane) y[i + lane] = out[lane];
  }
}

#define GAUSSMIX_TEXT_OF(name) #name
#define GAUSSMIX_TEXT(name) GAUSSMIX_TEXT_OF(name)

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {GAUSSMIX_TEXT(GAUSSMIX_ISA), plan,   pack,             expect,    finish,   evaluate,
                         distances,                    assign, whitening_factor, each<exp>, each<log>};

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
