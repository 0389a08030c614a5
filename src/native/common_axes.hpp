// The orthogonal axes, shared by all components, that fit their scatter matrices best; the specification is
// gaussmix.covariance.axes.common_axes.
#pragma once

#include <stddef.h>

#include <functional>
#include <vector>

#include "small_matrices.hpp"

namespace gaussmix {

class CommonAxes {
 public:
  // Fills the best variances (K, D) for sums of squares (K, D) along axes.
  using VariancesOf = std::function<void(double* sums, double* variances)>;

  CommonAxes(ptrdiff_t K, ptrdiff_t D);

  // Where the iteration begins: at axes of an M-step, at the best among the given and those of the scatter, or at the best
  // of the latter.
  enum class Begin { settled, given, anew };

  // second: (K, D, D). The axes, columns of a matrix, are where to begin, unless anew, and what was found; variances:
  // (K, D). False where a number is not finite.
  bool operator()(const double* second, const double* counts, const VariancesOf& variances_of, Begin begin, double* axes,
                  double* variances);

  // Axes of covariances (K, D, D) that share them.
  void of_covariances(const double* covariances, double* axes);

 private:
  struct Fit {
    std::vector<double> scatter, sums, variances;
    double objective = 0.0;
  };
  struct Turn {
    std::vector<double> angles, change;
    double bend = 0.0;
  };

  bool fit(const double* counts, const VariancesOf& variances_of, Fit* out) const;
  bool first_axes(const double* second, const double* counts, const VariancesOf& variances_of, bool given, double* axes);
  void rotate(const double* scatter, const double* rotation, double* out);
  void find_derivatives(const Fit& fit);
  void find_angles();
  void find_rotation();
  void make_orthonormal(double* axes);

  ptrdiff_t K_, D_;
  Fit now_, next_;
  std::vector<Turn> memory_;  // the latest last
  std::vector<double> slope_, stiffness_, angles_, before_, rotation_, half_, work_;
  SymmetricEigen eigen_;
};

}  // namespace gaussmix
