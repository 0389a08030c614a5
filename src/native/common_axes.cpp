#include "common_axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace gaussmix {
namespace {

// See gaussmix.covariance.axes.
constexpr double GAIN_TOLERANCE = 1e-9;
constexpr double PATIENCE = 0.1;
constexpr int LARGEST_NUMBER_OF_TURNS = 100;
constexpr size_t TURNS_REMEMBERED = 6;
constexpr int HALVINGS = 30;
constexpr double LEAST_SHARE = 1e-4;
constexpr double ROUNDING = 1e-15;
constexpr double SOFTEST = 1e-8;

double dot(const std::vector<double>& one, const std::vector<double>& other) {
  return std::inner_product(one.begin(), one.end(), other.begin(), 0.0);
}

// out = left' * right, all (D, D).
void multiply_transposed(const double* left, const double* right, ptrdiff_t D, double* out) {
  std::fill_n(out, D * D, 0.0);
  for (ptrdiff_t m = 0; m < D; ++m)
    for (ptrdiff_t i = 0; i < D; ++i)
      for (ptrdiff_t j = 0; j < D; ++j) out[i * D + j] += left[m * D + i] * right[m * D + j];
}

void multiply(const double* left, const double* right, ptrdiff_t D, double* out) {
  std::fill_n(out, D * D, 0.0);
  for (ptrdiff_t i = 0; i < D; ++i)
    for (ptrdiff_t m = 0; m < D; ++m)
      for (ptrdiff_t j = 0; j < D; ++j) out[i * D + j] += left[i * D + m] * right[m * D + j];
}

// Solves matrix * x = right for the columns of right, which are replaced; elimination with row pivots.
void solve(double* matrix, double* right, ptrdiff_t D) {
  for (ptrdiff_t p = 0; p < D; ++p) {
    ptrdiff_t largest = p;
    for (ptrdiff_t i = p + 1; i < D; ++i)
      if (std::abs(matrix[i * D + p]) > std::abs(matrix[largest * D + p])) largest = i;
    if (largest != p)
      for (ptrdiff_t j = 0; j < D; ++j) {
        std::swap(matrix[p * D + j], matrix[largest * D + j]);
        std::swap(right[p * D + j], right[largest * D + j]);
      }
    for (ptrdiff_t i = p + 1; i < D; ++i) {
      const double share = matrix[i * D + p] / matrix[p * D + p];
      if (share == 0.0) continue;
      for (ptrdiff_t j = p; j < D; ++j) matrix[i * D + j] -= share * matrix[p * D + j];
      for (ptrdiff_t j = 0; j < D; ++j) right[i * D + j] -= share * right[p * D + j];
    }
  }
  for (ptrdiff_t p = D - 1; p >= 0; --p)
    for (ptrdiff_t j = 0; j < D; ++j) {
      double x = right[p * D + j];
      for (ptrdiff_t m = p + 1; m < D; ++m) x -= matrix[p * D + m] * right[m * D + j];
      right[p * D + j] = x / matrix[p * D + p];
    }
}

}  // namespace

CommonAxes::CommonAxes(ptrdiff_t K, ptrdiff_t D)
    : K_(K), D_(D), slope_(D * D), stiffness_(D * D), angles_(D * D), before_(D * D), rotation_(D * D), half_(D * D),
      work_(D * D), eigen_(D) {
  for (Fit* one : {&now_, &next_}) {
    one->scatter.resize(K * D * D);
    one->sums.resize(K * D);
    one->variances.resize(K * D);
  }
}

