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

bool is_of_matrices(Moments moments) { return moments == Moments::full || moments == Moments::pooled; }

}  // namespace

Acceleration::Acceleration(const Task& task)
    : moments_(task.moments),
      D_(task.n_features),
      K_(task.n_components),
      moments_of_(task),
      length_(K_ * (1 + D_) + moments_of_.number * (is_of_matrices(moments_) ? D_ * (D_ + 1) / 2 : moments_of_.size)),
      limit_(LONGEST_FIRST_LEAP),
      units_(length_),
      means_(K_ * D_),
      counts_(K_),
      zeros_(K_ * D_),
      second_(moments_of_.total()),
      lower_(moments_of_.total()) {
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
  const ptrdiff_t size = moments_of_.size;
  std::copy_n(sums.second, moments_of_.total(), lower_.data());
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k];
    if (!(count > 0.0)) return false;
    total += count;
    out[k] = std::log(count);
    const double* first = sums.first + k * D_;
    double* second = &lower_[moments_of_.number == 1 ? 0 : k * size];
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double step = first[i] / count;
      out[K_ + k * D_ + i] = sums.centers[k * D_ + i] + step;
      if (is_of_matrices(moments_))
        for (ptrdiff_t j = 0; j <= i; ++j) second[i * D_ + j] -= first[j] * step;
      else
        second[moments_ == Moments::diagonal ? i : 0] -= first[i] * step;
    }
  }
  double* spread = out + K_ * (1 + D_);
  for (ptrdiff_t m = 0; m < moments_of_.number; ++m) {
    const double count = moments_of_.number == 1 ? total : sums.counts[m];
    double* second = &lower_[m * size];
    for (ptrdiff_t i = 0; i < size; ++i) second[i] /= count;
    if (is_of_matrices(moments_)) {
      if (!cholesky_in_place(second, D_)) return false;
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j) *spread++ = i == j ? std::log(second[i * D_ + i]) : second[i * D_ + j];
    } else {
      for (ptrdiff_t i = 0; i < size; ++i) {
        if (!(second[i] > 0.0)) return false;
        *spread++ = 0.5 * std::log(second[i]);
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
  for (ptrdiff_t m = 0; m < moments_of_.number; ++m) {
    const double count = moments_of_.number == 1 ? total : counts_[m];
    double *second = &second_[m * moments_of_.size], *lower = lower_.data();
    if (is_of_matrices(moments_)) {
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j, ++spread) lower[i * D_ + j] = i == j ? std::exp(*spread) : *spread;
      for (ptrdiff_t i = 0; i < D_; ++i)
        for (ptrdiff_t j = 0; j <= i; ++j) {
          double x = 0.0;
          for (ptrdiff_t l = 0; l <= j; ++l) x += lower[i * D_ + l] * lower[j * D_ + l];
          second[i * D_ + j] = second[j * D_ + i] = x * count;
        }
    } else {
      for (ptrdiff_t i = 0; i < moments_of_.size; ++i, ++spread) second[i] = std::exp(2.0 * *spread) * count;
    }
  }
}

// The inverse of how much each entry of the vector is worth: its standard error, but for a common factor.
void Acceleration::measure(const Sums& sums, double* units) const {
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) total += sums.counts[k];
  const auto inverse = [](double worth) { return worth > 0.0 ? 1.0 / worth : 0.0; };
  const bool pooled = moments_of_.number == 1;
  double* spread = units + K_ * (1 + D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = pooled ? total : sums.counts[k], share = 1.0 / std::sqrt(sums.counts[k] / total);
    const double* second = sums.second + (pooled ? 0 : k * moments_of_.size);
    units[k] = inverse(share);
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double variance = is_of_matrices(moments_)        ? second[i * D_ + i] / count
                              : moments_ == Moments::diagonal ? second[i] / count
                                                              : second[0] / (count * double(D_));
      units[K_ + k * D_ + i] = inverse(std::sqrt(variance) * share);
    }
    if (pooled && k > 0) continue;
    // A matrix that all components share is known as well as one with all the rows.
    const double known = pooled ? 1.0 : share;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      if (is_of_matrices(moments_)) {
        const double unit = inverse(std::sqrt(second[i * D_ + i] / count) * known);
        for (ptrdiff_t j = 0; j < i; ++j) *spread++ = unit;
        *spread++ = inverse(known);
      } else if (moments_ == Moments::diagonal) {
        *spread++ = inverse(known);
      }
    }
    if (moments_ == Moments::trace) *spread++ = inverse(known / std::sqrt(double(D_)));
  }
}

}  // namespace gaussmix
