#include "em.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "acceleration.hpp"
#include "engine.hpp"
#include "m_step.hpp"
#include "parallel.hpp"

namespace gaussmix {
namespace {

constexpr double LOG_2_PI = 1.8378770664093453;
// See gaussmix.core.stack, gaussmix.core.em and gaussmix.core.convergence.
constexpr double LARGEST_RATE = 0.98;
constexpr double LARGE_GAIN = 1e-2;
constexpr double ROUNDING = 1e-12;
constexpr int WINDOW_OF_LEAPS = 10;
constexpr double PLATEAU_ITERATIONS = 100;
constexpr double LEAPING_PLATEAU_ITERATIONS = 10;

// Memory for a mixture and its statistics.
class Point {
 public:
  Point(const Task& task, Family family)
      : K_(task.n_components),
        size_(SecondMoments(task).total()),
        numbers_(K_ * (2 + 2 * task.n_features) + 3 * size_),
        repaired_(new bool[size_t(K_)]),
        axes_(shares_axes(family) ? task.n_features * task.n_features : 0),
        log_constants_(K_) {
    const ptrdiff_t D = task.n_features;
    double* next = numbers_.data();
    const auto take = [&](ptrdiff_t count) { return (next += count) - count; };
    mixture = {take(K_), take(K_ * D), take(size_), take(size_), repaired_.get(), axes_.data()};
    statistics = {take(K_), take(K_ * D), take(size_), 0.0, 0.0};
  }

  // The statistics as the M-step reads them.
  Sums sums() const { return {mixture.means, statistics.counts, statistics.first, statistics.second}; }

  // The E-step of the mixture; returns the mean log-likelihood.
  double expect(const Kernels& kernels, const Task& task) {
    const ptrdiff_t D = task.n_features;
    for (ptrdiff_t k = 0; k < K_; ++k) {
      double log_determinant = 0.0;
      if (task.density.form == Form::full || task.density.form == Form::shared) {
        const double* factor = mixture.factor + (task.density.form == Form::full ? k * D * D : 0);
        for (ptrdiff_t i = 0; i < D; ++i) log_determinant += std::log(factor[i * D + i]);
      }
      if (task.density.form == Form::diagonal)
        for (ptrdiff_t i = 0; i < D; ++i) log_determinant += std::log(mixture.factor[k * D + i]);
      if (task.density.form == Form::scalar) log_determinant = double(D) * std::log(mixture.factor[k]);
      log_constants_[k] = std::log(mixture.weights[k]) + log_determinant - 0.5 * double(D) * LOG_2_PI;
    }
    Task here = task;
    here.density = {log_constants_.data(), mixture.means, mixture.factor, task.density.form};
    run_expect(kernels, here, 1, &statistics);
    return mean();
  }

  double mean() const { return statistics.log_likelihood / statistics.total_weight; }

  void read(const Run& run) { copy(run.mixture, run.statistics, run.task.n_features, mixture, nullptr); }

  void write(Run& run) const {
    copy(mixture, statistics, run.task.n_features, run.mixture, &run.statistics);
    run.statistics.log_likelihood = statistics.log_likelihood;
    run.statistics.total_weight = statistics.total_weight;
  }

  Mixture mixture;
  Statistics statistics;

 private:
  void copy(const Mixture& from, const Statistics& sums, ptrdiff_t D, const Mixture& to, Statistics* to_sums) const {
    std::copy_n(from.weights, K_, to.weights);
    std::copy_n(from.means, K_ * D, to.means);
    std::copy_n(from.covariances, size_, to.covariances);
    std::copy_n(from.factor, size_, to.factor);
    std::copy_n(from.repaired, K_, to.repaired);
    if (!to_sums) return;
    std::copy_n(sums.counts, K_, to_sums->counts);
    std::copy_n(sums.first, K_ * D, to_sums->first);
    std::copy_n(sums.second, size_, to_sums->second);
  }

  ptrdiff_t K_, size_;
  std::vector<double> numbers_;
  std::unique_ptr<bool[]> repaired_;
  std::vector<double> axes_;
  std::vector<double> log_constants_;
};

// gaussmix.core.stack.run_each
void run_plainly(const Kernels& kernels, Run& run, const Course& course) {
  MStep maximise(kernels, run.task, course);
  Point one(run.task, course.family), other(run.task, course.family);
  Point *now = &one, *next = &other;
  now->read(run);
  double mean = now->expect(kernels, run.task);
  while (run.n_iter < course.max_iter) {
    if (!maximise(now->sums(), next->mixture, nullptr)) {
      run.left = true;
      break;
    }
    const double before = mean;
    mean = next->expect(kernels, run.task);
    std::swap(now, next);
    double gain = mean - before;
    if (gain < 0.0) gain = 0.0;
    run.rate = gain == 0.0 || std::isnan(gain) ? 0.0 : std::min(gain / run.gain, LARGEST_RATE);
    run.gain = gain;
    ++run.n_iter;
    if (!(gain >= course.tol)) {
      run.converged = true;
      break;
    }
  }
  now->write(run);
}

// The last log-likelihoods of a run, and whether it has converged by them: gaussmix.core.convergence.
class Path {
 public:
  explicit Path(double start) : last_(start) {}

