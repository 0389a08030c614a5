#include "m_step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace gaussmix {
namespace {

constexpr double ROUNDING = std::numeric_limits<double>::epsilon();
constexpr double EMPTY = 10 * ROUNDING;  // gaussmix.core.em.EMPTY
// See gaussmix.covariance.floor.
constexpr ptrdiff_t FEW_FEATURES = 8;
constexpr double LEAST_FLOOR = 1e-8;
constexpr double ROUNDING_OF_EIGENVALUES = 32 * ROUNDING;
// See gaussmix.covariance.variances.
constexpr double VOLUME_TOLERANCE = 1e-5;
constexpr double PATIENCE = 0.1;
constexpr int LARGEST_NUMBER_OF_SWEEPS = 200;
constexpr double NOTHING = 1e-14;
constexpr double AT_FLOOR = 1e-12;  // ROUNDING there
constexpr double LEAST_TRACE = 1e-14;  // gaussmix.covariance.proportional

// When an iteration for volumes ends: gaussmix.covariance.variances.Patience.
class Patience {
 public:
  explicit Patience(bool within_em) : share_(within_em ? PATIENCE : 0.0) {}

  bool after(double change) {
    if (change < enough_) return true;
    if (share_ > 0.0) enough_ = std::max(VOLUME_TOLERANCE, share_ * change);
    share_ = 0.0;
    return false;
  }

 private:
  double share_, enough_ = VOLUME_TOLERANCE;
};

bool is_of_matrices(Moments moments) { return moments == Moments::full || moments == Moments::pooled; }

}  // namespace

SecondMoments::SecondMoments(const Task& task) {
  const ptrdiff_t D = task.n_features;
  size = is_of_matrices(task.moments) ? D * D : task.moments == Moments::diagonal ? D : 1;
  number = task.moments == Moments::pooled ? 1 : task.n_components;
}

bool shares_axes(Family family) { return family == Family::EVE || family == Family::VVE; }

MStep::MStep(const Kernels& kernels, const Task& task, const Course& course)
    : kernels_(kernels),
      family_(course.family),
      moments_(task.moments),
      D_(task.n_features),
      K_(task.n_components),
      moments_of_(task),
      floor_(course.floor),
      root_(D_),
      second_(moments_of_.total()),
      squares_(K_ * D_),
      variances_(K_ * D_),
      volumes_(K_),
      scratch_(is_of_matrices(moments_) ? 2 * D_ * (D_ + 7) : 0),
      matrix_(is_of_matrices(moments_) ? 3 * D_ * D_ : 0),
      eigen_(is_of_matrices(moments_) ? D_ : 0),
      common_axes_(shares_axes(family_) ? K_ : 0, shares_axes(family_) ? D_ : 0) {
  for (ptrdiff_t i = 0; i < D_; ++i) root_[i] = std::sqrt(floor_[i]);
  const auto [least, largest] = std::minmax_element(floor_, floor_ + D_);
  even_floor_.assign(D_, std::max(*least, LEAST_FLOOR * *largest));
}

bool MStep::operator()(const Sums& sums, const Mixture& out, const Mixture* previous) {
  total_ = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) total_ += sums.counts[k];
  for (ptrdiff_t k = 0; k < K_; ++k) {
    if (!(sums.counts[k] > EMPTY * total_)) return false;
    out.weights[k] = sums.counts[k] / total_;
    for (ptrdiff_t i = k * D_; i < (k + 1) * D_; ++i) out.means[i] = sums.centers[i] + sums.first[i] / sums.counts[k];
  }
  center(sums);
  std::fill_n(out.repaired, K_, false);
  bool found = true;
  switch (family_) {
    case Family::VVV: found = own_matrices(sums, out); break;
    case Family::VVI:
    case Family::VII: own_variances(sums, out); break;
    case Family::EEE: found = one_matrix(out); break;
    case Family::EEI:
    case Family::EII: one_variance_a_feature(out); break;
    case Family::VEE: found = proportional_matrices(sums, out, previous); break;
    case Family::EVV: found = matrices_of_equal_volume(sums, out); break;
    case Family::EEV:
    case Family::VEV: found = own_axes(sums, out, previous); break;
    case Family::EVI:
    case Family::VEI: along_the_axes(sums, out, previous); break;
    case Family::EVE:
    case Family::VVE: found = shared_axes(sums, out, previous); break;
  }
  return found && all_finite(out.means, K_ * D_) && all_finite(out.covariances, moments_of_.total()) &&
         all_finite(out.factor, moments_of_.total());
}

