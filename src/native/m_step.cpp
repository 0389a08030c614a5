#include "m_step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gaussmix {
namespace {

constexpr double ROUNDING = std::numeric_limits<double>::epsilon();
constexpr double EMPTY = 10 * ROUNDING;       // gaussmix.core.em.EMPTY
constexpr ptrdiff_t FEW_FEATURES = 8;         // gaussmix.covariance.floor.FEW_FEATURES
constexpr int MOST_SWEEPS = 60;

bool all_finite(const double* numbers, ptrdiff_t size) {
  return std::all_of(numbers, numbers + size, [](double x) { return std::isfinite(x); });
}

}  // namespace

ptrdiff_t numbers_a_covariance(const Task& task) {
  const ptrdiff_t D = task.n_features;
  return task.moments == Moments::full ? D * D : task.moments == Moments::diagonal ? D : 1;
}

MStep::MStep(const Kernels& kernels, const Task& task, const double* floor)
    : kernels_(kernels),
      floor_(floor),
      moments_(task.moments),
      D_(task.n_features),
      K_(task.n_components),
      size_(numbers_a_covariance(task)) {
  if (moments_ != Moments::full) return;
  root_.resize(D_);
  for (ptrdiff_t i = 0; i < D_; ++i) root_[i] = std::sqrt(floor[i]);
  matrix_.resize(D_ * D_);
  vectors_.resize(D_ * D_);
  scratch_.resize(2 * D_ * (D_ + 7));
}

bool MStep::operator()(const Sums& sums, const Mixture& out) {
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) total += sums.counts[k];
  for (ptrdiff_t k = 0; k < K_; ++k) {
    if (!(sums.counts[k] > EMPTY * total)) return false;
    out.weights[k] = sums.counts[k] / total;
    for (ptrdiff_t i = k * D_; i < (k + 1) * D_; ++i) out.means[i] = sums.centers[i] + sums.first[i] / sums.counts[k];
  }
  if (moments_ == Moments::full) {
    if (!full(sums, out)) return false;
  } else if (moments_ == Moments::diagonal) {
    diagonal(sums, out);
  } else {
    trace(sums, out);
  }
  return all_finite(out.means, K_ * D_) && all_finite(out.covariances, K_ * size_) && all_finite(out.factor, K_ * size_);
}

bool MStep::full(const Sums& sums, const Mixture& out) {
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k];
    const double* first = sums.first + k * D_;
    const double* second = sums.second + k * D_ * D_;
    double* matrix = out.covariances + k * D_ * D_;
    double* factor = out.factor + k * D_ * D_;
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) {
        double x = second[i * D_ + j] - first[i] * (first[j] / count);
        if (i == j) x = std::max(x, ROUNDING * second[i * D_ + i]);
        matrix[i * D_ + j] = matrix[j * D_ + i] = x / count;
      }
    const bool has_factor = kernels_.whitening_factor(matrix, D_, factor, scratch_.data());
    out.repaired[k] = raise_to_floor(matrix, factor, has_factor);
    if ((out.repaired[k] || !has_factor) && !kernels_.whitening_factor(matrix, D_, factor, scratch_.data())) return false;
  }
  return true;
}

// Raises eigenvalues below one to one, in coordinates where the floor is the identity; returns whether there were any.
bool MStep::raise_to_floor(double* matrix, const double* factor, bool has_factor) {
  if (has_factor) {
    double sum = 0.0;  // of the eigenvalues of the floor relative to the covariance
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) sum += factor[i * D_ + j] * factor[i * D_ + j] * floor_[j];
    if (sum <= 1.0) return false;
  }
  if (D_ > FEW_FEATURES) {  // eigenvalues would cost much more than this
    std::copy(matrix, matrix + D_ * D_, matrix_.begin());
    for (ptrdiff_t i = 0; i < D_; ++i) matrix_[i * D_ + i] -= floor_[i];
    if (kernels_.whitening_factor(matrix_.data(), D_, vectors_.data(), scratch_.data())) return false;
  }
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j < D_; ++j) matrix_[i * D_ + j] = matrix[i * D_ + j] / root_[i] / root_[j];
  if (!all_finite(matrix_.data(), D_ * D_)) return false;
  find_eigenvalues();
  bool below = false;
  for (ptrdiff_t m = 0; m < D_; ++m) below = below || matrix_[m * D_ + m] < 1.0;
  if (!below) return false;
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double x = 0.0;
      for (ptrdiff_t m = 0; m < D_; ++m)
        x += vectors_[i * D_ + m] * std::max(matrix_[m * D_ + m], 1.0) * vectors_[j * D_ + m];
      matrix[i * D_ + j] = matrix[j * D_ + i] = x * root_[i] * root_[j];
    }
  return true;
}