  double last() const { return last_; }

  // Ends an iteration without a gain.
  void stand_still() { note(last_); }

  void move_to(double log_likelihood) {
    if (log_likelihood < last_) {
      n_gains_ = 0;
    } else {
      gain_before_ = gain_;
      gain_ = log_likelihood - last_;
      ++n_gains_;
    }
    note(log_likelihood);
  }

  // rate: by which gains shrink, negative where it is not known.
  bool has_converged(double tol, double rate, double plateau_iterations) const {
    return n_gains_ >= 2 && gain_ < tol && remaining(rate) < plateau_iterations * tol;
  }

  // Whether the last few iterations gained more than a plateau would.
  bool still_gains(double tol) const {
    const int first = std::min(n_noted_, 1 + WINDOW_OF_LEAPS);
    return last_ - noted_[(n_noted_ - first) % (1 + WINDOW_OF_LEAPS)] >= LEAPING_PLATEAU_ITERATIONS * tol;
  }

 private:
  void note(double log_likelihood) {
    last_ = log_likelihood;
    noted_[n_noted_++ % (1 + WINDOW_OF_LEAPS)] = log_likelihood;
  }

  double remaining(double rate) const {
    constexpr double INFINITE = std::numeric_limits<double>::infinity();
    if (gain_ <= 8 * std::numeric_limits<double>::epsilon() * (1.0 + std::abs(last_))) return 0.0;
    if (rate >= 0.0) return rate < 1.0 ? gain_ * rate / (1.0 - rate) : INFINITE;
    return gain_ < gain_before_ ? gain_ * gain_ / (gain_before_ - gain_) : INFINITE;
  }

  double last_, gain_ = 0.0, gain_before_ = 0.0;
  int n_gains_ = 0, n_noted_ = 0;
  double noted_[1 + WINDOW_OF_LEAPS];
};

// gaussmix.core.em.run_em
void run_accelerated(const Kernels& kernels, Run& run, const Course& course) {
  MStep maximise(kernels, run.task, course);
  Acceleration acceleration(run.task);
  Point one(run.task, course.family), other(run.task, course.family);
  Point *now = &one, *next = &other;
  now->read(run);
  Path path(now->expect(kernels, run.task));
  bool leapt = false, leaps = false, has_axes = false;
  while (run.n_iter < course.max_iter && !run.converged) {
    leaps = leaps || leapt;
    const Sums origin = leapt ? acceleration.leap() : now->sums();
    Mixture previous = now->mixture;
    if (!has_axes) previous.axes = nullptr;  // those of the start
    if (!maximise(origin, next->mixture, &previous)) {
      if (!leapt) {
        run.left = true;
        break;
      }
      acceleration.refuse();
      leapt = false;
      continue;
    }
    const double gain = next->expect(kernels, run.task) - path.last();
    ++run.n_iter;
    if (leapt && !(gain >= 0.0)) {
      acceleration.refuse();
      leapt = false;
      path.stand_still();
      continue;
    }
    const bool lost = gain < -ROUNDING * (1.0 + std::abs(path.last()));
    const bool began_at_leap = leapt;
    double rate = -1.0;
    leapt = false;
    if (gain < 0.0 && (run.n_iter > 1 || !lost)) {
      path.move_to(path.last());  // taken back
    } else {
      if (gain < LARGE_GAIN) {
        leapt = acceleration.after(origin, next->sums());
        rate = acceleration.rate();
      } else {
        acceleration.begin_anew();
      }
      std::swap(now, next);
      has_axes = true;
      path.move_to(now->mean());
    }
    run.converged = path.has_converged(course.tol, rate, leaps ? LEAPING_PLATEAU_ITERATIONS : PLATEAU_ITERATIONS) &&
                    (rate >= 0.0 || !began_at_leap) && !(leaps && path.still_gains(course.tol));
  }
  now->write(run);
}

}  // namespace

void run_em_each(const Kernels& kernels, std::vector<Run>& runs, const Course& course, int n_threads) {
  int64_t work = 0;
  for (const Run& run : runs) work += run.task.rows.n_rows * int64_t(run.task.n_components);
  constexpr double WORK_OF_A_THREAD = 20000;  // rows times components times iterations
  const double useful = std::max(1.0, std::min(double(work) * double(course.max_iter) / WORK_OF_A_THREAD, double(runs.size())));
  const int threads = int(std::min(double(std::max(n_threads, 1)), useful));
  std::atomic<size_t> next{0};
  run_threads(threads, [&](int) {
    for (size_t i; (i = next.fetch_add(1)) < runs.size();) {
      Run& run = runs[i];
      run.gain = run.rate = 0.0;
      run.n_iter = 0;
      run.converged = run.left = false;
      (course.accelerate ? run_accelerated : run_plainly)(kernels, run, course);
    }
  });
}

}  // namespace gaussmix
