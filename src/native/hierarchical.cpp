// The merge sequence of one instruction set; compiled once for each.
//
// Every group in a slot i knows its nearest group among the slots after it, what merging with that would cost, and a
// lower bound of what all other merges with later slots would cost. A merge frees one slot and changes another. A slot
// whose nearest group was one of the two keeps the changed one if that costs less than the bound; else the bound is
// all that it knows, and it is searched again only when its bound is the least of all (after the generic algorithm of
// Muellner 2011, arXiv:1109.2378). This is exact for any costs; they need not be monotone.
#include "hierarchical.hpp"

#include "hierarchical_costs.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {
namespace {

// Costs that differ by less, relative to themselves (sums of squares) or to the total weight (logarithms), are the
// same, and the pair in the first slots is merged: rounding must not decide.
constexpr double SAME_SQUARES = 1e-12;
constexpr double SAME_LOGARITHMS = 1e-13;
constexpr double OPERATIONS_BETWEEN_POLLS = 2e7;

MergeMemory memory(const GroupsToMerge& groups, MergeModel model) {
  const ptrdiff_t D = groups.n_features, slots = padded_slots(groups), entries = scatter_entries(groups, model);
  const ptrdiff_t white = model == MergeModel::EEE ? D * (slots + 3 * D) : 0;
  return {(D + entries + 7) * slots + (entries + D) * WIDTH + white, 3 * slots};
}

class Merger : private GroupsInSlots {
 public:
  Merger(const GroupsToMerge& groups, const MergeCriterion& criterion, const Interruption& interruption,
         const Merges& merges, double* numbers, int64_t* integers)
      : GroupsInSlots(groups, criterion, numbers), interruption_(interruption), merges_(merges) {
    const bool determinant = criterion.model == MergeModel::EEE;
    key_ = take(stride_, numbers);
    second_ = take(stride_, numbers);
    white_ = take(determinant ? D_ * stride_ : 0, numbers);
    pooled_ = take(determinant ? D_ * D_ : 0, numbers);
    factor_ = take(determinant ? D_ * D_ : 0, numbers);
    growth_ = take(determinant ? D_ * D_ : 0, numbers);
    node_ = integers;
    nearest_ = integers + stride_;
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n_; ++i) total += weight_[i];
    relative_ = goes_by_squares() ? 1.0 - SAME_SQUARES : 1.0;
    absolute_ = goes_by_squares() ? 0.0 : SAME_LOGARITHMS * total;
    for (ptrdiff_t i = 0; i < stride_; ++i) {
      key_[i] = second_[i] = INFINITE;
      nearest_[i] = -1;
      node_[i] = i;
    }
    if (determinant) start_with_determinant(groups);
  }

  bool run() {
    if (!search_all()) return false;
    for (merge_ = 0; merge_ + 1 < n_; ++merge_) {
      if (criterion_.model == MergeModel::EEE && !singular_) {
        if (!merge_by_determinant()) return false;
      } else {
        const ptrdiff_t first = cheapest();
        merge(first, ptrdiff_t(nearest_[first]), singular_ ? 0.0 : key_[first]);
        // From the merge on that makes it regular, the determinant counts instead of the trace.
        if (singular_ && ++pooled_rank_ >= D_ && factorise()) {
          singular_ = false;
          if (!whiten()) return false;
        }
      }
      if (work_ > OPERATIONS_BETWEEN_POLLS && interrupted()) return false;
      if (4 * (n_ - 1 - merge_) < 3 * slots_) close_gaps();
    }
    return true;
  }

 private:
  bool interrupted() {
    work_ = 0.0;
    return interruption_.requested(interruption_.context);
  }

  // Whether a cost is less than another, and not by rounding.
  bool is_less(double cost, double other) const { return cost < other * relative_ - absolute_; }

  // ---- the nearest groups

  ptrdiff_t next_in_use(ptrdiff_t i) const {
    while (i < slots_ && is_free(i)) ++i;
    return i;
  }

  // The slot with the cheapest merge.
  ptrdiff_t cheapest() {
    for (;;) {
      ptrdiff_t first = next_in_use(0);
      for (ptrdiff_t i = first + 1; i < slots_; ++i)
        if (is_less(key_[i], key_[first])) first = i;
      if (nearest_[first] >= 0) return first;
      search(first);
    }
  }

