// Reading rows: whatever their order and precision, into tiles in working coordinates.
#pragma once

#include "layout.hpp"
#include "transpose.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Which rows a block holds: `count` from `first` on, or those that `number` lists.
struct RowRange {
  int64_t first;
  const int64_t* number;
  ptrdiff_t count;
  bool weighted;

  GAUSSMIX_INLINE int64_t row(ptrdiff_t i) const { return number ? number[i] : first + i; }
};

GAUSSMIX_INLINE Vector load_as_doubles(const double* p) { return load(p); }

GAUSSMIX_INLINE Vector load_as_doubles(const float* p) {
  typedef float Floats __attribute__((vector_size(WIDTH * 4)));
  typedef float UnalignedFloats __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
  const Floats floats = *reinterpret_cast<const UnalignedFloats*>(p);
  return __builtin_convertvector(floats, Vector);
}

// n rows from `start` on, number by number.
template <typename Real>
inline void load_one_by_one(const Rows& rows, const RowRange& range, ptrdiff_t start, ptrdiff_t n, ptrdiff_t D,
                            double* z) {
  const Real* x = static_cast<const Real*>(rows.x);
  const ptrdiff_t rs = rows.row_stride, cs = rows.column_stride;
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
  }
}

// WIDTH rows, each of which lies in one piece of at least WIDTH numbers.
template <typename Real>
inline void load_pieces(const Rows& rows, const RowRange& range, ptrdiff_t start, ptrdiff_t D, double* z) {
  const Real* row[WIDTH];
  for (int i = 0; i < WIDTH; ++i)
    row[i] = static_cast<const Real*>(rows.x) + range.row(start + i) * rows.row_stride;
  for (ptrdiff_t at = 0; at < D; at += WIDTH) {
    // The last square reaches back over columns that are done, rather than beyond the end of the row.
    const ptrdiff_t j = at + WIDTH <= D ? at : D - WIDTH;
    const Vector shift = load(rows.shift + j), scale = load(rows.scale + j);
    Vector square[WIDTH];
    GAUSSMIX_UNROLL for (int i = 0; i < WIDTH; ++i) square[i] = (load_as_doubles(row[i] + j) - shift) * scale;
    transpose(square);
    GAUSSMIX_UNROLL for (int i = 0; i < WIDTH; ++i) store(z + (j + i) * TILE, square[i]);
  }
}

// WIDTH rows of D numbers that lie one after the other.
template <int D, typename Real>
inline void load_packed(const Rows& rows, int64_t first, double* z) {
  const Real* x = static_cast<const Real*>(rows.x) + first * D;
  Vector table[D], columns[D];
  GAUSSMIX_UNROLL for (int i = 0; i < D; ++i) table[i] = load_as_doubles(x + i * WIDTH);
  deinterleave(table, columns);
  GAUSSMIX_UNROLL for (int j = 0; j < D; ++j)
    store(z + j * TILE, (columns[j] - rows.shift[j]) * rows.scale[j]);
}

// Asks for what is read soon, as far ahead as so many numbers from `at` on. Blocks are read at once and then worked on for
// a while, in which the processor's own prefetching loses the thread.
template <typename Real>
inline void prefetch(const Rows& rows, int64_t at, int64_t size) {
  constexpr int64_t AHEAD = 8192 / sizeof(Real), LINE = 64 / sizeof(Real);
  const int64_t all = rows.n_rows * rows.row_stride;
  const int64_t end = at + AHEAD + size < all ? at + AHEAD + size : all;
  const Real* x = static_cast<const Real*>(rows.x);
  for (int64_t i = at + AHEAD; i < end; i += LINE) __builtin_prefetch(x + i);
}

template <int FEATURES, typename Real>
inline void load_tiles(const Rows& rows, const RowRange& range, ptrdiff_t D, double* z) {
  constexpr bool narrow = FEATURES > 0 && FEATURES < WIDTH;
  const bool pieces = rows.column_stride == 1 && D >= WIDTH;
  const bool contiguous = !range.number && rows.column_stride == 1 && rows.row_stride == D;
  const bool packed = narrow && contiguous;
  for (ptrdiff_t start = 0; start < range.count; start += TILE, z += TILE * D) {
    const ptrdiff_t n = range.count - start < TILE ? range.count - start : TILE;
    ptrdiff_t done = 0;
    if (contiguous) prefetch<Real>(rows, (range.first + start) * D, n * D);
    if (pieces)
      for (; done + WIDTH <= n; done += WIDTH) load_pieces<Real>(rows, range, start + done, D, z + done);
    if constexpr (narrow)
      if (packed)
        for (; done + WIDTH <= n; done += WIDTH)
          load_packed<FEATURES, Real>(rows, range.first + start + done, z + done);
    if (done < n) load_one_by_one<Real>(rows, range, start + done, n - done, D, z + done);
    // Rows that fill up the tile weigh nothing, but must not be NaN.
    if (n < TILE)
      for (ptrdiff_t j = 0; j < D; ++j)
        for (ptrdiff_t b = n; b < TILE; ++b) z[j * TILE + b] = 0.0;
  }
}

// The same numbers row by row, rows padded with zeros to a multiple of PANEL, from tiles.
inline void rows_of_tiles(const double* z, ptrdiff_t count, ptrdiff_t D, ptrdiff_t padded, double* z_rows) {
  for (ptrdiff_t start = 0; start < count; start += TILE, z += TILE * D)
    for (ptrdiff_t b = 0; b < TILE; b += WIDTH)
      for (ptrdiff_t j = 0; j < padded; j += WIDTH) {
        Vector square[WIDTH] = {};
        GAUSSMIX_UNROLL for (int i = 0; i < WIDTH; ++i)
          if (j + i < D) square[i] = load(z + (j + i) * TILE + b);
        transpose(square);
        GAUSSMIX_UNROLL for (int i = 0; i < WIDTH; ++i) store(z_rows + (start + b + i) * padded + j, square[i]);
      }
}

template <int FEATURES>
inline void load_block(const Rows& rows, const RowRange& range, const Layout& l, double* scratch, bool by_rows) {
  double* z = scratch + l.z;
  if (rows.single_precision)
    load_tiles<FEATURES, float>(rows, range, l.features, z);
  else
    load_tiles<FEATURES, double>(rows, range, l.features, z);
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
