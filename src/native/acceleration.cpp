#include "acceleration.hpp"

#include <algorithm>
#include <cmath>

namespace gaussmix {
namespace {

// See gaussmix.core.acceleration.
constexpr double LONGEST_FIRST_LEAP = 1.0;
constexpr double LEAP_GROWTH = 4.0;
constexpr int REMEMBERED_RATES = 4;
constexpr double LARGEST_LOGARITHM = 300.0;

// Puts the Cholesky factor of a matrix (D, D) in the place of its lower triangle; false if it has none.
bool cholesky(double* matrix, ptrdiff_t D) {
  for (ptrdiff_t i = 0; i < D; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double x = matrix[i * D + j];
      for (ptrdiff_t m = 0; m < j; ++m) x -= matrix[i * D + m] * matrix[j * D + m];
      if (i == j && !(x > 0.0 && std::isfinite(x))) return false;
      matrix[i * D + j] = i == j ? std::sqrt(x) : x / matrix[j * D + j];
    }
  return true;
}

}  // namespace

Acceleration::Acceleration(const Task& task)
    : moments_(task.moments),
      D_(task.n_features),
      K_(task.n_components),
      size_(numbers_a_covariance(task)),
      length_(K_ * (1 + D_ + (moments_ == Moments::full ? D_ * (D_ + 1) / 2 : size_))),
      limit_(LONGEST_FIRST_LEAP),
      units_(length_),
      means_(K_ * D_),
      counts_(K_),
      zeros_(K_ * D_),
      second_(K_ * size_),
      lower_(moments_ == Moments::full ? D_ * D_ : 0) {
  for (auto& point : points_) point.resize(length_);
}

void Acceleration::begin_anew() {
  n_points_ = 0;
  rate_ = -1.0;
}

void Acceleration::refuse() {
  begin_anew();
  limit_ = std::max(LONGEST_FIRST_LEAP, limit_ / LEAP_GROWTH);
}

bool Acceleration::after(const Sums& begin, const Sums& end) {
  rate_ = -1.0;
  if (n_points_ == 0) {
    if (!unconstrain(begin, points_[0].data())) return false;
    n_points_ = 1;
  }
  if (!unconstrain(end, points_[n_points_].data())) {
    n_points_ = 0;
    return false;
  }
  if (++n_points_ < 3) return false;
  n_points_ = 0;
  measure(end, units_.data());
  const std::vector<double>&start = points_[0], &middle = points_[1], &last = points_[2];
  double step = 0.0, next = 0.0, bend = 0.0;
  for (ptrdiff_t i = 0; i < length_; ++i) {
    const double one = (middle[i] - start[i]) * units_[i], two = (last[i] - middle[i]) * units_[i];
    step += one * one;
    next += two * two;
    bend += (two - one) * (two - one);
  }
  step = std::sqrt(step);
  next = std::sqrt(next);
  bend = std::sqrt(bend);
  if (!(step > 0.0 && bend > 0.0 && std::isfinite(step) && std::isfinite(bend))) return false;
  rates_[n_rates_++ % REMEMBERED_RATES] = (next / step) * (next / step);
  rate_ = *std::max_element(rates_, rates_ + std::min(n_rates_, REMEMBERED_RATES));
  double leap = step / bend;
  if (leap >= limit_) {
    leap = limit_;
    limit_ *= LEAP_GROWTH;
  }
  if (leap <= 1.0) return false;
  std::vector<double>& far = points_[0];
  for (ptrdiff_t i = 0; i < length_; ++i) {
    far[i] = start[i] + 2.0 * leap * (middle[i] - start[i]) + leap * leap * (last[i] - 2.0 * middle[i] + start[i]);
    if (!(std::abs(far[i]) < LARGEST_LOGARITHM)) return false;
  }
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) total += end.counts[k];
  constrain(far.data(), total);
  n_points_ = 1;
  return true;
}

// Logarithms of the counts, the means, and logarithms of standard deviations, or Cholesky factors with logarithms on the
// diagonal; false if a covariance is singular.
bool Acceleration::unconstrain(const Sums& sums, double* out) const {
  double* spread = out + K_ * (1 + D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k];
    if (!(count > 0.0)) return false;
    out[k] = std::log(count);
    const double* first = sums.first + k * D_;
    for (ptrdiff_t i = 0; i < D_; ++i) out[K_ + k * D_ + i] = sums.centers[k * D_ + i] + first[i] / count;
    const double* second = sums.second + k * size_;
    if (moments_ == Moments::full) {
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j)
          lower_[i * D_ + j] = (second[i * D_ + j] - first[i] * (first[j] / count)) / count;
      if (!cholesky(lower_.data(), D_)) return false;
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j)
          *spread++ = i == j ? std::log(lower_[i * D_ + i]) : lower_[i * D_ + j];
    } else {
      double along = 0.0;
      for (ptrdiff_t i = 0; i < D_; ++i) {
        const double of_mean = first[i] * (first[i] / count);
        along += of_mean;
        if (moments_ == Moments::trace) continue;
        const double variance = (second[i] - of_mean) / count;
        if (!(variance > 0.0)) return false;
        *spread++ = 0.5 * std::log(variance);
      }
      if (moments_ == Moments::trace) {
        const double variance = (second[0] - along) / count;
        if (!(variance > 0.0)) return false;
        *spread++ = 0.5 * std::log(variance);
      }
    }
  }
  return true;
}

// The inverse of unconstrain, for statistics of the same total count.
void Acceleration::constrain(const double* vector, double total) {
  const double largest = *std::max_element(vector, vector + K_);
  double sum = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) sum += counts_[k] = std::exp(vector[k] - largest);
  for (ptrdiff_t k = 0; k < K_; ++k) counts_[k] *= total / sum;
  std::copy(vector + K_, vector + K_ * (1 + D_), means_.begin());
  const double* spread = vector + K_ * (1 + D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double* second = &second_[k * size_];
    if (moments_ == Moments::full) {
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j, ++spread) lower_[i * D_ + j] = i == j ? std::exp(*spread) : *spread;
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j) {
          double x = 0.0;
          for (ptrdiff_t m = 0; m <= j; ++m) x += lower_[i * D_ + m] * lower_[j * D_ + m];
          second[i * D_ + j] = second[j * D_ + i] = x * counts_[k];
        }
    } else {
      for (ptrdiff_t i = 0; i < size_; ++i, ++spread) second[i] = std::exp(2.0 * *spread) * counts_[k];
    }
  }
}

// The inverse of how much each entry of the vector is worth: its standard error, but for a common factor.
void Acceleration::measure(const Sums& sums, double* units) const {
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) total += sums.counts[k];
  const auto inverse = [](double worth) { return worth > 0.0 ? 1.0 / worth : 0.0; };
  double* spread = units + K_ * (1 + D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k], share = 1.0 / std::sqrt(count / total);
    const double* second = sums.second + k * size_;
    units[k] = inverse(share);
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double variance = moments_ == Moments::full       ? second[i * D_ + i] / count
                              : moments_ == Moments::diagonal ? second[i] / count
                                                              : second[0] / (count * double(D_));
      const double unit = inverse(std::sqrt(variance) * share);
      units[K_ + k * D_ + i] = unit;
      if (moments_ == Moments::full) {
        for (ptrdiff_t j = 0; j < i; ++j) *spread++ = unit;
        *spread++ = inverse(share);
      } else if (moments_ == Moments::diagonal) {
        *spread++ = inverse(share);
      }
    }
    if (moments_ == Moments::trace) *spread++ = inverse(share / std::sqrt(double(D_)));
  }
}

}  // namespace gaussmix
