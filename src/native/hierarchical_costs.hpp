// Groups in slots, and what merging them costs.
#pragma once

#include "hierarchical.hpp"
#include "vector_math.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {
namespace {

// Pivots below this part of the diagonal are what rounding leaves of zero.
constexpr double SINGULAR = 1e-12;
constexpr double NEGLIGIBLE = -40.0;  // logarithm of what is lost when it is added to one
constexpr ptrdiff_t UNROLLED = 6;

ptrdiff_t packed(ptrdiff_t row, ptrdiff_t column) { return row * (row + 1) / 2 + column; }

// Slots in memory: whole vectors, and one to read beyond any slot.
ptrdiff_t padded_slots(const GroupsToMerge& groups) {
  return (ptrdiff_t(groups.n_groups) + 2 * WIDTH - 1) / WIDTH * WIDTH;
}

ptrdiff_t scatter_entries(const GroupsToMerge& groups, MergeModel model) {
  return model == MergeModel::VVV ? packed(groups.n_features, 0) : 0;
}

// What lies at infinity is never merged: the padding, and slots that were freed.
class GroupsInSlots {
 protected:
  // Takes of the numbers what it needs.
  GroupsInSlots(const GroupsToMerge& groups, const MergeCriterion& criterion, double*& numbers)
      : criterion_(criterion),
        n_(ptrdiff_t(groups.n_groups)),
        D_(groups.n_features),
        stride_(padded_slots(groups)),
        entries_(scatter_entries(groups, criterion.model)),
        slots_(n_) {
    mean_ = take(D_ * stride_, numbers);
    scatter_ = take(entries_ * stride_, numbers);
    weight_ = take(stride_, numbers);
    trace_ = take(stride_, numbers);
    term_ = take(stride_, numbers);
    rank_ = take(stride_, numbers);
    cost_ = take(stride_, numbers);
    matrix_ = take((entries_ + D_) * WIDTH, numbers);  // aligned, as all before it are whole vectors
    distances_ = mean_;
    log_of_mean_pivot_ = log(broadcast(factor_of_trace() * double(D_)))[0];
    for (ptrdiff_t i = 0; i < stride_; ++i) load_group(groups, i);
  }

  static double* take(ptrdiff_t size, double*& numbers) {
    double* taken = numbers;
    numbers += size;
    return taken;
  }

  bool is_free(ptrdiff_t i) const { return mean_[i] == INFINITE; }

  bool goes_by_squares() const {
    return criterion_.model == MergeModel::EII || criterion_.model == MergeModel::EEE;
  }

  double term_of(ptrdiff_t i) {
    const double n = weight_[i];
    const Vector trace = broadcast((trace_[i] + criterion_.trace_addition) / n * factor_of_trace());
    double term = n * log(trace)[0];
    if (criterion_.model == MergeModel::VVV && rank_[i] >= double(D_)) {
      for (ptrdiff_t e = 0; e < entries_; ++e) store(matrix_ + e * WIDTH, broadcast(scatter_[e * stride_ + i]));
      term += n * log_ratio<0>(broadcast(1.0 / n), trace)[0];
    }
    return term;
  }

  double factor_of_trace() const {
    return criterion_.model == MergeModel::VVV ? criterion_.trace_factor : 1.0;
  }

