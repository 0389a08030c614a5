// Leaps ahead along the path that the last two steps of EM took; the specification is gaussmix.core.acceleration.
#pragma once

#include <vector>

#include "m_step.hpp"

namespace gaussmix {

class Acceleration {
 public:
  explicit Acceleration(const Task& task);

  // Takes note of a step of EM; whether the next step shall begin at `leap()` and not at its end.
  bool after(const Sums& begin, const Sums& end);

  // Where the last leap ended: statistics about their own means.
  Sums leap() const { return {means_.data(), counts_.data(), zeros_.data(), second_.data()}; }

  // By which the likelihood's gains shrink from one step to the next near an optimum; negative where it is not known.
  double rate() const { return rate_; }

  void begin_anew();

  // The last leap did not raise the likelihood.
  void refuse();

 private:
  bool unconstrain(const Sums& sums, double* out) const;
  void constrain(const double* vector, double total);
  void measure(const Sums& sums, double* units) const;

  Moments moments_;
  ptrdiff_t D_, K_;
  SecondMoments moments_of_;
  ptrdiff_t length_;
  double limit_, rate_ = -1.0;
  int n_points_ = 0;
  int n_rates_ = 0;
  double rates_[4];
  std::vector<double> points_[3], units_, means_, counts_, zeros_, second_;
  mutable std::vector<double> lower_;
};

}  // namespace gaussmix