  // Finds the nearest of the slots after i: the next one, should all costs leave the range of doubles.
  void search(ptrdiff_t i) {
    constexpr ptrdiff_t BLOCK = 64;
    key_[i] = second_[i] = INFINITE;
    nearest_[i] = next_in_use(i + 1) < slots_ ? next_in_use(i + 1) : -1;
    for (ptrdiff_t begin = i + 1; begin < slots_; begin += BLOCK) {
      const ptrdiff_t end = begin + BLOCK < slots_ ? begin + BLOCK : slots_;
      costs(i, begin, end, second_[i], nullptr);
      for (ptrdiff_t j = begin; j < end; ++j)
        if (is_less(cost_[j], key_[i])) {
          second_[i] = key_[i];
          key_[i] = cost_[j];
          nearest_[i] = j;
        } else if (cost_[j] < second_[i]) {
          second_[i] = cost_[j];
        }
    }
  }

  bool search_all() {
    for (ptrdiff_t i = 0; i < slots_; ++i) {
      if (is_free(i)) continue;
      search(i);
      if (work_ > OPERATIONS_BETWEEN_POLLS && interrupted()) return false;
    }
    return true;
  }

  // Merges slot i into slot j, which comes later: slots look forward, so the merged group is searched for less.
  void merge(ptrdiff_t i, ptrdiff_t j, double cost) {
    const int64_t low = node_[i] < node_[j] ? node_[i] : node_[j], high = node_[i] < node_[j] ? node_[j] : node_[i];
    merges_.nodes[2 * merge_] = low;
    merges_.nodes[2 * merge_ + 1] = high;
    merges_.cost[merge_] = cost;
    const double both = weight_[i] + weight_[j], joint = weight_[i] * weight_[j] / both, share = weight_[i] / both;
    const bool determinant = criterion_.model == MergeModel::EEE;
    if (determinant && !singular_) {
      for (ptrdiff_t d = 0; d < D_; ++d)
        matrix_[d] = __builtin_sqrt(joint) * (mean_[d * stride_ + i] - mean_[d * stride_ + j]);
      add_to_factor(matrix_);
    }
    trace_[j] += trace_[i];
    for (ptrdiff_t d = 0; d < D_; ++d) {
      const double difference = mean_[d * stride_ + i] - mean_[d * stride_ + j];
      trace_[j] += joint * difference * difference;
      for (ptrdiff_t e = 0; e <= d && entries_; ++e) {
        double* entry = scatter_ + packed(d, e) * stride_;
        const double other = mean_[e * stride_ + i] - mean_[e * stride_ + j];
        entry[j] += entry[i] + joint * difference * other;
      }
      for (ptrdiff_t e = 0; e < D_ && determinant; ++e) {
        if (singular_) {
          pooled_[d * D_ + e] += joint * difference * (mean_[e * stride_ + i] - mean_[e * stride_ + j]);
        } else {
          growth_[d * D_ + e] += joint * (white_[d * stride_ + i] - white_[d * stride_ + j]) *
                                 (white_[e * stride_ + i] - white_[e * stride_ + j]);
        }
      }
    }
    for (ptrdiff_t d = 0; d < D_; ++d) {
      mean_[d * stride_ + j] += share * (mean_[d * stride_ + i] - mean_[d * stride_ + j]);
      if (determinant && !singular_)
        white_[d * stride_ + j] += share * (white_[d * stride_ + i] - white_[d * stride_ + j]);
    }
    weight_[j] = both;
    rank_[j] = rank_[i] + rank_[j] + 1.0 < double(D_) ? rank_[i] + rank_[j] + 1.0 : double(D_);
    if (criterion_.model == MergeModel::VII || criterion_.model == MergeModel::VVV) term_[j] = term_of(j);
    node_[j] = int64_t(n_ + merge_);
    mean_[i] = INFINITE;
    if (determinant && !singular_) white_[i] = INFINITE;
    key_[i] = INFINITE;
    update(i, j);
  }