// Leaves the second moments about the components' means in second_.
void MStep::center(const Sums& sums) {
  std::copy_n(sums.second, moments_of_.total(), second_.data());
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double count = sums.counts[k];
    const double* first = sums.first + k * D_;
    double* second = &second_[moments_of_.number == 1 ? 0 : k * moments_of_.size];
    double along = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double step = first[i] / count;
      if (is_of_matrices(moments_))
        for (ptrdiff_t j = 0; j < D_; ++j) second[i * D_ + j] -= first[j] * step;
      else if (moments_ == Moments::diagonal)
        second[i] = std::max(second[i] - first[i] * step, ROUNDING * second[i]);
      else
        along += first[i] * step;
    }
    if (moments_ == Moments::trace) second[0] = std::max(second[0] - along, ROUNDING * second[0]);
  }
  if (!is_of_matrices(moments_)) return;
  for (ptrdiff_t m = 0; m < moments_of_.number; ++m)
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const ptrdiff_t at = (m * D_ + i) * D_ + i;
      second_[at] = std::max(second_[at], ROUNDING * sums.second[at]);
    }
}

bool MStep::own_matrices(const Sums& sums, const Mixture& out) {
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double* matrix = out.covariances + k * D_ * D_;
    double* factor = out.factor + k * D_ * D_;
    for (ptrdiff_t i = 0; i < D_ * D_; ++i) matrix[i] = second_[k * D_ * D_ + i] / sums.counts[k];
    const bool has_factor = whiten(matrix, factor);
    out.repaired[k] = raise_to_floor(matrix, factor, has_factor);
    if ((out.repaired[k] || !has_factor) && !whiten(matrix, factor)) return false;
  }
  return true;
}

bool MStep::one_matrix(const Mixture& out) {
  for (ptrdiff_t i = 0; i < D_ * D_; ++i) out.covariances[i] = second_[i] / total_;
  const bool has_factor = whiten(out.covariances, out.factor);
  const bool repaired = raise_to_floor(out.covariances, out.factor, has_factor);
  std::fill_n(out.repaired, K_, repaired);
  return (has_factor && !repaired) || whiten(out.covariances, out.factor);
}

void MStep::own_variances(const Sums& sums, const Mixture& out) const {
  const bool spheres = moments_ == Moments::trace;
  const ptrdiff_t n = spheres ? 1 : D_;
  double floor = 0.0;
  for (ptrdiff_t i = 0; i < D_; ++i) floor += floor_[i];
  floor /= double(D_);
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < n; ++i) {
      const double variance = second_[k * n + i] / (sums.counts[k] * double(spheres ? D_ : 1));
      const double least = spheres ? floor : floor_[i];
      if (variance < least) out.repaired[k] = true;
      out.covariances[k * n + i] = std::max(variance, least);
      out.factor[k * n + i] = 1.0 / std::sqrt(out.covariances[k * n + i]);
    }
}

void MStep::one_variance_a_feature(const Mixture& out) const {
  const bool spheres = moments_ == Moments::trace;
  const ptrdiff_t n = spheres ? 1 : D_;
  double floor = 0.0;
  for (ptrdiff_t i = 0; i < D_; ++i) floor += floor_[i];
  floor /= double(D_);
  bool repaired = false;
  for (ptrdiff_t i = 0; i < n; ++i) {
    double variance = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) variance += second_[k * n + i];
    variance /= total_ * double(spheres ? D_ : 1);
    const double least = spheres ? floor : floor_[i];
    repaired = repaired || variance < least;
    variance = std::max(variance, least);
    for (ptrdiff_t k = 0; k < K_; ++k) {
      out.covariances[k * n + i] = variance;
      out.factor[k * n + i] = 1.0 / std::sqrt(variance);
    }
  }
  std::fill_n(out.repaired, K_, repaired);
}