  // log(1 + det(matrix * by) / trace) of the packed matrices in matrix_, which are overwritten.
  template <int FEATURES>
  Vector log_ratio(Vector by, Vector trace) {
    const ptrdiff_t D = FEATURES ? FEATURES : D_;
    Vector unrolled[FEATURES ? FEATURES * (FEATURES + 1) / 2 : 1];
    const auto at = [&](ptrdiff_t e) __attribute__((always_inline)) -> Vector& {
      if constexpr (FEATURES > 0) return unrolled[e];
      return reinterpret_cast<Vector*>(matrix_)[e];
    };
    if constexpr (FEATURES > 0) {
      GAUSSMIX_UNROLL for (ptrdiff_t e = 0; e < FEATURES * (FEATURES + 1) / 2; ++e)
        unrolled[e] = load(matrix_ + e * WIDTH);
    }
    const Vector zero = {};
    Vector product = broadcast(1.0), logarithm = {};
    double* limits = matrix_ + entries_ * WIDTH;
    GAUSSMIX_UNROLL for (ptrdiff_t k = 0; k < D; ++k) store(limits + k * WIDTH, at(packed(k, k)) * SINGULAR);
    GAUSSMIX_UNROLL for (ptrdiff_t k = 0; k < D; ++k) {
      const Vector pivot = at(packed(k, k));
      const Integers usable = pivot > load(limits + k * WIDTH);
      product *= select(usable, pivot * by, zero);
      if (!FEATURES && k % 8 == 7) {  // before it leaves the range of doubles
        logarithm += log(product);
        product = broadcast(1.0);
      }
      const Vector reciprocal = select(usable, 1.0 / pivot, zero);
      GAUSSMIX_UNROLL for (ptrdiff_t i = k + 1; i < D; ++i) {
        const Vector l = at(packed(i, k)) * reciprocal;
        GAUSSMIX_UNROLL for (ptrdiff_t j = k + 1; j <= i; ++j) at(packed(i, j)) -= l * at(packed(j, k));
      }
    }
    if constexpr (FEATURES > 0) return log(product / trace + 1.0);
    const Vector exponent = logarithm + log(product) - log(trace);
    return select(exponent > 36.0, exponent, log(exp(exponent) + 1.0));
  }

  // Fills cost_ for slots [begin, end): merging each with slot i. Where the cost is not below both the bound and
  // the slot's own bounds, if given, a number is filled in that is not below them either.
  void costs(ptrdiff_t i, ptrdiff_t begin, ptrdiff_t end, double bound, const double* bounds) {
    work_ += double(end - begin) * double(D_ + 8);
    switch (criterion_.model) {
      case MergeModel::EII:
      case MergeModel::EEE: squares(i, begin, end, distances_, cost_); return;
      case MergeModel::VII: logarithms<-1>(i, begin, end, bound, bounds); return;
      case MergeModel::VVV:
        switch (D_) {
          case 2: logarithms<2>(i, begin, end, bound, bounds); return;
          case 3: logarithms<3>(i, begin, end, bound, bounds); return;
          case 4: logarithms<4>(i, begin, end, bound, bounds); return;
          case 5: logarithms<5>(i, begin, end, bound, bounds); return;
          case UNROLLED: logarithms<UNROLLED>(i, begin, end, bound, bounds); return;
          default: logarithms<0>(i, begin, end, bound, bounds);
        }
    }
  }

  GAUSSMIX_INLINE Vector squared_distance(ptrdiff_t i, ptrdiff_t j, const double* means, ptrdiff_t D) const {
    Vector sum = {};
    for (ptrdiff_t d = 0; d < D; ++d) {
      const Vector difference = load(means + d * stride_ + j) - means[d * stride_ + i];
      sum += difference * difference;
    }
    return sum;
  }

  void squares(ptrdiff_t i, ptrdiff_t begin, ptrdiff_t end, const double* means, double* out) const {
    for (ptrdiff_t j = begin; j < end; j += WIDTH) {
      const Vector n = load(weight_ + j), both = n + weight_[i];
      Vector cost = squared_distance(i, j, means, D_) * (n * weight_[i] / both);
      for (ptrdiff_t lane = 0; lane < WIDTH && j + lane < end; ++lane) out[j + lane] = cost[lane];
    }
  }

