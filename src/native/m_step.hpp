// M-steps, held above a floor; the specification are the families of gaussmix.covariance.
#pragma once

#include <vector>

#include "common_axes.hpp"
#include "em.hpp"
#include "small_matrices.hpp"

namespace gaussmix {

// Sufficient statistics about centres, and what is read of them.
struct Sums {
  const double* centers;  // (K, D)
  const double* counts;   // (K)
  const double* first;    // (K, D)
  const double* second;   // as the moments say
};

// How many numbers the second moments of a component take, and for how many they are kept apart: one where they are pooled.
struct SecondMoments {
  explicit SecondMoments(const Task& task);
  ptrdiff_t size, number;
  ptrdiff_t total() const { return size * number; }
};

// Whether a family's components share axes.
bool shares_axes(Family family);

// The M-step of one mixture and memory for it.
class MStep {
 public:
  MStep(const Kernels& kernels, const Task& task, const Course& course);

  // Fills the mixture with the maximum; false where the M-step is beyond what is done here: a component has no rows, a
  // number is not finite, or a matrix is so thin that rounding makes it indefinite. Where the M-step is an iteration it
  // begins at the previous mixture, if there is one.
  bool operator()(const Sums& sums, const Mixture& out, const Mixture* previous);

 private:
  void center(const Sums& sums);
  bool own_matrices(const Sums& sums, const Mixture& out);
  void own_variances(const Sums& sums, const Mixture& out) const;
  bool one_matrix(const Mixture& out);
  void one_variance_a_feature(const Mixture& out) const;
  bool proportional_matrices(const Sums& sums, const Mixture& out, const Mixture* previous);
  bool matrices_of_equal_volume(const Sums& sums, const Mixture& out);
  bool own_axes(const Sums& sums, const Mixture& out, const Mixture* previous);
  bool shared_axes(const Sums& sums, const Mixture& out, const Mixture* previous);
  void along_the_axes(const Sums& sums, const Mixture& out, const Mixture* previous);

  bool proportional_matrices_above_floor(const Sums& sums, const Mixture& out);
  bool matrices_of_equal_volume_above_floor(const Sums& sums, const Mixture& out);
  void equal_shape(const Sums& sums, const double* squares, const double* floor, const Mixture* previous,
                   double* variances, bool* at_floor);
  void equal_shape_above_floor(const Sums& sums, const double* floor, double* variances, bool* at_floor);
  void equal_volume(const Sums& sums, double* squares, const double* floor, double* variances, bool* at_floor);
  void equal_volume_above_floor(const double* squares, const double* floor, double* variances, bool* at_floor);
  void sum_over_volumes(const double* matrices, double total, double* out) const;
  double product(const double* one, const double* other) const;
  bool put_along_axes(const double* variances, const double* axes, ptrdiff_t k, const Mixture& out);
  void volumes_of(const Mixture& mixture, double* volumes) const;
  bool raise_to_floor(double* matrix, const double* factor, bool has_factor);
  bool is_surely_above_floor(const double* factor) const;
  bool is_above_floor(const double* matrix, const double* factor);
  bool whiten(const double* matrix, double* factor);

  const Kernels& kernels_;
  Family family_;
  Moments moments_;
  ptrdiff_t D_, K_;
  SecondMoments moments_of_;
  const double* floor_;
  double total_ = 0.0;
  std::vector<double> root_, even_floor_, second_, squares_, variances_, volumes_, scratch_, matrix_;
  SymmetricEigen eigen_;
  CommonAxes common_axes_;
};

}  // namespace gaussmix