bool CommonAxes::operator()(const double* second, const double* counts, const VariancesOf& variances_of, Begin begin,
                            double* axes, double* variances) {
  if (begin != Begin::settled && !first_axes(second, counts, variances_of, begin == Begin::given, axes)) return false;
  const double patience = begin == Begin::anew ? 0.0 : PATIENCE;
  rotate(second, axes, now_.scatter.data());
  if (!fit(counts, variances_of, &now_)) return false;
  memory_.clear();
  find_derivatives(now_);
  const double enough = 2.0 * GAIN_TOLERANCE * std::accumulate(counts, counts + K_, 0.0);
  double gained = 0.0;
  for (int turn = 0; turn < LARGEST_NUMBER_OF_TURNS; ++turn) {
    find_angles();
    double expected = dot(slope_, angles_);
    if (!(-expected > ROUNDING * std::abs(now_.objective))) break;
    double gain = 0.0;
    bool found = false;
    for (int halving = 0; halving < HALVINGS && !found; ++halving) {
      find_rotation();
      rotate(now_.scatter.data(), rotation_.data(), next_.scatter.data());
      if (!fit(counts, variances_of, &next_)) return false;
      gain = now_.objective - next_.objective;
      found = gain >= -LEAST_SHARE * expected;
      if (found) break;
      for (double& angle : angles_) angle *= 0.5;
      expected *= 0.5;
    }
    if (!found) break;
    multiply(axes, rotation_.data(), D_, work_.data());
    std::copy(work_.begin(), work_.end(), axes);
    std::swap(now_, next_);
    gained += gain;
    if (gain < std::max(enough, patience * gained)) break;
    before_ = slope_;
    find_derivatives(now_);
    Turn last;
    last.angles = angles_;
    last.change.resize(slope_.size());
    for (size_t i = 0; i < slope_.size(); ++i) last.change[i] = slope_[i] - before_[i];
    last.bend = dot(last.change, last.angles);
    if (last.bend > 0.0) {
      if (memory_.size() == TURNS_REMEMBERED) memory_.erase(memory_.begin());
      memory_.push_back(std::move(last));
    }
  }
  make_orthonormal(axes);
  std::copy(now_.variances.begin(), now_.variances.end(), variances);
  return true;
}

// The best variances along the axes in which the fit's scatter is given.
bool CommonAxes::fit(const double* counts, const VariancesOf& variances_of, Fit* out) const {
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i) out->sums[k * D_ + i] = out->scatter[(k * D_ + i) * D_ + i];
  variances_of(out->sums.data(), out->variances.data());
  out->objective = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = k * D_; i < (k + 1) * D_; ++i)
      out->objective += counts[k] * std::log(out->variances[i]) + out->sums[i] / out->variances[i];
  return std::isfinite(out->objective);
}

// The best among the axes given, if any, and of each component's scatter and the sum of all.
bool CommonAxes::first_axes(const double* second, const double* counts, const VariancesOf& variances_of, bool given,
                            double* axes) {
  const ptrdiff_t size = D_ * D_;
  std::vector<double> sum(size), values(D_), candidate(size);
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < size; ++i) sum[i] += second[k * size + i];
  double best = std::numeric_limits<double>::infinity();
  if (given) {
    rotate(second, axes, next_.scatter.data());
    if (!fit(counts, variances_of, &next_)) return false;
    best = next_.objective;
  }
  for (ptrdiff_t k = -1; k < K_; ++k) {
    const double* matrix = k < 0 ? sum.data() : second + k * size;
    if (!all_finite(matrix, size)) return false;
    eigen_(matrix, values.data(), candidate.data());
    rotate(second, candidate.data(), next_.scatter.data());
    if (!fit(counts, variances_of, &next_)) return false;
    if (next_.objective < best) {
      best = next_.objective;
      std::copy(candidate.begin(), candidate.end(), axes);
    }
  }
  return std::isfinite(best);
}

void CommonAxes::of_covariances(const double* covariances, double* axes) {
  // Unequal weights keep axes apart along which the variances of several components add up to the same.
  const ptrdiff_t size = D_ * D_;
  std::vector<double> sum(size), values(D_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double trace = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i) trace += covariances[k * size + i * D_ + i];
    const double weight = (1.0 + (K_ > 1 ? double(k) / double(K_ - 1) : 0.0)) / trace;
    for (ptrdiff_t i = 0; i < size; ++i) sum[i] += weight * covariances[k * size + i];
  }
  eigen_(sum.data(), values.data(), axes);
}