// Leaves the eigenvalues of matrix_ on its diagonal, and the eigenvectors in the columns of vectors_: Jacobi's method by
// rows (Golub and Van Loan, Matrix Computations, section 8.5).
void MStep::find_eigenvalues() {
  std::fill(vectors_.begin(), vectors_.end(), 0.0);
  for (ptrdiff_t i = 0; i < D_; ++i) vectors_[i * D_ + i] = 1.0;
  double* a = matrix_.data();
  double* v = vectors_.data();
  for (int sweep = 0; sweep < MOST_SWEEPS; ++sweep) {
    bool rotated = false;
    for (ptrdiff_t p = 0; p < D_; ++p)
      for (ptrdiff_t q = p + 1; q < D_; ++q) {
        const double apq = a[p * D_ + q], size = std::sqrt(std::abs(a[p * D_ + p] * a[q * D_ + q]));
        if (std::abs(apq) <= ROUNDING * size || apq == 0.0) continue;
        rotated = true;
        const double theta = (a[q * D_ + q] - a[p * D_ + p]) / (2.0 * apq);
        const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(1.0, theta));
        const double c = 1.0 / std::hypot(1.0, t), s = t * c;
        for (ptrdiff_t i = 0; i < D_; ++i) {
          const double aip = a[i * D_ + p], aiq = a[i * D_ + q];
          a[i * D_ + p] = c * aip - s * aiq;
          a[i * D_ + q] = s * aip + c * aiq;
          const double vip = v[i * D_ + p], viq = v[i * D_ + q];
          v[i * D_ + p] = c * vip - s * viq;
          v[i * D_ + q] = s * vip + c * viq;
        }
        for (ptrdiff_t i = 0; i < D_; ++i) {
          const double api = a[p * D_ + i], aqi = a[q * D_ + i];
          a[p * D_ + i] = c * api - s * aqi;
          a[q * D_ + i] = s * api + c * aqi;
        }
        a[p * D_ + q] = a[q * D_ + p] = 0.0;
      }
    if (!rotated) return;
  }
}

void MStep::diagonal(const Sums& sums, const Mixture& out) const {
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k];
    out.repaired[k] = false;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double first = sums.first[k * D_ + i], second = sums.second[k * D_ + i];
      const double variance = std::max(second - first * (first / count), ROUNDING * second) / count;
      if (variance < floor_[i]) out.repaired[k] = true;
      out.covariances[k * D_ + i] = std::max(variance, floor_[i]);
      out.factor[k * D_ + i] = 1.0 / std::sqrt(out.covariances[k * D_ + i]);
    }
  }
}

void MStep::trace(const Sums& sums, const Mixture& out) const {
  double floor = 0.0;
  for (ptrdiff_t i = 0; i < D_; ++i) floor += floor_[i];
  floor /= double(D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k], second = sums.second[k];
    double along = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i) along += sums.first[k * D_ + i] * (sums.first[k * D_ + i] / count);
    const double variance = std::max(second - along, ROUNDING * second) / (count * double(D_));
    out.repaired[k] = variance < floor;
    out.covariances[k] = std::max(variance, floor);
    out.factor[k] = 1.0 / std::sqrt(out.covariances[k]);
  }
}

}  // namespace gaussmix
