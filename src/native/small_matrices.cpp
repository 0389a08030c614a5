#include "small_matrices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace gaussmix {
namespace {

constexpr double ROUNDING = std::numeric_limits<double>::epsilon();
constexpr int MOST_SWEEPS = 60;

}  // namespace

bool all_finite(const double* numbers, ptrdiff_t size) {
  return std::all_of(numbers, numbers + size, [](double x) { return std::isfinite(x); });
}

bool cholesky_in_place(double* matrix, ptrdiff_t D) {
  for (ptrdiff_t i = 0; i < D; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double x = matrix[i * D + j];
      for (ptrdiff_t m = 0; m < j; ++m) x -= matrix[i * D + m] * matrix[j * D + m];
      if (i == j && !(x > 0.0 && std::isfinite(x))) return false;
      matrix[i * D + j] = i == j ? std::sqrt(x) : x / matrix[j * D + j];
    }
  return true;
}

void SymmetricEigen::operator()(const double* matrix, double* values, double* vectors) {
  const ptrdiff_t D = D_;
  double* a = work_.data();
  double* v = rotated_.data();  // eigenvectors as rows, so that rotations run along memory
  std::copy_n(matrix, D * D, a);
  std::fill_n(v, D * D, 0.0);
  for (ptrdiff_t i = 0; i < D; ++i) v[i * D + i] = 1.0;
  for (int sweep = 0; sweep < MOST_SWEEPS; ++sweep) {
    bool rotated = false;
    for (ptrdiff_t p = 0; p < D; ++p)
      for (ptrdiff_t q = p + 1; q < D; ++q) {
        const double off = a[p * D + q];
        if (off == 0.0 || std::abs(off) <= ROUNDING * std::sqrt(std::abs(a[p * D + p] * a[q * D + q]))) continue;
        rotated = true;
        const double theta = (a[q * D + q] - a[p * D + p]) / (2.0 * off);
        const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(1.0 + theta * theta));
        const double c = 1.0 / std::sqrt(1.0 + t * t), s = t * c;
        const double app = a[p * D + p] - t * off, aqq = a[q * D + q] + t * off;
        double *row_p = a + p * D, *row_q = a + q * D, *of_p = v + p * D, *of_q = v + q * D;
        for (ptrdiff_t i = 0; i < D; ++i) {
          const double x = row_p[i], y = row_q[i];
          row_p[i] = c * x - s * y;
          row_q[i] = s * x + c * y;
          const double f = of_p[i], g = of_q[i];
          of_p[i] = c * f - s * g;
          of_q[i] = s * f + c * g;
        }
        for (ptrdiff_t i = 0; i < D; ++i) {
          a[i * D + p] = row_p[i];
          a[i * D + q] = row_q[i];
        }
        a[p * D + p] = app;
        a[q * D + q] = aqq;
        a[p * D + q] = a[q * D + p] = 0.0;
      }
    if (!rotated) break;
  }
  std::iota(order_.begin(), order_.end(), ptrdiff_t(0));
  std::sort(order_.begin(), order_.end(), [&](ptrdiff_t i, ptrdiff_t j) { return a[i * D + i] < a[j * D + j]; });
  for (ptrdiff_t m = 0; m < D; ++m) {
    values[m] = a[order_[m] * D + order_[m]];
    for (ptrdiff_t i = 0; i < D; ++i) vectors[i * D + m] = v[order_[m] * D + i];
  }
}

}  // namespace gaussmix