// out = rotation' * scatter * rotation, for each component.
void CommonAxes::rotate(const double* scatter, const double* rotation, double* out) {
  for (ptrdiff_t k = 0; k < K_; ++k) {
    multiply(scatter + k * D_ * D_, rotation, D_, work_.data());
    multiply_transposed(rotation, work_.data(), D_, out + k * D_ * D_);
  }
}

void CommonAxes::find_derivatives(const Fit& fit) {
  std::vector<double>&along = half_, &across = work_;
  std::fill(along.begin(), along.end(), 0.0);
  std::fill(across.begin(), across.end(), 0.0);
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double precision = 1.0 / fit.variances[k * D_ + i];
      for (ptrdiff_t j = 0; j < D_; ++j) {
        along[i * D_ + j] += precision * fit.scatter[(k * D_ + i) * D_ + j];
        across[i * D_ + j] += precision * fit.sums[k * D_ + j];
      }
    }
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j < D_; ++j) {
      slope_[i * D_ + j] = 2.0 * (along[i * D_ + j] - along[j * D_ + i]);
      // In pairs: where the differences are mere rounding, that of i and j is still that of j and i.
      stiffness_[i * D_ + j] =
          std::abs((across[i * D_ + i] + across[j * D_ + j]) - (across[i * D_ + j] + across[j * D_ + i]));
    }
}

void CommonAxes::find_angles() {
  const size_t size = slope_.size();
  const auto alone = [&] {
    for (size_t i = 0; i < size; ++i) angles_[i] = -0.5 * std::atan2(slope_[i], stiffness_[i]);
  };
  if (memory_.empty()) return alone();
  std::vector<double>& rest = half_;
  rest = slope_;
  double shares[TURNS_REMEMBERED];
  for (size_t t = memory_.size(); t-- > 0;) {
    shares[t] = dot(memory_[t].angles, rest) / memory_[t].bend;
    for (size_t i = 0; i < size; ++i) rest[i] -= shares[t] * memory_[t].change[i];
  }
  const double softest = SOFTEST * *std::max_element(stiffness_.begin(), stiffness_.end());
  for (size_t i = 0; i < size; ++i) angles_[i] = rest[i] / (2.0 * stiffness_[i] + softest);
  for (size_t t = 0; t < memory_.size(); ++t) {
    const double share = shares[t] - dot(memory_[t].change, angles_) / memory_[t].bend;
    for (size_t i = 0; i < size; ++i) angles_[i] += share * memory_[t].angles[i];
  }
  double largest = 0.0;
  for (const double angle : angles_) largest = std::max(largest, std::abs(angle));
  constexpr double QUARTER = 0.78539816339744831;
  if (!(dot(angles_, slope_) > 0.0) || largest > QUARTER) return alone();
  for (double& angle : angles_) angle = -angle;
}

// The rotation by these angles in all planes at once: Cayley's transform.
void CommonAxes::find_rotation() {
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j < D_; ++j) {
      const double tangent = std::tan(0.5 * angles_[i * D_ + j]), one = i == j ? 1.0 : 0.0;
      half_[i * D_ + j] = one + tangent;
      rotation_[i * D_ + j] = one - tangent;
    }
  solve(half_.data(), rotation_.data(), D_);
}

// Takes away the rounding that has added up: a step of Newton's iteration.
void CommonAxes::make_orthonormal(double* axes) {
  multiply_transposed(axes, axes, D_, half_.data());
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j < D_; ++j) half_[i * D_ + j] = (i == j ? 1.5 : 0.0) - 0.5 * half_[i * D_ + j];
  multiply(axes, half_.data(), D_, work_.data());
  std::copy(work_.begin(), work_.end(), axes);
}

}  // namespace gaussmix
