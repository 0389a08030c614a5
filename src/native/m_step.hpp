// M-steps of the families whose covariances are scatter over count, held above a floor.
#pragma once

#include <vector>

#include "em.hpp"

namespace gaussmix {

// Sufficient statistics about centres, and what is read of them.
struct Sums {
  const double* centers;  // (K, D)
  const double* counts;   // (K)
  const double* first;    // (K, D)
  const double* second;   // as the moments say
};

// How many numbers one component's covariance takes.
ptrdiff_t numbers_a_covariance(const Task& task);

// The M-step of one mixture and memory for it.
class MStep {
 public:
  // floor: (D), the least variances, none of them zero.
  MStep(const Kernels& kernels, const Task& task, const double* floor);

  // Fills the mixture with the maximum; false where a component has no rows or a number is not finite.
  bool operator()(const Sums& sums, const Mixture& out);

 private:
  bool full(const Sums& sums, const Mixture& out);
  void diagonal(const Sums& sums, const Mixture& out) const;
  void trace(const Sums& sums, const Mixture& out) const;
  bool raise_to_floor(double* matrix, const double* factor, bool has_factor);
  void find_eigenvalues();

  const Kernels& kernels_;
  const double* floor_;
  Moments moments_;
  ptrdiff_t D_, K_, size_;
  std::vector<double> root_, matrix_, vectors_, scratch_;
};

}  // namespace gaussmix
