// Reading rows: whatever their order and precision, into tiles in working coordinates.
#pragma once

#include "layout.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Which rows a block holds: `count` from `first` on, or those that `number` lists.
struct RowRange {
  int64_t first;
  const int64_t* number;
  ptrdiff_t count;
};

GAUSSMIX_INLINE int64_t row_number(const RowRange& range, ptrdiff_t i) {
  return range.number ? range.number[i] : range.first + i;
}

template <typename Real>
inline void load_tiles(const Rows& rows, const RowRange& range, ptrdiff_t D, double* z) {
  const Real* x = static_cast<const Real*>(rows.x);
  const ptrdiff_t rs = rows.row_stride, cs = rows.column_stride;
  for (ptrdiff_t start = 0; start < range.count; start += TILE, z += TILE * D) {
    const ptrdiff_t n = range.count - start < TILE ? range.count - start : TILE;
    for (ptrdiff_t j = 0; j < D; ++j) {
      const double shift = rows.shift[j], scale = rows.scale[j];
      double* out = z + j * TILE;
      if (range.number) {
        for (ptrdiff_t b = 0; b < n; ++b)
          out[b] = (double(x[range.number[start + b] * rs + j * cs]) - shift) * scale;
      } else {
        const Real* in = x + (range.first + start) * rs + j * cs;
        if (rs == 1) {
          for (ptrdiff_t b = 0; b < n; ++b) out[b] = (double(in[b]) - shift) * scale;
        } else {
          for (ptrdiff_t b = 0; b < n; ++b) out[b] = (double(in[b * rs]) - shift) * scale;
        }
      }
      // Rows that fill up the tile weigh nothing, but must not be NaN.
      for (ptrdiff_t b = n; b < TILE; ++b) out[b] = 0.0;
    }
  }
}

// The same numbers row by row, rows padded with zeros to a multiple of PANEL, from tiles.
inline void rows_of_tiles(const double* z, ptrdiff_t count, ptrdiff_t D, ptrdiff_t padded, double* z_rows) {
  for (ptrdiff_t start = 0; start < count; start += TILE, z += TILE * D) {
    for (ptrdiff_t b = 0; b < TILE; ++b) {
      double* out = z_rows + (start + b) * padded;
      for (ptrdiff_t j = 0; j < D; ++j) out[j] = z[j * TILE + b];
      for (ptrdiff_t j = D; j < padded; ++j) out[j] = 0.0;
    }
  }
}

inline void load_block(const Rows& rows, const RowRange& range, const Layout& l, double* scratch, bool by_rows) {
  double* z = scratch + l.z;
  if (rows.single_precision)
    load_tiles<float>(rows, range, l.features, z);
  else
    load_tiles<double>(rows, range, l.features, z);
  if (by_rows) rows_of_tiles(z, range.count, l.features, l.padded, scratch + l.z_rows);
}

// Fills `number` and `weight` with the rows from `next` on that have a weight, until there are `room`.
// Returns their number and moves `next`.
inline ptrdiff_t weighted_rows(const Rows& rows, int64_t& next, int64_t end, ptrdiff_t room, int64_t* number,
                               double* weight) {
  ptrdiff_t n = 0;
  for (; next < end && n < room; ++next) {
    const double w = rows.weight[next * rows.weight_stride];
    number[n] = next;
    weight[n] = w;
    n += w > 0.0;
  }
  return n;
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