bool MStep::proportional_matrices(const Sums& sums, const Mixture& out, const Mixture* previous) {
  const ptrdiff_t size = D_ * D_;
  if (previous) {
    volumes_of(*previous, volumes_.data());
  } else {
    double all = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      volumes_[k] = 0.0;
      for (ptrdiff_t i = 0; i < D_; ++i) volumes_[k] += second_[k * size + i * D_ + i];
      all += volumes_[k];
    }
    for (ptrdiff_t k = 0; k < K_; ++k) volumes_[k] = std::max(volumes_[k], LEAST_TRACE * all) / sums.counts[k];
  }
  for (double& volume : volumes_) volume = std::max(volume, std::numeric_limits<double>::min());
  const std::vector<double> first = volumes_;
  double *matrix = matrix_.data(), *factor = matrix + size, *precision = factor + size;
  Patience stop(previous != nullptr);
  bool above = true;
  for (int sweep = 0; sweep < LARGEST_NUMBER_OF_SWEEPS && above; ++sweep) {
    sum_over_volumes(second_.data(), total_, matrix);
    above = whiten(matrix, factor);
    if (!above) break;
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) {
        double x = 0.0;
        for (ptrdiff_t m = i; m < D_; ++m) x += factor[m * D_ + i] * factor[m * D_ + j];
        precision[i * D_ + j] = precision[j * D_ + i] = x;
      }
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      const double volume = product(&second_[k * size], precision) / (double(D_) * sums.counts[k]);
      above = above && volume > 0.0;
      change = std::max(change, std::abs(volume / volumes_[k] - 1.0));
      volumes_[k] = volume;
    }
    if (stop.after(change)) break;
  }
  for (ptrdiff_t k = 0; k < K_ && above; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j < D_; ++j) {
        out.covariances[k * size + i * D_ + j] = volumes_[k] * (0.5 * (matrix[i * D_ + j] + matrix[j * D_ + i]));
        out.factor[k * size + i * D_ + j] = factor[i * D_ + j] / std::sqrt(volumes_[k]);
      }
  for (ptrdiff_t k = 0; k < K_ && above; ++k)
    above = is_above_floor(out.covariances + k * size, out.factor + k * size);
  if (above) return true;
  volumes_ = first;
  return proportional_matrices_above_floor(sums, out);
}

// The same where the floor binds: gaussmix.covariance.proportional.ProportionalFamily._above_floor.
bool MStep::proportional_matrices_above_floor(const Sums& sums, const Mixture& out) {
  const ptrdiff_t size = D_ * D_;
  std::vector<double> scatter(second_), found(volumes_), inverse(size);
  double *matrix = matrix_.data(), *vectors = matrix + size;
  double* values = squares_.data();
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j < D_; ++j) scatter[k * size + i * D_ + j] /= root_[i] * root_[j];
  if (!all_finite(scatter.data(), K_ * size)) return false;
  for (int sweep = 0; sweep < LARGEST_NUMBER_OF_SWEEPS; ++sweep) {
    const double least = *std::min_element(found.begin(), found.end());
    for (ptrdiff_t k = 0; k < K_; ++k) volumes_[k] = found[k] / least;
    sum_over_volumes(scatter.data(), total_, inverse.data());
    eigen_(inverse.data(), values, vectors);
    for (ptrdiff_t i = 0; i < D_; ++i) values[i] = std::max(values[i], 1.0);
    const double smallest = *std::min_element(values, values + D_);
    for (ptrdiff_t i = 0; i < D_; ++i) values[i] /= smallest;
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j < D_; ++j) {
        double x = 0.0, y = 0.0;
        for (ptrdiff_t m = 0; m < D_; ++m) {
          const double both = vectors[i * D_ + m] * vectors[j * D_ + m];
          x += both * values[m];
          y += both / values[m];
        }
        matrix[i * D_ + j] = x;
        inverse[i * D_ + j] = y;
      }
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      const double volume = std::max(product(&scatter[k * size], inverse.data()) / (double(D_) * sums.counts[k]), 1.0);
      change = std::max(change, std::abs(volume / found[k] - 1.0));
      found[k] = volume;
    }
    if (change < VOLUME_TOLERANCE) break;
  }
  for (ptrdiff_t k = 0; k < K_; ++k) {
    out.repaired[k] = found[k] <= 1.0 + AT_FLOOR;
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j < D_; ++j)
        out.covariances[k * size + i * D_ + j] =
            found[k] * (0.5 * (matrix[i * D_ + j] + matrix[j * D_ + i]) * root_[i] * root_[j]);
    if (!whiten(out.covariances + k * size, out.factor + k * size)) return false;
  }
  return true;
}

