// The kernels of sums over rows for many features: vectors over features, added up over the rows that matter.
#pragma once

#include "choose.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

constexpr int PANEL_VECTORS = PANEL / WIDTH;
// Squares of the scatter matrix side by side that are summed at once.
constexpr int SQUARES = WIDTH * REGISTERS >= 64 ? (REGISTERS >= 32 && WIDTH == 2 ? 2 : 3) : 1;

// Adds, over n rows, the outer product of one panel with COUNT panels to as many squares; panels hold PANEL numbers a
// row, row after row.
template <int COUNT>
inline void accumulate_squares(const double* tall, const double* wide, ptrdiff_t panel_stride, ptrdiff_t n,
                               double* squares) {
  constexpr int VECTORS_WIDE = COUNT * PANEL_VECTORS;
  Vector sum[PANEL][VECTORS_WIDE] = {};
  for (ptrdiff_t b = 0; b < n; ++b) {
    Vector d[VECTORS_WIDE];
    GAUSSMIX_UNROLL for (int c = 0; c < COUNT; ++c)
      GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v)
        d[c * PANEL_VECTORS + v] = load(wide + c * panel_stride + b * PANEL + v * WIDTH);
    GAUSSMIX_UNROLL for (int i = 0; i < PANEL; ++i) {
      const Vector w = broadcast(tall[b * PANEL + i]);
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

// Differences of the n chosen rows from the mean, times the root of the row's weight, in panels; adds first moments.
// The scatter is the product of these panels with themselves: with the weight on one side only, two sets of panels
// would have to be written and would not fit into the cache.
inline void fill_panels(const Layout& l, const double* z_rows, const double* mean, const int64_t* chosen,
                        const double* weight, const double* root, ptrdiff_t n, double* panel, double* first) {
  for (ptrdiff_t p = 0; p < l.panels; ++p, panel += n * PANEL) {
    Vector m[PANEL_VECTORS], sum[PANEL_VECTORS];
    GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) {
      m[v] = load(mean + p * PANEL + v * WIDTH);
      sum[v] = load(first + p * PANEL + v * WIDTH);
    }
    for (ptrdiff_t b = 0; b < n; ++b) {
      const double* z = z_rows + chosen[b] * l.padded + p * PANEL;
      const Vector r = broadcast(weight[b]), s = broadcast(root[b]);
      GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) {
        const Vector d = load(z + v * WIDTH) - m[v];
        sum[v] += r * d;
        store(panel + b * PANEL + v * WIDTH, s * d);
      }
    }
    GAUSSMIX_UNROLL for (int v = 0; v < PANEL_VECTORS; ++v) store(first + p * PANEL + v * WIDTH, sum[v]);
  }
}

// Where the entry of row i and column j <= i of the scatter matrix lies.
GAUSSMIX_INLINE ptrdiff_t place_in_squares(ptrdiff_t i, ptrdiff_t j) {
  const ptrdiff_t square = triangle(i / PANEL) + j / PANEL;
  return (square * PANEL + i % PANEL) * PANEL + j % PANEL;
}

// Adds the product of n rows of panels with themselves to the lower triangle of squares.
inline void accumulate_scatter(const Layout& l, const double* panel, ptrdiff_t n, double* squares) {
  const ptrdiff_t stride = n * PANEL;
  for (ptrdiff_t i = 0; i < l.panels; ++i) {
    const double* tall = panel + i * stride;
    double* out = squares + triangle(i) * PANEL * PANEL;
    ptrdiff_t j = 0;
    for (; j + SQUARES <= i + 1; j += SQUARES)
      accumulate_squares<SQUARES>(tall, panel + j * stride, stride, n, out + j * PANEL * PANEL);
    if (SQUARES > 2 && j + 2 <= i + 1) {
      accumulate_squares<2>(tall, panel + j * stride, stride, n, out + j * PANEL * PANEL);
      j += 2;
    }
    for (; j <= i; ++j) accumulate_squares<1>(tall, panel + j * stride, stride, n, out + j * PANEL * PANEL);
  }
}

// First moments and scatter of the chosen rows, so many at a time that their panels stay in the innermost cache.
inline void accumulate_matrix(const Layout& l, const double* z_rows, const double* mean, const int64_t* chosen,
                              const double* weight, ptrdiff_t n, double* panel, double* first, double* squares) {
  double root[BATCH_ROWS];
  for (ptrdiff_t start = 0; start < n; start += l.batch_rows) {
    const ptrdiff_t batch = n - start < l.batch_rows ? n - start : l.batch_rows;
    for (ptrdiff_t b = 0; b < batch; ++b) root[b] = __builtin_sqrt(weight[start + b]);
    fill_panels(l, z_rows, mean, chosen + start, weight + start, root, batch, panel, first);
    accumulate_scatter(l, panel, batch, squares);
  }
}

// First moments and, if SQUARED, second moments of WIDE vectors of features.
template <int WIDE, bool SQUARED>
inline void accumulate_features(const double* z_rows, ptrdiff_t padded, const double* mean, const int64_t* chosen,
                                const double* weight, ptrdiff_t n, double* first, double* second) {
  // Sums depend on the sums before them: rows are added in turn to several sets of these.
  constexpr int SETS = WIDE == 1 ? 4 : WIDE == 2 ? 2 : 1;
  Vector m[WIDE], sum[SETS][WIDE] = {}, squares[SETS][WIDE] = {};
  GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) m[v] = load(mean + v * WIDTH);
  const auto add = [&](ptrdiff_t b, int set) __attribute__((always_inline)) {
    const double* z = z_rows + chosen[b] * padded;
    const Vector r = broadcast(weight[b]);
    GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) {
      const Vector d = load(z + v * WIDTH) - m[v];
      const Vector weighted = r * d;
      sum[set][v] += weighted;
      if (SQUARED) squares[set][v] += weighted * d;
    }
  };
  ptrdiff_t b = 0;
  for (; b + SETS <= n; b += SETS) GAUSSMIX_UNROLL for (int set = 0; set < SETS; ++set) add(b + set, set);
  for (; b < n; ++b) add(b, 0);
  GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) {
    GAUSSMIX_UNROLL for (int set = 1; set < SETS; ++set) {
      sum[0][v] += sum[set][v];
      if (SQUARED) squares[0][v] += squares[set][v];
    }
    store(first + v * WIDTH, load(first + v * WIDTH) + sum[0][v]);
    if (SQUARED) store(second + v * WIDTH, load(second + v * WIDTH) + squares[0][v]);
  }
}

template <bool SQUARED>
inline void accumulate_all_features(const Layout& l, const double* z_rows, const double* mean,
                                    const int64_t* chosen, const double* weight, ptrdiff_t n, double* first,
                                    double* second) {
  ptrdiff_t j = 0;
  const auto of = [&](auto wide) {
    constexpr int WIDE = decltype(wide)::value;
    accumulate_features<WIDE, SQUARED>(z_rows + j, l.padded, mean + j, chosen, weight, n, first + j,
                                       SQUARED ? second + j : nullptr);
    j += WIDE * WIDTH;
  };
  while (j + 4 * WIDTH <= l.padded) of(Constant<4>{});
  switch ((l.padded - j) / WIDTH) {
    case 1: of(Constant<1>{}); break;
    case 2: of(Constant<2>{}); break;
    case 3: of(Constant<3>{}); break;
    default: break;
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
