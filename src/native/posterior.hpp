// From log-joint densities to log-densities and responsibilities of a block of rows.
#pragma once

#include "layout.hpp"
#include "vector_math.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// What `posterior` does, for one component: it is responsible for every row.
template <bool EACH>
inline double posterior_of_one(const Layout& l, ptrdiff_t tiles, double* scratch) {
  const Vector zero = {}, one = broadcast(1.0);
  Vector likelihood[2] = {};
  for (ptrdiff_t b = 0; b < tiles * TILE; b += WIDTH) {
    double* joint = scratch + l.joint + b;
    const Vector log_density = load(joint), weight = load(scratch + l.weight + b);
    store(joint, one);
    store(scratch + l.reciprocal + b, weight);
    if (EACH)
      store(scratch + l.log_density + b, log_density);
    else
      likelihood[b / WIDTH % 2] += select(weight > zero, log_density, zero);
  }
  return EACH ? 0.0 : sum_of_lanes(likelihood[0] + likelihood[1]);
}

// Replaces each log-joint by exp(log-joint - its row's greatest) and finds what to multiply that by to get
// responsibilities times weight (`reciprocal`), so that whoever reads them next does so. Where no component has any
// density all are equally responsible.
//
// EACH: fills the log-density of each row. Otherwise returns their sum over rows of weight 1 (the others have weight 0),
// for which sums over components are multiplied and one logarithm is taken of many.
// LOWEST: fills each component's least log-joint in the block, lane by lane.
template <bool EACH, bool LOWEST>
inline double posterior(const Layout& l, ptrdiff_t tiles, double* scratch) {
  if (l.components == 1) return posterior_of_one<EACH>(l, tiles, scratch);
  constexpr int STEP = 2;
  const ptrdiff_t K = l.components;
  const Vector nothing = broadcast(-INFINITE), zero = {}, one = broadcast(1.0);
  double* lowest = scratch + l.lowest;
  if (LOWEST)
    for (ptrdiff_t k = 0; k < K; ++k) store(lowest + k * WIDTH, broadcast(INFINITE));
  Vector likelihood = {}, product = one;
  // A sum over components is at most K: the product of this many is below 2**1000.
  int bits = 1;
  while (bits < 63 && K >> bits) ++bits;
  const int factors = 1000 / bits - STEP;
  int factors_left = factors;
  for (ptrdiff_t t = 0; t < tiles; ++t) {
    for (int v = 0; v < VECTORS; v += STEP) {
      double* joint = scratch + l.joint + t * K * TILE + v * WIDTH;
      const ptrdiff_t row = t * TILE + v * WIDTH;
      Vector highest[STEP], total[STEP] = {};
      GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) highest[p] = nothing;
      for (ptrdiff_t k = 0; k < K; ++k) {
        Vector x[STEP];
        GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
          x[p] = load(joint + k * TILE + p * WIDTH);
          highest[p] = maximum(x[p], highest[p]);
        }
        if (LOWEST) {
          Vector least = load(lowest + k * WIDTH);
          GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) least = minimum(x[p], least);
          store(lowest + k * WIDTH, least);
        }
      }
      Integers nowhere[STEP];
      Vector base[STEP];
      bool any_nowhere = false;
      GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
        nowhere[p] = highest[p] == nothing;
        base[p] = select(nowhere[p], zero, highest[p]);
        any_nowhere |= any_greater(broadcast(-1.7976931348623157e308), highest[p]);
      }
      for (ptrdiff_t k = 0; k < K; ++k) {
        GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
          const Vector e = exp_below_overflow(load(joint + k * TILE + p * WIDTH) - base[p]);
          total[p] += e;
          store(joint + k * TILE + p * WIDTH, e);
        }
      }
      if (__builtin_expect(any_nowhere, 0)) {
        for (int p = 0; p < STEP; ++p) {
          for (ptrdiff_t k = 0; k < K; ++k) {
            double* e = joint + k * TILE + p * WIDTH;
            store(e, select(nowhere[p], one, load(e)));
          }
          total[p] = select(nowhere[p], broadcast(double(K)), total[p]);
        }
      }
      GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
        const Vector weight = load(scratch + l.weight + row + p * WIDTH);
        store(scratch + l.reciprocal + row + p * WIDTH, weight / total[p]);
        if (EACH) {
          store(scratch + l.log_density + row + p * WIDTH,
                select(nowhere[p], nothing, highest[p] + log(total[p])));
        } else {
          likelihood += select(weight > zero, highest[p], zero);
          product *= select(weight > zero, total[p], one);
        }
      }
      if (!EACH && (factors_left -= STEP) <= 0) {
        likelihood += log(product);
        product = one;
        factors_left = factors;
      }
    }
  }
  return EACH ? 0.0 : sum_of_lanes(likelihood + log(product));
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