// The sum of matrices (K, D, D) over volumes and the total.
void MStep::sum_over_volumes(const double* matrices, double total, double* out) const {
  const ptrdiff_t size = D_ * D_;
  std::fill_n(out, size, 0.0);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    const double share = 1.0 / volumes_[k] / total;
    for (ptrdiff_t i = 0; i < size; ++i) out[i] += share * matrices[k * size + i];
  }
}

// The trace of the product of two symmetric matrices.
double MStep::product(const double* one, const double* other) const {
  double sum = 0.0;
  for (ptrdiff_t i = 0; i < D_ * D_; ++i) sum += one[i] * other[i];
  return sum;
}

bool MStep::matrices_of_equal_volume(const Sums& sums, const Mixture& out) {
  const ptrdiff_t size = D_ * D_;
  double all = 0.0;
  bool above = true;
  for (ptrdiff_t k = 0; k < K_ && above; ++k) {
    above = whiten(&second_[k * size], out.factor + k * size);
    double log_determinant = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i) log_determinant += std::log(out.factor[k * size + i * D_ + i]);
    volumes_[k] = std::exp(log_determinant * (-2.0 / double(D_)));
    all += volumes_[k];
  }
  for (ptrdiff_t k = 0; k < K_ && above; ++k) {
    const double ratio = all / total_ / volumes_[k];
    for (ptrdiff_t i = 0; i < size; ++i) {
      out.covariances[k * size + i] = second_[k * size + i] * ratio;
      out.factor[k * size + i] /= std::sqrt(ratio);
    }
    above = is_above_floor(out.covariances + k * size, out.factor + k * size);
  }
  return above || matrices_of_equal_volume_above_floor(sums, out);
}

// The same where the floor binds: then it does on eigenvalues, in units of the floor.
bool MStep::matrices_of_equal_volume_above_floor(const Sums& sums, const Mixture& out) {
  const ptrdiff_t size = D_ * D_;
  std::vector<double> axes(K_ * size);
  const std::vector<double> ones(D_, 1.0);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j < D_; ++j) matrix_[i * D_ + j] = second_[k * size + i * D_ + j] / root_[i] / root_[j];
    if (!all_finite(matrix_.data(), size)) return false;
    eigen_(matrix_.data(), &squares_[k * D_], &axes[k * size]);
  }
  equal_volume(sums, squares_.data(), ones.data(), variances_.data(), out.repaired);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    for (ptrdiff_t i = 0; i < size; ++i) axes[k * size + i] *= root_[i / D_];
    if (!put_along_axes(&variances_[k * D_], &axes[k * size], k, out)) return false;
  }
  return true;
}

bool MStep::own_axes(const Sums& sums, const Mixture& out, const Mixture* previous) {
  const ptrdiff_t size = D_ * D_;
  if (!all_finite(second_.data(), K_ * size)) return false;
  // The axes wait in the place of the factors.
  for (ptrdiff_t k = 0; k < K_; ++k) eigen_(&second_[k * size], &squares_[k * D_], out.factor + k * size);
  if (family_ == Family::EEV) {
    bool repaired = false;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      double variance = 0.0;
      for (ptrdiff_t k = 0; k < K_; ++k) variance += squares_[k * D_ + i];
      variance /= total_;
      repaired = repaired || variance < even_floor_[i];
      variance = std::max(variance, even_floor_[i]);
      for (ptrdiff_t k = 0; k < K_; ++k) variances_[k * D_ + i] = variance;
    }
    std::fill_n(out.repaired, K_, repaired);
  } else {
    equal_shape(sums, squares_.data(), even_floor_.data(), previous, variances_.data(), out.repaired);
  }
  for (ptrdiff_t k = 0; k < K_; ++k) {
    std::copy_n(out.factor + k * size, size, matrix_.data());
    if (!put_along_axes(&variances_[k * D_], matrix_.data(), k, out)) return false;
  }
  return true;
}

