// Which rows of a block matter to a component.
#pragma once

#include "layout.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// Turns numerators into responsibilities times weight and returns their sum.
inline double weigh(ptrdiff_t tiles, ptrdiff_t stride, double* joint, const double* reciprocal) {
  Vector count[2] = {};
  for (ptrdiff_t t = 0; t < tiles; ++t)
    GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v) {
      double* e = joint + t * stride + v * WIDTH;
      const Vector r = load(e) * load(reciprocal + t * TILE + v * WIDTH);
      count[v % 2] += r;
      store(e, r);
    }
  return sum_of_lanes(count[0] + count[1]);
}

// A row matters to a component if it could change the component's moments in double precision. With the squared
// Mahalanobis distance at most m2, its share r d_i d_j is at most r m2 s_i s_j, s being the component's standard
// deviations, while the sums are about count s_i s_j. The threshold is so low that all rows of a chunk together stay
// below half a unit in the last place of that. (The count itself is summed over all rows.)
inline double negligible(double count, double log_constant, double lowest, int64_t chunk_rows) {
  const double m2 = 2.0 * (log_constant - lowest);
  if (!(m2 < INFINITE)) return 0.0;
  return 5.551115123125783e-17 * count / (double(chunk_rows) * (m2 > 1.0 ? m2 : 1.0));
}

// Lists the rows whose weight is above the threshold.
inline ptrdiff_t choose(ptrdiff_t tiles, ptrdiff_t stride, const double* joint, double threshold, int64_t* chosen,
                        double* weight) {
  ptrdiff_t n = 0;
  for (ptrdiff_t t = 0; t < tiles; ++t)
    GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v) {
      const Vector r = load(joint + t * stride + v * WIDTH);
      const int64_t row = t * TILE + v * WIDTH;
#if defined(__AVX512F__)
      const __mmask8 matters = _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(r), _mm512_set1_pd(threshold),
                                                  _CMP_GT_OQ);
      const __m512i rows = _mm512_add_epi64(_mm512_set1_epi64(row), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
      // Whole vectors are stored, the surplus is overwritten by the next: compressing straight to memory is slow.
      _mm512_storeu_si512(chosen + n, _mm512_maskz_compress_epi64(matters, rows));
      _mm512_storeu_pd(weight + n, _mm512_maskz_compress_pd(matters, reinterpret_cast<__m512d>(r)));
      n += __builtin_popcount(matters);
#else
      if (!any_greater(r, broadcast(threshold))) continue;
      GAUSSMIX_UNROLL for (int lane = 0; lane < WIDTH; ++lane) {
        chosen[n] = row + lane;
        weight[n] = r[lane];
        n += r[lane] > threshold;
      }
#endif
    }
  return n;
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
