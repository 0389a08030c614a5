// EM of several small mixtures, each from beginning to end in one thread.
//
// For families whose M-step is here (m_step.hpp).
#pragma once

#include <vector>

#include "task.hpp"

namespace gaussmix {

// Where the parameters of a mixture stand.
struct Mixture {
  double* weights;      // (K)
  double* means;        // (K, D)
  double* covariances;  // as the moments say
  double* factor;       // as the form says
  bool* repaired;       // (K)
  double* axes;         // (D, D), as columns, of a family whose components share them; null where they are not known
};

// What an M-step imposes on covariances, by mclust's identifiers; the values are those of gaussmix.backends.native.
enum class Family : int { VVV, VVI, VII, EEE, EEI, EII, EVI, VEI, EVV, VEE, EEV, VEV, EVE, VVE };
constexpr int N_FAMILIES = 14;

struct Run {
  Task task;              // the rows, the form and the moments; its density is set by the run
  Mixture mixture;        // the start, and where the run ended
  Statistics statistics;  // of exactly this mixture
  double gain;            // of the last iteration, in nats a unit of weight
  double rate;            // by which gains shrank last
  int64_t n_iter;         // M-steps made
  bool converged;
  bool left;              // whether the next M-step is beyond what is done here: a component without rows, or not finite
};

// How runs are driven.
struct Course {
  Family family;
  const double* floor;  // (D), the least variances, none of them zero
  int64_t max_iter;
  double tol;
  // Plain EM that ends when it gains less than tol in an iteration (gaussmix.core.stack.run_each), or accelerated EM until
  // it has converged (gaussmix.core.em.run_em).
  bool accelerate;
};

void run_em_each(const Kernels& kernels, std::vector<Run>& runs, const Course& course, int n_threads);

}  // namespace gaussmix
