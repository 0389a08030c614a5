// Squared Mahalanobis distances with a triangular factor, and products with it, for many features.
//
// The factor is packed in panels of up to PANEL_ROWS of its rows: first the columns left of the panel's triangle,
// each with all its rows, then the triangle, column by column from the diagonal down. The incomplete panel comes
// first, where rows are shortest. One pass over a panel multiplies it with POINTS vectors of rows of data at once:
// PANEL_ROWS x POINTS accumulators in registers.
#pragma once

#include "layout.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

constexpr int POINTS = REGISTERS >= 32 ? 4 : 2;
constexpr int PANEL_ROWS = REGISTERS >= 32 || WIDTH == 4 ? 6 : 4;

constexpr int first_panel(ptrdiff_t D) { return D % PANEL_ROWS ? int(D % PANEL_ROWS) : PANEL_ROWS; }

// factor: (D, D) lower triangular, by rows.
inline void pack_factor(const double* factor, ptrdiff_t D, double* packed) {
  ptrdiff_t height = first_panel(D);
  for (ptrdiff_t top = 0; top < D; top += height, height = PANEL_ROWS) {
    for (ptrdiff_t j = 0; j < top + height; ++j)
      for (ptrdiff_t i = j > top ? j : top; i < top + height; ++i) *packed++ = factor[i * D + j];
  }
}

struct SumOfSquares {
  Vector sum[POINTS];
  GAUSSMIX_INLINE void take(ptrdiff_t, int point, Vector value) { sum[point] += value * value; }
};

struct StoredProduct {
  double* out;  // a tile, from the first of these points on
  GAUSSMIX_INLINE void take(ptrdiff_t row, int point, Vector value) {
    store(out + row * TILE + point * WIDTH, value);
  }
};

// Rows [top, top + HEIGHT) of the factor times POINTS vectors of the tile; returns the end of the panel.
template <int HEIGHT, typename Result>
GAUSSMIX_INLINE const double* multiply_panel(const double* panel, const double* tile, ptrdiff_t top,
                                             Result& result) {
  Vector sum[HEIGHT][POINTS] = {};
  for (ptrdiff_t j = 0; j < top; ++j, panel += HEIGHT) {
    Vector x[POINTS];
    GAUSSMIX_UNROLL for (int v = 0; v < POINTS; ++v) x[v] = load(tile + j * TILE + v * WIDTH);
    GAUSSMIX_UNROLL for (int i = 0; i < HEIGHT; ++i) {
      const Vector a = broadcast(panel[i]);
      GAUSSMIX_UNROLL for (int v = 0; v < POINTS; ++v) sum[i][v] += a * x[v];
    }
  }
  GAUSSMIX_UNROLL for (int j = 0; j < HEIGHT; ++j) {
    Vector x[POINTS];
    GAUSSMIX_UNROLL for (int v = 0; v < POINTS; ++v) x[v] = load(tile + (top + j) * TILE + v * WIDTH);
    GAUSSMIX_UNROLL for (int i = j; i < HEIGHT; ++i) {
      const Vector a = broadcast(*panel++);
      GAUSSMIX_UNROLL for (int v = 0; v < POINTS; ++v) sum[i][v] += a * x[v];
    }
  }
  GAUSSMIX_UNROLL for (int i = 0; i < HEIGHT; ++i)
    GAUSSMIX_UNROLL for (int v = 0; v < POINTS; ++v) result.take(top + i, v, sum[i][v]);
  return panel;
}

// The packed factor times POINTS vectors of the tile.
template <typename Result>
inline void multiply(const double* factor, const double* tile, ptrdiff_t D, Result& result) {
  const int height = first_panel(D);
  switch (height) {
    case 1: factor = multiply_panel<1>(factor, tile, 0, result); break;
    case 2: factor = multiply_panel<2>(factor, tile, 0, result); break;
    case 3: factor = multiply_panel<3>(factor, tile, 0, result); break;
    case 4: factor = multiply_panel<4>(factor, tile, 0, result); break;
    case 5: factor = multiply_panel<PANEL_ROWS < 5 ? 1 : 5>(factor, tile, 0, result); break;
    default: factor = multiply_panel<PANEL_ROWS>(factor, tile, 0, result); break;
  }
  for (ptrdiff_t top = height; top < D; top += PANEL_ROWS)
    factor = multiply_panel<PANEL_ROWS>(factor, tile, top, result);
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