  // Brings what slots know up to date after slot i was merged into slot j.
  void update(ptrdiff_t i, ptrdiff_t j) {
    costs(j, 0, j, INFINITE, second_);
    for (ptrdiff_t x = 0; x < j; ++x) {
      if (is_free(x)) continue;
      const double cost = cost_[x];
      if (nearest_[x] == i || nearest_[x] == j) {
        const bool stays = is_less(cost, second_[x]);
        key_[x] = stays ? cost : second_[x];
        nearest_[x] = stays ? j : -1;
      } else if (is_less(cost, key_[x])) {
        second_[x] = key_[x];
        key_[x] = cost;
        nearest_[x] = j;
      } else if (cost < second_[x]) {
        second_[x] = cost;
      }
    }
    search(j);
  }

  void close_gaps() {
    ptrdiff_t to = 0;
    int64_t* moved = node_ + 2 * stride_;
    for (ptrdiff_t i = 0; i < slots_; ++i) {
      if (is_free(i)) continue;
      moved[i] = to;
      if (to != i) {
        for (ptrdiff_t d = 0; d < D_; ++d) {
          mean_[d * stride_ + to] = mean_[d * stride_ + i];
          if (distances_ == white_) white_[d * stride_ + to] = white_[d * stride_ + i];
        }
        for (ptrdiff_t e = 0; e < entries_; ++e) scatter_[e * stride_ + to] = scatter_[e * stride_ + i];
        weight_[to] = weight_[i];
        trace_[to] = trace_[i];
        term_[to] = term_[i];
        rank_[to] = rank_[i];
        key_[to] = key_[i];
        second_[to] = second_[i];
        node_[to] = node_[i];
        nearest_[to] = nearest_[i];
      }
      ++to;
    }
    for (ptrdiff_t i = to; i < slots_; ++i) {
      mean_[i] = key_[i] = second_[i] = INFINITE;
      if (distances_ == white_) white_[i] = INFINITE;
    }
    slots_ = to;
    for (ptrdiff_t i = 0; i < slots_; ++i)
      if (nearest_[i] >= 0) nearest_[i] = moved[nearest_[i]];
  }

  // ---- the determinant of the pooled scatter
  //
  // A merge multiplies det(W) by 1 + q, with q the squared distance of the means in the metric of W times the joint
  // weight. The metric changes with every merge, but only one way: W grows, so no q does. Slots know their nearest in
  // a metric of some merges ago, in which means were made white; those q are upper bounds, and divided by the largest
  // eigenvalue of the growth since then, lower bounds. Slots whose lower bound is not above the cheapest merge found
  // are searched in the metric of now. When that has cost as much as searching all, means are made white anew.

  void start_with_determinant(const GroupsToMerge& groups) {
    for (ptrdiff_t e = 0; e < D_ * D_; ++e) {
      pooled_[e] = growth_[e] = 0.0;
      for (ptrdiff_t i = 0; i < n_ && groups.scatter; ++i) pooled_[e] += groups.scatter[i * D_ * D_ + e];
    }
    for (ptrdiff_t i = 0; i < n_; ++i)
      if (rank_[i] >= double(D_)) pooled_rank_ = D_;
    singular_ = !(pooled_rank_ >= D_ && factorise());
    if (singular_) return;
    distances_ = white_;
    for (ptrdiff_t e = 0; e < D_ * stride_; ++e) white_[e] = INFINITE;
    for (ptrdiff_t i = 0; i < n_; ++i) whiten_slot(i);
  }

  // Finds the Cholesky factor of the pooled scatter; returns whether that is regular. If not, there is none.
  bool factorise() {
    for (ptrdiff_t i = 0; i < D_; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) {
        double sum = pooled_[i * D_ + j];
        for (ptrdiff_t k = 0; k < j; ++k) sum -= factor_[i * D_ + k] * factor_[j * D_ + k];
        if (i == j && !(sum > SINGULAR * pooled_[i * D_ + i])) return false;
        factor_[i * D_ + j] = i == j ? __builtin_sqrt(sum) : sum / factor_[j * D_ + j];
      }
    return true;
  }

  // Makes the factor that of the pooled scatter plus vector times its transpose; overwrites the vector.
  void add_to_factor(double* vector) {
    for (ptrdiff_t k = 0; k < D_; ++k) {
      const double before = factor_[k * D_ + k];
      const double after = __builtin_sqrt(before * before + vector[k] * vector[k]);
      const double cosine = before / after, sine = vector[k] / after;
      factor_[k * D_ + k] = after;
      for (ptrdiff_t i = k + 1; i < D_; ++i) {
        const double entry = factor_[i * D_ + k];
        factor_[i * D_ + k] = cosine * entry + sine * vector[i];
        vector[i] = cosine * vector[i] - sine * entry;
      }
    }
  }