bool MStep::shared_axes(const Sums& sums, const Mixture& out, const Mixture* previous) {
  using Begin = CommonAxes::Begin;
  const Begin begin = !previous ? Begin::anew : previous->axes ? Begin::settled : Begin::given;
  if (begin == Begin::settled) std::copy_n(previous->axes, D_ * D_, out.axes);
  if (begin == Begin::given) common_axes_.of_covariances(previous->covariances, out.axes);
  const double* floor = even_floor_.data();
  std::unique_ptr<bool[]> unused(new bool[size_t(K_)]);
  const auto variances_of = [&](double* squares, double* variances) {
    if (family_ == Family::EVE) return equal_volume(sums, squares, floor, variances, unused.get());
    for (ptrdiff_t k = 0; k < K_; ++k)
      for (ptrdiff_t i = k * D_; i < (k + 1) * D_; ++i) variances[i] = std::max(squares[i] / sums.counts[k], floor[0]);
  };
  if (!common_axes_(second_.data(), sums.counts, variances_of, begin, out.axes, variances_.data()))
    return false;
  for (ptrdiff_t k = 0; k < K_; ++k) {
    if (!put_along_axes(&variances_[k * D_], out.axes, k, out)) return false;
    out.repaired[k] = std::any_of(&variances_[k * D_], &variances_[(k + 1) * D_], [&](double v) { return v <= floor[0]; });
  }
  return true;
}

void MStep::along_the_axes(const Sums& sums, const Mixture& out, const Mixture* previous) {
  if (family_ == Family::VEI)
    equal_shape(sums, second_.data(), floor_, previous, out.covariances, out.repaired);
  else
    equal_volume(sums, second_.data(), floor_, out.covariances, out.repaired);
  for (ptrdiff_t i = 0; i < K_ * D_; ++i) out.factor[i] = 1.0 / std::sqrt(out.covariances[i]);
}

// Variances volume_k * shape_d that fit sums of squares (K, D) best.
void MStep::equal_shape(const Sums& sums, const double* squares, const double* floor, const Mixture* previous,
                        double* variances, bool* at_floor) {
  std::vector<double>& held = variances_;
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i)
      held[k * D_ + i] = std::max(squares[k * D_ + i], sums.counts[k] * (NOTHING * floor[i]));
  if (previous) {
    volumes_of(*previous, volumes_.data());
  } else {
    for (ptrdiff_t k = 0; k < K_; ++k) {
      volumes_[k] = 0.0;
      for (ptrdiff_t i = 0; i < D_; ++i) volumes_[k] += held[k * D_ + i];
      volumes_[k] /= double(D_) * sums.counts[k];
    }
  }
  std::vector<double> shape(D_);
  const std::vector<double> first = volumes_;
  Patience stop(previous != nullptr);
  for (int sweep = 0; sweep < LARGEST_NUMBER_OF_SWEEPS; ++sweep) {
    std::fill(shape.begin(), shape.end(), 0.0);
    for (ptrdiff_t k = 0; k < K_; ++k)
      for (ptrdiff_t i = 0; i < D_; ++i) shape[i] += held[k * D_ + i] / (total_ * volumes_[k]);
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      double volume = 0.0;
      for (ptrdiff_t i = 0; i < D_; ++i) volume += held[k * D_ + i] / shape[i];
      volume /= double(D_) * sums.counts[k];
      change = std::max(change, std::abs(volume / volumes_[k] - 1.0));
      volumes_[k] = volume;
    }
    if (stop.after(change)) break;
  }
  bool above = true;
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i) above = above && volumes_[k] * shape[i] >= floor[i];
  if (!above) {
    volumes_ = first;
    return equal_shape_above_floor(sums, floor, variances, at_floor);
  }
  for (ptrdiff_t k = 0; k < K_; ++k) {
    at_floor[k] = false;
    for (ptrdiff_t i = 0; i < D_; ++i) variances[k * D_ + i] = volumes_[k] * shape[i];
  }
}

