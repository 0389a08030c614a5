// Whitening factors: inverses of the Cholesky factors of covariances.
//
// With A = U' U, U upper triangular, the inverse wanted is W = inv(U'). Both are found row by row, PANEL_ROWS at a time:
//
//   U[i, :] = (A[i, :] - sum over m < i of U[m, i] U[m, :]) / U[i, i],   U[i, i] = root of what stands there
//   W[i, :] = (I[i, :] - sum over m < i of U[m, i] W[m, :]) / U[i, i]
//
// This is substitution, entry by entry, and not multiplication with inverses of blocks: each entry of W is accurate, which
// stretched covariances need (Higham, Accuracy and Stability of Numerical Algorithms, section 14.2).
#pragma once

#include "quadratic.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Columns [column, column + WIDE vectors) of HEIGHT rows from `row` on, less the products with the rows from `first` on
// above them. All matrices have rows of `stride` numbers.
template <int HEIGHT, int WIDE>
GAUSSMIX_INLINE void subtract_products(const double* upper, double* matrix, ptrdiff_t stride, ptrdiff_t first,
                                       ptrdiff_t row, ptrdiff_t column) {
  Vector sum[HEIGHT][WIDE] = {};
  for (ptrdiff_t m = first; m < row; ++m) {
    Vector x[WIDE];
    GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) x[v] = load(matrix + m * stride + column + v * WIDTH);
    GAUSSMIX_UNROLL for (int i = 0; i < HEIGHT; ++i) {
      const Vector a = broadcast(upper[m * stride + row + i]);
      GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) sum[i][v] += a * x[v];
    }
  }
  GAUSSMIX_UNROLL for (int i = 0; i < HEIGHT; ++i)
    GAUSSMIX_UNROLL for (int v = 0; v < WIDE; ++v) {
      double* at = matrix + (row + i) * stride + column + v * WIDTH;
      store(at, load(at) - sum[i][v]);
    }
}

// The same for columns [begin, end), multiples of WIDTH. TRIANGULAR: rows above the diagonal are zero, and so are their
// products.
template <int HEIGHT, bool TRIANGULAR>
inline void subtract_all_products(const double* upper, double* matrix, ptrdiff_t stride, ptrdiff_t row, ptrdiff_t begin,
                                  ptrdiff_t end) {
  ptrdiff_t column = begin;
  for (; column + POINTS * WIDTH <= end; column += POINTS * WIDTH)
    subtract_products<HEIGHT, POINTS>(upper, matrix, stride, TRIANGULAR ? column : 0, row, column);
  for (; column < end; column += WIDTH)
    subtract_products<HEIGHT, 1>(upper, matrix, stride, TRIANGULAR ? column : 0, row, column);
}

// Finishes HEIGHT rows from `row` on, from which the products with all rows above `row` are subtracted.
GAUSSMIX_INLINE void substitute(const double* upper, double* matrix, ptrdiff_t stride, ptrdiff_t row, ptrdiff_t height,
                                ptrdiff_t begin, ptrdiff_t end) {
  for (ptrdiff_t column = begin; column < end; column += WIDTH)
    for (ptrdiff_t i = row; i < row + height; ++i) {
      Vector x = load(matrix + i * stride + column);
      for (ptrdiff_t m = row; m < i; ++m) x -= upper[m * stride + i] * load(matrix + m * stride + column);
      store(matrix + i * stride + column, x / upper[i * stride + i]);
    }
}

// The triangle of U on the diagonal from `row` on; false if a pivot is not positive.
inline bool factorize_triangle(double* upper, ptrdiff_t stride, ptrdiff_t row, ptrdiff_t height) {
  for (ptrdiff_t i = row; i < row + height; ++i) {
    double* of_row = upper + i * stride;
    for (ptrdiff_t j = i; j < row + height; ++j) {
      double x = of_row[j];
      for (ptrdiff_t m = row; m < i; ++m) x -= upper[m * stride + i] * upper[m * stride + j];
      if (j == i && !(x > 0.0 && x < INFINITE)) return false;
      of_row[j] = j == i ? __builtin_sqrt(x) : x / of_row[i];
    }
  }
  return true;
}

template <int HEIGHT>
inline bool whitening_rows(double* upper, double* inverse, ptrdiff_t stride, ptrdiff_t row) {
  const ptrdiff_t begin = row / WIDTH * WIDTH, end = up_to_multiple(row + HEIGHT, WIDTH);
  subtract_all_products<HEIGHT, false>(upper, upper, stride, row, begin, stride);
  if (!factorize_triangle(upper, stride, row, HEIGHT)) return false;
  // Vectors that hold numbers of the triangle are done number by number.
  for (ptrdiff_t j = row + HEIGHT; j < end && j < stride; ++j)
    for (ptrdiff_t i = row; i < row + HEIGHT; ++i) {
      double x = upper[i * stride + j];
      for (ptrdiff_t m = row; m < i; ++m) x -= upper[m * stride + i] * upper[m * stride + j];
      upper[i * stride + j] = x / upper[i * stride + i];
    }
  substitute(upper, upper, stride, row, HEIGHT, end, stride);
  subtract_all_products<HEIGHT, true>(upper, inverse, stride, row, 0, end);
  substitute(upper, inverse, stride, row, HEIGHT, 0, end);
  return true;
}

// Fills factor (D, D) with the whitening factor of a covariance (D, D), of which the lower triangle is read; false if that
// is not positive definite. Scratch holds 2 D numbers a padded feature.
inline bool whitening_factor(const double* covariance, ptrdiff_t D, double* factor, double* scratch) {
  const ptrdiff_t stride = up_to_multiple(D, WIDTH);
  double* upper = scratch;
  double* inverse = scratch + D * stride;
  for (ptrdiff_t i = 0; i < 2 * D * stride; ++i) scratch[i] = 0.0;
  for (ptrdiff_t i = 0; i < D; ++i) {
    for (ptrdiff_t j = 0; j <= i; ++j) upper[j * stride + i] = covariance[i * D + j];
    inverse[i * stride + i] = 1.0;
  }
  ptrdiff_t row = 0;
  for (; row + PANEL_ROWS <= D; row += PANEL_ROWS)
    if (!whitening_rows<PANEL_ROWS>(upper, inverse, stride, row)) return false;
  for (; row < D; ++row)
    if (!whitening_rows<1>(upper, inverse, stride, row)) return false;
  for (ptrdiff_t i = 0; i < D; ++i)
    for (ptrdiff_t j = 0; j < D; ++j) factor[i * D + j] = j <= i ? inverse[i * stride + j] : 0.0;
  return true;
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