  void whiten_slot(ptrdiff_t i) {
    for (ptrdiff_t d = 0; d < D_; ++d) {
      double sum = mean_[d * stride_ + i];
      for (ptrdiff_t e = 0; e < d; ++e) sum -= factor_[d * D_ + e] * white_[e * stride_ + i];
      white_[d * stride_ + i] = sum / factor_[d * D_ + d];
    }
  }

  bool whiten() {
    distances_ = white_;
    for (ptrdiff_t i = 0; i < stride_; ++i) {
      if (i < slots_ && !is_free(i)) {
        whiten_slot(i);
      } else {
        for (ptrdiff_t d = 0; d < D_; ++d) white_[d * stride_ + i] = INFINITE;
      }
    }
    for (ptrdiff_t e = 0; e < D_ * D_; ++e) growth_[e] = 0.0;
    searched_ = 0;
    return search_all();
  }

  // Relative growth of the determinant by merging two slots, in the metric of factor_.
  double growth_of_determinant(ptrdiff_t i, ptrdiff_t j) {
    double sum = 0.0;
    for (ptrdiff_t d = 0; d < D_; ++d) {
      double white = mean_[d * stride_ + i] - mean_[d * stride_ + j];
      for (ptrdiff_t e = 0; e < d; ++e) white -= factor_[d * D_ + e] * matrix_[e];
      matrix_[d] = white / factor_[d * D_ + d];
      sum += matrix_[d] * matrix_[d];
    }
    return sum * weight_[i] * weight_[j] / (weight_[i] + weight_[j]);
  }

  bool merge_by_determinant() {
    const ptrdiff_t left = n_ - merge_;
    if (searched_ > left && !whiten()) return false;
    double squares_of_growth = 0.0;
    for (ptrdiff_t e = 0; e < D_ * D_; ++e) squares_of_growth += growth_[e] * growth_[e];
    const double largest = (1.0 + __builtin_sqrt(squares_of_growth)) * (1.0 + 1e-6);  // eigenvalue, at most
    ptrdiff_t first = cheapest();
    ptrdiff_t second = ptrdiff_t(nearest_[first]);
    double best = growth_of_determinant(first, second);
    for (ptrdiff_t i = 0; i < slots_; ++i) {
      if (key_[i] == INFINITE || key_[i] > largest * best) continue;
      ++searched_;
      if (nearest_[i] < 0) search(i);
      if (key_[i] > largest * best) continue;
      costs(i, i + 1, slots_, INFINITE, nullptr);
      for (ptrdiff_t j = i + 1; j < slots_; ++j) {
        if (!(cost_[j] <= largest * best)) continue;
        work_ += double(D_ * D_);
        const double cost = growth_of_determinant(i, j);
        const bool earlier = i < first || (i == first && j < second);
        if (is_less(cost, best) || (earlier && !is_less(best, cost))) {
          best = cost;
          first = i;
          second = j;
        }
      }
    }
    merge(first, second, best);
    return true;
  }

  const Interruption interruption_;
  const Merges merges_;
  ptrdiff_t merge_ = 0;         // number of the merge
  double* key_;                 // lower bound of the cheapest merge with a later slot; exact if nearest_ is known
  double* second_;              // lower bound of the other merges with later slots, if nearest_ is known
  int64_t* nearest_;            // that slot, or -1
  int64_t* node_;
  double relative_, absolute_;  // see is_less
  double* white_;               // (D, slots): means in the metric of some merges ago
  double *pooled_, *factor_;    // (D, D): scatter while it is singular, then its Cholesky factor
  double* growth_;              // (D, D): of the scatter since then, in that metric
  bool singular_ = false;
  ptrdiff_t pooled_rank_ = 0;   // of the pooled scatter, at most
  ptrdiff_t searched_ = 0;      // slots searched since means were made white
};

bool merge(const GroupsToMerge& groups, const MergeCriterion& criterion, const Interruption& interruption,
           const Merges& merges, double* numbers, int64_t* integers) {
  return Merger(groups, criterion, interruption, merges, numbers, integers).run();
}

}  // namespace

extern const MergeKernels merge_kernels;
const MergeKernels merge_kernels = {memory, merge};

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