// The same where the floor binds, for the squares that are held: gaussmix.covariance.variances._of_equal_shape_above_floor.
void MStep::equal_shape_above_floor(const Sums& sums, const double* floor, double* variances, bool* at_floor) {
  std::vector<double> squares = variances_, found(K_ * D_), shape(D_);
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i) squares[k * D_ + i] /= floor[i];
  for (int sweep = 0; sweep < LARGEST_NUMBER_OF_SWEEPS; ++sweep) {
    const double least_volume = *std::min_element(volumes_.begin(), volumes_.end());
    std::fill(shape.begin(), shape.end(), 0.0);
    for (ptrdiff_t k = 0; k < K_; ++k)
      for (ptrdiff_t i = 0; i < D_; ++i) shape[i] += squares[k * D_ + i] * least_volume / (volumes_[k] * total_);
    for (double& one : shape) one = std::max(one, 1.0);
    const double least = *std::min_element(shape.begin(), shape.end());
    for (double& one : shape) one /= least;
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      double volume = 0.0;
      for (ptrdiff_t i = 0; i < D_; ++i) volume += squares[k * D_ + i] / shape[i];
      volumes_[k] = std::max(volume / (double(D_) * sums.counts[k]), 1.0);
      for (ptrdiff_t i = 0; i < D_; ++i) {
        const double variance = volumes_[k] * shape[i];
        change = std::max(change, std::abs(found[k * D_ + i] / variance - 1.0));
        found[k * D_ + i] = variance;
      }
    }
    if (change < VOLUME_TOLERANCE) break;
  }
  for (ptrdiff_t k = 0; k < K_; ++k) {
    at_floor[k] = false;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      at_floor[k] = at_floor[k] || found[k * D_ + i] <= 1.0 + AT_FLOOR;
      variances[k * D_ + i] = std::max(found[k * D_ + i], 1.0) * floor[i];
    }
  }
}

// Variances of the same product in each component that fit sums of squares (K, D) best.
void MStep::equal_volume(const Sums& sums, double* squares, const double* floor, double* variances, bool* at_floor) {
  double all = 0.0;
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double logarithm = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      double& square = squares[k * D_ + i];
      square = std::max(square, sums.counts[k] * (NOTHING * floor[i]));
      logarithm += std::log(square);
    }
    all += volumes_[k] = std::exp(logarithm / double(D_));
  }
  bool above = true;
  for (ptrdiff_t k = 0; k < K_; ++k) {
    at_floor[k] = false;
    for (ptrdiff_t i = 0; i < D_; ++i) {
      variances[k * D_ + i] = squares[k * D_ + i] * (all / total_ / volumes_[k]);
      above = above && variances[k * D_ + i] >= floor[i];
    }
  }
  if (!above) equal_volume_above_floor(squares, floor, variances, at_floor);
}

// The same where the floor binds: gaussmix.covariance.variances._of_equal_volume_above_floor.
void MStep::equal_volume_above_floor(const double* squares, const double* floor, double* variances, bool* at_floor) {
  std::vector<double> logarithms(K_ * D_), ordered(K_ * D_), log_m(K_);
  std::vector<ptrdiff_t> number(K_);
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double* of_k = &ordered[k * D_];
    for (ptrdiff_t i = 0; i < D_; ++i) of_k[i] = logarithms[k * D_ + i] = std::log(squares[k * D_ + i] / floor[i]);
    std::sort(of_k, of_k + D_, [](double x, double y) { return x > y; });
    for (ptrdiff_t i = 1; i < D_; ++i) of_k[i] += of_k[i - 1];
  }
  double log_volume = 0.0;
  for (int sweep = 0; sweep < LARGEST_NUMBER_OF_SWEEPS; ++sweep) {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0.0, slope = 0.0;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      log_m[k] = ordered[k * D_] - log_volume;
      number[k] = 1;
      for (ptrdiff_t i = 1; i < D_; ++i) {
        const double candidate = (ordered[k * D_ + i] - log_volume) / double(i + 1);
        if (candidate > log_m[k]) {
          log_m[k] = candidate;
          number[k] = i + 1;
        }
      }
      largest = std::max(largest, log_m[k]);
    }
    for (ptrdiff_t k = 0; k < K_; ++k) {
      const double m = std::exp(log_m[k] - largest);
      sum += m;
      slope += m / double(number[k]);
    }
    const double excess = std::log(sum) + largest - std::log(total_);
    if (excess <= 1e-14 * double(D_)) break;
    log_volume += excess * sum / slope;
  }
  for (ptrdiff_t k = 0; k < K_; ++k)
    for (ptrdiff_t i = 0; i < D_; ++i) {
      const double raised = std::max(logarithms[k * D_ + i] - log_m[k], 0.0);
      if (raised <= 0.0) at_floor[k] = true;
      variances[k * D_ + i] = std::exp(raised) * floor[i];
    }
}