  template <int FEATURES>  // -1: without determinant
  void logarithms(ptrdiff_t i, ptrdiff_t begin, ptrdiff_t end, double bound, const double* bounds) {
    const ptrdiff_t D = FEATURES > 0 ? FEATURES : D_;
    const double a = criterion_.trace_addition, b = factor_of_trace();
    for (ptrdiff_t j = begin; j < end; j += WIDTH) {
      const Vector n = load(weight_ + j), both = n + weight_[i];
      const Vector joint = n * weight_[i] / both;
      const Vector reciprocal = 1.0 / both;
      const Vector trace =
          (squared_distance(i, j, mean_, D) * joint + load(trace_ + j) + (trace_[i] + a)) * (reciprocal * b);
      // The determinant only adds to this.
      const Vector log_trace = log(trace);
      Vector cost = log_trace * both - (load(term_ + j) + term_[i]);
      if constexpr (FEATURES >= 0) {
        Vector limit = broadcast(bound);
        if (bounds) limit = minimum(limit, load(bounds + j));
        // det(W / n) is at most (tr(W) / n / D)^D; where that vanishes beside the trace, so does the determinant.
        const Vector largest = (log_trace - log_of_mean_pivot_) * double(D) - log_trace;
        const Integers needed =
            (cost < limit) & (load(rank_ + j) + (rank_[i] + 1.0) >= double(D)) & (largest > NEGLIGIBLE);
        if (any(needed)) {
          work_ += double(WIDTH * D * D * D) / 6.0;
          for (ptrdiff_t d = 0; d < D; ++d) {
            const Vector scaled = (load(mean_ + d * stride_ + j) - mean_[d * stride_ + i]) * joint;
            for (ptrdiff_t e = 0; e <= d; ++e) {
              const ptrdiff_t entry = packed(d, e) * stride_;
              const Vector other = load(mean_ + e * stride_ + j) - mean_[e * stride_ + i];
              store(matrix_ + packed(d, e) * WIDTH, load(scatter_ + entry + j) + scatter_[entry + i] + scaled * other);
            }
          }
          cost = select(needed, cost + both * log_ratio<(FEATURES > 0 ? FEATURES : 0)>(reciprocal, trace), cost);
        }
      }
      for (ptrdiff_t lane = 0; lane < WIDTH && j + lane < end; ++lane) cost_[j + lane] = cost[lane];
    }
  }

  static bool any(Integers mask) {
    int64_t any = 0;
    for (int lane = 0; lane < WIDTH; ++lane) any |= mask[lane];
    return any != 0;
  }

  const MergeCriterion criterion_;
  const ptrdiff_t n_, D_, stride_, entries_;
  ptrdiff_t slots_;          // those in use come before this one
  double* mean_;             // (D, slots)
  double* scatter_;          // (D (D + 1) / 2, slots)
  double *weight_, *trace_;  // (slots)
  double* term_;             // of the criterion
  double* rank_;             // of the scatter, at most
  const double* distances_;  // means in the metric in which EII and EEE measure
  double* cost_;             // (slots)
  double work_ = 0.0;

 private:
  void load_group(const GroupsToMerge& groups, ptrdiff_t i) {
    const bool real = i < n_;
    weight_[i] = real ? groups.weight[i] : 1.0;
    trace_[i] = rank_[i] = term_[i] = 0.0;
    for (ptrdiff_t d = 0; d < D_; ++d) mean_[d * stride_ + i] = real ? groups.means[i * D_ + d] : INFINITE;
    for (ptrdiff_t e = 0; e < entries_; ++e) scatter_[e * stride_ + i] = 0.0;
    if (real && groups.scatter) {
      const double* scatter = groups.scatter + i * D_ * D_;
      for (ptrdiff_t d = 0; d < D_; ++d) {
        trace_[i] += scatter[d * D_ + d];
        for (ptrdiff_t e = 0; e <= d && entries_; ++e) scatter_[packed(d, e) * stride_ + i] = scatter[d * D_ + e];
      }
      if (trace_[i] > 0.0) rank_[i] = double(D_);
    }
    if (real && !goes_by_squares()) term_[i] = term_of(i);
  }

 protected:
  double* matrix_;  // packed matrices of WIDTH pairs, or a vector (D)

 private:
  double log_of_mean_pivot_;  // log(b D): less this, log(b (tr(W) + a) / n) bounds the logarithm of the mean pivot
};

}  // namespace
}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