// The covariance of component k: variances along axes, the columns of a matrix.
bool MStep::put_along_axes(const double* variances, const double* axes, ptrdiff_t k, const Mixture& out) {
  double* matrix = out.covariances + k * D_ * D_;
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double x = 0.0;
      for (ptrdiff_t m = 0; m < D_; ++m) x += axes[i * D_ + m] * variances[m] * axes[j * D_ + m];
      matrix[i * D_ + j] = matrix[j * D_ + i] = x;
    }
  return whiten(matrix, out.factor + k * D_ * D_);
}

// The geometric means of the variances along the components' axes.
void MStep::volumes_of(const Mixture& mixture, double* volumes) const {
  for (ptrdiff_t k = 0; k < K_; ++k) {
    double log_determinant = 0.0;
    for (ptrdiff_t i = 0; i < D_; ++i)
      log_determinant += std::log(mixture.factor[is_of_matrices(moments_) ? (k * D_ + i) * D_ + i : k * D_ + i]);
    volumes[k] = std::exp(-2.0 * log_determinant / double(D_));
  }
}

bool MStep::whiten(const double* matrix, double* factor) {
  return kernels_.whitening_factor(matrix, D_, factor, scratch_.data());
}

// The sum of the eigenvalues of the floor relative to a covariance mostly settles it.
bool MStep::is_surely_above_floor(const double* factor) const {
  double sum = 0.0;
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) sum += factor[i * D_ + j] * factor[i * D_ + j] * floor_[j];
  return sum <= 1.0;
}

bool MStep::is_above_floor(const double* matrix, const double* factor) {
  if (is_surely_above_floor(factor)) return true;
  std::copy_n(matrix, D_ * D_, matrix_.data());
  for (ptrdiff_t i = 0; i < D_; ++i) matrix_[i * D_ + i] -= floor_[i];
  return whiten(matrix_.data(), &matrix_[D_ * D_]);
}

// Raises eigenvalues below one to one, in coordinates where the floor is the identity; returns whether there were any.
bool MStep::raise_to_floor(double* matrix, const double* factor, bool has_factor) {
  const ptrdiff_t size = D_ * D_;
  if (has_factor && is_surely_above_floor(factor)) return false;
  // Eigenvalues of many features would cost much more than this.
  if (has_factor && D_ > FEW_FEATURES && is_above_floor(matrix, factor)) return false;
  double *relative = matrix_.data(), *vectors = relative + size;
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j < D_; ++j) relative[i * D_ + j] = matrix[i * D_ + j] / root_[i] / root_[j];
  if (!all_finite(relative, size)) return false;
  eigen_(relative, squares_.data(), vectors);
  const double rounding = ROUNDING_OF_EIGENVALUES * double(D_);
  const bool lost = rounding * squares_[D_ - 1] > 1.0;
  if (lost && squares_[0] > -rounding * squares_[D_ - 1]) {
    for (ptrdiff_t i = 0; i < D_; ++i) matrix[i * D_ + i] += floor_[i] + rounding * matrix[i * D_ + i];
    return true;
  }
  if (!(squares_[0] < 1.0)) return false;
  for (ptrdiff_t i = 0; i < D_; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double x = 0.0;
      for (ptrdiff_t m = 0; m < D_; ++m) x += vectors[i * D_ + m] * std::max(squares_[m], 1.0) * vectors[j * D_ + m];
      matrix[i * D_ + j] = matrix[j * D_ + i] = x * root_[i] * root_[j];
    }
  if (lost)
    for (ptrdiff_t i = 0; i < D_; ++i) matrix[i * D_ + i] += floor_[i] + rounding * matrix[i * D_ + i];
  return true;
}

}  // namespace gaussmix
